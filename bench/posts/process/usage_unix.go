//go:build unix

package process

import (
	"runtime"
	"syscall"
)

// fromSystem gives the CPU time in microseconds and the peak of memory in bytes.
func fromSystem() (cpuMicros, peakRSS int64) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0, 0
	}
	peakRSS = int64(r.Maxrss) //nolint:unconvert // where it is not as wide
	if runtime.GOOS != "darwin" && runtime.GOOS != "ios" {
		peakRSS *= 1024 // elsewhere it is in KiB
	}
	return (r.Utime.Nano() + r.Stime.Nano()) / 1000, peakRSS
}
