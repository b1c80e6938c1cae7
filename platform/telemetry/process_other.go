//go:build !linux

package telemetry

import "time"

// What is known of the process on Linux alone.
func processorTime() (user, system time.Duration, ok bool) { return 0, 0, false }
func residentMemory() (int64, bool)                        { return 0, false }
func openFiles() (int, bool)                               { return 0, false }
