package process

import (
	"bytes"
	"os"
	"runtime/metrics"
	"strconv"
)

// Usage is what a process has used since it began.
type Usage struct {
	CPUMicros  int64 `json:"cpuMicros"`  // of all its threads, in the kernel too
	Allocs     int64 `json:"allocs"`     // of memory from the heap
	AllocBytes int64 `json:"allocBytes"` // of memory from the heap, in bytes
	RSS        int64 `json:"rss"`        // the memory that it has now, in bytes
	PeakRSS    int64 `json:"peakRss"`    // the most that it had, in bytes
	Calls      int64 `json:"calls"`      // that it has answered, if it counts them
}

// Read gives what this process has used, but for Calls. Where the system does not tell CPU time and peak, they are zero.
func Read() Usage {
	samples := []metrics.Sample{
		{Name: "/gc/heap/allocs:objects"},
		{Name: "/gc/heap/tiny/allocs:objects"}, // those that share a block, which the first does not count
		{Name: "/gc/heap/allocs:bytes"},
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(samples)
	value := func(i int) int64 { return int64(samples[i].Value.Uint64()) } //nolint:gosec // no process has used so much
	u := Usage{Allocs: value(0) + value(1), AllocBytes: value(2), RSS: residentNow()}
	u.CPUMicros, u.PeakRSS = fromSystem()
	if u.RSS == 0 {
		u.RSS = value(3) - value(4)
	}
	return u
}

// residentNow gives what Linux says, or zero.
func residentNow() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
