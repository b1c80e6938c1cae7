package telemetry

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"time"
)

// processorTime gives how long processors have worked for the process, and for the system on its behalf.
func processorTime() (user, system time.Duration, ok bool) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, 0, false
	}
	return time.Duration(usage.Utime.Nano()), time.Duration(usage.Stime.Nano()), true
}

// residentMemory gives how many bytes of memory the process has.
func residentMemory() (int64, bool) {
	text, err := os.ReadFile("/proc/self/statm") // in pages: size, resident, …
	fields := bytes.Fields(text)
	if err != nil || len(fields) < 2 {
		return 0, false
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * int64(os.Getpagesize()), err == nil
}

// openFiles gives how many files and connections are open.
func openFiles() (int, bool) {
	open, err := os.ReadDir("/proc/self/fd")
	return len(open), err == nil
}
