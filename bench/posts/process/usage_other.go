//go:build !unix

package process

// fromSystem gives zeros: there is no getrusage here.
func fromSystem() (cpuMicros, peakRSS int64) { return 0, 0 }
