package admin

import (
	"net/http"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/mainstem/mainstem/platform/telemetry/live"
)

const (
	shownRequests = 200
	mostRequests  = 5000
)

// showRequests shows what is under way: as a table, or as JSON to those who accept it. ?n= says how much at most.
func showRequests(l *live.Registry) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		most := shownRequests
		if asked := r.URL.Query().Get("n"); asked != "" {
			n, err := strconv.Atoi(asked)
			if err != nil || n < 1 || n > mostRequests {
				text(w, http.StatusBadRequest, "n is a number from 1 to "+strconv.Itoa(mostRequests)+".")
				return
			}
			most = n
		}
		view := l.View(most)
		w.Header().Set("Vary", "Accept")
		if strings.Contains(r.Header.Get("Accept"), "json") || r.URL.Query().Get("format") == "json" {
			answer(w, view)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_ = view.Write(w) // who asks may have gone
	}
}

// began is when the process has, or nearly so.
var began = time.Now()

// runtimeState is what /debug/runtime answers. Sizes are bytes.
type runtimeState struct {
	Go         string  `json:"go"`
	Version    string  `json:"version,omitzero"`
	Revision   string  `json:"revision,omitzero"`
	Uptime     string  `json:"uptime"`
	CPUs       int     `json:"cpus"`
	MaxProcs   int     `json:"maxProcs"`
	Goroutines int     `json:"goroutines"`
	CgoCalls   int64   `json:"cgoCalls"`
	Heap       heap    `json:"heap"`
	GC         garbage `json:"gc"`
	Limit      int64   `json:"memoryLimit"`
}

type heap struct {
	InUse   uint64 `json:"inUse"`
	Idle    uint64 `json:"idle"`
	Objects uint64 `json:"objects"`
	System  uint64 `json:"system"` // of all memory that was asked for
	Stacks  uint64 `json:"stacks"`
}

type garbage struct {
	Cycles   uint32     `json:"cycles"`
	Next     uint64     `json:"next"` // the heap at which the next begins
	Last     *time.Time `json:"last,omitempty"`
	Paused   string     `json:"paused"` // in all
	CPUShare float64    `json:"cpuShare"`
}

func showRuntime(w http.ResponseWriter, _ *http.Request) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s := runtimeState{
		Go: runtime.Version(), Uptime: time.Since(began).Round(time.Second).String(), CPUs: runtime.NumCPU(), MaxProcs: runtime.GOMAXPROCS(0),
		Goroutines: runtime.NumGoroutine(), CgoCalls: runtime.NumCgoCall(), Limit: debug.SetMemoryLimit(-1),
		Heap: heap{InUse: m.HeapInuse, Idle: m.HeapIdle, Objects: m.HeapObjects, System: m.Sys, Stacks: m.StackInuse},
		GC:   garbage{Cycles: m.NumGC, Next: m.NextGC, Paused: time.Duration(m.PauseTotalNs).String(), CPUShare: m.GCCPUFraction}, //nolint:gosec // it is a sum of pauses
	}
	if m.NumGC > 0 {
		last := time.Unix(0, int64(m.LastGC)) //nolint:gosec // it is a time
		s.GC.Last = &last
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		s.Version = info.Main.Version
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				s.Revision = setting.Value
			}
		}
	}
	answer(w, s)
}
