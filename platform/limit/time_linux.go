package limit

import (
	"syscall"
	"time"
)

// ofThread asks getrusage(2) for what the calling thread has used: RUSAGE_THREAD, which package syscall has no name for.
const ofThread = 1

// threadTime gives how long the calling thread has been running. Unlike the time of day, it stands still while others run: how busy a machine
// is does not decide what is too much work.
func threadTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(ofThread, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
