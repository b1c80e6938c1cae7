package telemetry_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"testing"

	"github.com/mainstem/mainstem/platform/telemetry"
)

// TestFullQueue: a collector that hangs keeps nobody waiting, and what is dropped for it is counted in the log.
func TestFullQueue(t *testing.T) { // not in parallel: it sets variables
	asked, answer := make(chan struct{}, 10), make(chan struct{})
	collector := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-answer
	}))
	defer collector.Close()
	for name, value := range map[string]string{"OTEL_BSP_MAX_QUEUE_SIZE": "4", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "2", "OTEL_BSP_SCHEDULE_DELAY": "1"} {
		t.Setenv(name, value)
	}
	var log bytes.Buffer
	c := telemetry.Defaults()
	c.Exporter, c.Endpoint, c.Log = "otlp-http", collector.URL, slog.New(slog.NewTextHandler(&log, nil))
	tel, err := telemetry.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	end := func() {
		_, span := tel.Tracer("test").Start(t.Context(), "x")
		span.End()
	}
	end()
	<-asked // it hangs from here on
	for range 20 {
		end()
	}
	close(answer)
	if err := tel.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	dropped := 0
	for _, line := range regexp.MustCompile(`spans were dropped.* spans=(\d+)`).FindAllStringSubmatch(log.String(), -1) {
		n, _ := strconv.Atoi(line[1]) // they are digits
		dropped += n
	}
	if dropped < 14 || dropped > 16 { // four wait, and up to two more beside the batch that hangs
		t.Errorf("%d were dropped, says the log: %s", dropped, log.String())
	}
}
