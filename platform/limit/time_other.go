//go:build !linux

package limit

import "time"

var began = time.Now()

// threadTime gives the time that passes, where there is no simple way to ask for that of a thread.
func threadTime() time.Duration { return time.Since(began) }
