package server

import (
	"os"
	"runtime/debug"
)

// growth is how much the heap may grow before it is collected, in percent of what lives on it. A gateway has a lot of garbage and little that lives, so that
// with Go's 100 the collector runs all the time: docs/performance.md has what it costs.
const growth = 400

// CollectLess has the process collect its garbage less often than Go would, unless GOGC says how often. GOMEMLIMIT holds as ever: near it, it is collected as often
// as need be.
func CollectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(growth)
	}
}
