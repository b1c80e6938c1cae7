package telemetry

import (
	"fmt"
	"slices"
	"strings"
)

// tracesFromEnvironment gives the settings with what OpenTelemetry's variables say of traces where there is no setting, or that of Defaults. What the exporters and
// the batches read by themselves (OTEL_EXPORTER_OTLP_*, OTEL_BSP_*) is not in it. It fails for a value that cannot be followed.
func (c Config) tracesFromEnvironment(getenv func(string) string) (Config, error) {
	if getenv("OTEL_SDK_DISABLED") == "true" {
		c.Exporter = ""
		return c, nil
	}
	if c.Exporter == "" {
		exporter, err := exporterOf(getenv)
		if err != nil {
			return c, err
		}
		c.Exporter = exporter
	}
	defaults := Defaults()
	if c.SampleRatio == defaults.SampleRatio {
		c.samplerName, c.samplerArgument = getenv("OTEL_TRACES_SAMPLER"), getenv("OTEL_TRACES_SAMPLER_ARG")
	}
	if c.ServiceName == defaults.ServiceName && namesService(getenv) {
		c.ServiceName = "" // which is for the resource to find
	}
	return c, nil
}

// exporterOf gives the exporter that the variables name; "" if none.
func exporterOf(getenv func(string) string) (string, error) {
	for wanted := range strings.SplitSeq(getenv("OTEL_TRACES_EXPORTER"), ",") {
		switch wanted = strings.TrimSpace(wanted); wanted {
		case "", "none":
		case "console":
			return exporterConsole, nil
		case "otlp":
			protocol := getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
			if protocol == "" {
				protocol = getenv("OTEL_EXPORTER_OTLP_PROTOCOL")
			}
			switch protocol {
			case "", "http/protobuf": // as the specification has it
				return exporterHTTP, nil
			case "grpc":
				return exporterGRPC, nil
			}
			return "", fmt.Errorf("telemetry: OTEL_EXPORTER_OTLP_PROTOCOL: %q is neither grpc nor http/protobuf", protocol)
		default:
			return "", fmt.Errorf("telemetry: OTEL_TRACES_EXPORTER: %q is none of otlp, console and none", wanted)
		}
	}
	return "", nil
}

// namesService says whether the variables name the service.
func namesService(getenv func(string) string) bool {
	return getenv("OTEL_SERVICE_NAME") != "" ||
		slices.ContainsFunc(strings.Split(getenv("OTEL_RESOURCE_ATTRIBUTES"), ","), func(pair string) bool {
			key, _, _ := strings.Cut(pair, "=")
			return strings.TrimSpace(key) == "service.name"
		})
}
