package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// observeProcess measures the process: what the system knows of it.
func observeProcess(meter metric.Meter) {
	begun := time.Now()
	names.ProcessUptime.Observe(meter, func(_ context.Context, tell names.Tell) { tell(time.Since(begun).Seconds()) })
	names.ProcessCPU.Observe(meter, func(_ context.Context, tell names.Tell) {
		if user, system, ok := processorTime(); ok {
			tell(user.Seconds(), names.CPUMode.String("user"))
			tell(system.Seconds(), names.CPUMode.String("system"))
		}
	})
	names.ProcessMemory.Observe(meter, func(_ context.Context, tell names.Tell) {
		if bytes, ok := residentMemory(); ok {
			tell(float64(bytes))
		}
	})
	names.ProcessFiles.Observe(meter, func(_ context.Context, tell names.Tell) {
		if n, ok := openFiles(); ok {
			tell(float64(n))
		}
	})
}
