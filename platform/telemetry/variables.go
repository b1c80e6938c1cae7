package telemetry

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// The SDK's exporters and batches read variables by themselves. What they cannot follow they leave out, and say so beside the log, with the value. So all of it is
// looked at before they are made.

const otlpPrefix = "OTEL_EXPORTER_OTLP_"

// checkVariables fails for a variable that whoever sends spans and metrics cannot follow. What it says has no values of headers, which are secrets.
func (c Config) checkVariables(getenv func(string) string) error {
	type signal struct{ part, exporter, endpoint string }
	var signals []signal
	if strings.HasPrefix(c.Exporter, "otlp-") {
		signals = append(signals, signal{"TRACES_", c.Exporter, c.Endpoint})
		for name, check := range batching {
			if err := checkVariable(getenv, name, check); err != nil {
				return err
			}
		}
	}
	if c.Metrics.Exporter != "" {
		signals = append(signals, signal{"METRICS_", c.Metrics.Exporter, c.collector().Endpoint})
		for name, check := range measuring {
			if err := checkVariable(getenv, name, check); err != nil {
				return err
			}
		}
	}
	for _, s := range signals {
		for _, part := range []string{"", s.part} {
			for name, check := range sending {
				if err := checkVariable(getenv, otlpPrefix+part+name, check); err != nil {
					return err
				}
			}
			if err := checkPair(getenv(otlpPrefix+part+"CLIENT_CERTIFICATE"), getenv(otlpPrefix+part+"CLIENT_KEY")); err != nil {
				return fmt.Errorf("telemetry: %sCLIENT_CERTIFICATE: %w", otlpPrefix+part, err)
			}
			if s.endpoint != "" {
				continue // a setting, which goes before it
			}
			if err := checkVariable(getenv, otlpPrefix+part+"ENDPOINT", endpointOf(s.exporter)); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkVariable(getenv func(string) string, name string, check func(string) error) error {
	value := strings.TrimSpace(getenv(name))
	if value == "" {
		return nil
	}
	if err := check(value); err != nil {
		return fmt.Errorf("telemetry: %s: %w", name, err)
	}
	return nil
}

// batching are the variables of what sends spans in batches, measuring those of what sends metrics, and sending those of each exporter behind its prefix.
var (
	batching = map[string]func(string) error{
		"OTEL_BSP_SCHEDULE_DELAY": number(1), "OTEL_BSP_EXPORT_TIMEOUT": number(1),
		"OTEL_BSP_MAX_QUEUE_SIZE": number(1), "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": number(1),
	}
	measuring = map[string]func(string) error{
		"OTEL_METRIC_EXPORT_INTERVAL": number(1), "OTEL_METRIC_EXPORT_TIMEOUT": number(1),
		otlpPrefix + "METRICS_TEMPORALITY_PREFERENCE":        oneOf("cumulative", "delta", "lowmemory"),
		otlpPrefix + "METRICS_DEFAULT_HISTOGRAM_AGGREGATION": oneOf("explicit_bucket_histogram", "base2_exponential_bucket_histogram"),
	}
	sending = map[string]func(string) error{
		"HEADERS": checkHeaders, "CERTIFICATE": checkCertificate, "COMPRESSION": oneOf("gzip", "none"), "TIMEOUT": number(0), "INSECURE": oneOf("true", "false"),
	}
)

// number wants a whole number that is not too small: of milliseconds, or of spans.
func number(least int) func(string) error {
	const most = 1<<31 - 1
	return func(value string) error {
		if n, err := strconv.Atoi(value); err != nil || n < least || n > most {
			return fmt.Errorf("a whole number of %d or more is wanted, not %q", least, value)
		}
		return nil
	}
}

func oneOf(words ...string) func(string) error {
	return func(value string) error {
		if !slices.Contains(words, strings.ToLower(value)) {
			return fmt.Errorf("%q is none of %s", value, strings.Join(words, ", "))
		}
		return nil
	}
}

// endpointOf wants where an exporter can send to: over gRPC that may be what gRPC resolves too, such as dns:///collector:4317.
func endpointOf(exporter string) func(string) error {
	return func(value string) error {
		u, err := url.Parse(value)
		web := err == nil && (u.Scheme == "http" || u.Scheme == "https")
		if err != nil || web && u.Host == "" || !web && (exporter == exporterHTTP || u.Scheme == "") {
			return errors.New("a URL such as http://collector:4318 is wanted")
		}
		return nil
	}
}

// checkHeaders wants key=value pairs. It does not tell them.
func checkHeaders(value string) error {
	for pair := range strings.SplitSeq(value, ",") {
		name, text, found := strings.Cut(pair, "=")
		if !found || !baggageName.MatchString(strings.TrimSpace(name)) {
			return errors.New("name=value is wanted, with commas between them")
		}
		if _, err := url.PathUnescape(text); err != nil {
			return fmt.Errorf("the value of %s is not encoded as in a URL", http.CanonicalHeaderKey(strings.TrimSpace(name)))
		}
	}
	return nil
}

func checkCertificate(path string) error {
	pem, err := os.ReadFile(path) //nolint:gosec // whoever sets the variable may have the file read
	if err != nil {
		return err
	}
	if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		return fmt.Errorf("%s has no certificate", path)
	}
	return nil
}

func checkPair(certificate, key string) error {
	switch {
	case certificate == "" && key == "":
		return nil
	case certificate == "" || key == "":
		return errors.New("the certificate and its key are wanted, not one of them")
	}
	_, err := tls.LoadX509KeyPair(certificate, key)
	return err
}

// unheeded gives the names of OpenTelemetry's variables that are set, and have no effect.
func (c Config) unheeded(environ []string) []string {
	var names []string
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if value != "" && strings.HasPrefix(name, "OTEL_") && !c.heeds(name, value) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// heeds says whether a variable has an effect, or asks for what is so anyway.
func (c Config) heeds(name, value string) bool {
	switch name {
	case "OTEL_SDK_DISABLED", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG":
		return true
	case "OTEL_LOGS_EXPORTER":
		return value == "none"
	case "OTEL_PROPAGATORS":
		for one := range strings.SplitSeq(value, ",") {
			if one = strings.TrimSpace(one); one != "tracecontext" && one != "baggage" {
				return false
			}
		}
		return true
	}
	if batching[name] != nil || measuring[name] != nil {
		return true
	}
	rest, ours := strings.CutPrefix(name, otlpPrefix)
	if !ours {
		return strings.HasPrefix(name, "OTEL_GO_X_") // the SDK's own
	}
	part := strings.TrimPrefix(strings.TrimPrefix(rest, "TRACES_"), "METRICS_")
	return sending[part] != nil || slices.Contains([]string{"ENDPOINT", "PROTOCOL", "CLIENT_CERTIFICATE", "CLIENT_KEY"}, part)
}
