package telemetry

import (
	"fmt"
	"slices"
	"strings"
)

// fromEnvironment gives the settings with what OpenTelemetry's variables say where there is no setting, or that of Defaults. What the exporters and the batches
// read by themselves (OTEL_EXPORTER_OTLP_*, OTEL_BSP_*) is not in it. It fails for a value that cannot be followed, and logs what has no effect.
func (c Config) fromEnvironment(getenv func(string) string, environ []string) (Config, error) {
	if err := checkVariable(getenv, "OTEL_SDK_DISABLED", oneOf("true", "false")); err != nil {
		return c, err
	}
	if strings.EqualFold(strings.TrimSpace(getenv("OTEL_SDK_DISABLED")), "true") {
		c.Exporter, c.Metrics.Exporter, c.Prometheus = "", "", false
		return c, nil
	}
	c, err := c.tracesFromEnvironment(getenv)
	if err != nil {
		return c, err
	}
	if c, err = c.metricsFromEnvironment(getenv); err != nil {
		return c, err
	}
	if err := c.checkVariables(getenv); err != nil {
		return c, err
	}
	if names := c.unheeded(environ); len(names) > 0 {
		c.logger().Warn("variables of OpenTelemetry have no effect", "variables", names)
	}
	return c, nil
}

func (c Config) tracesFromEnvironment(getenv func(string) string) (Config, error) {
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

func (c Config) metricsFromEnvironment(getenv func(string) string) (_ Config, err error) {
	for wanted := range strings.SplitSeq(getenv("OTEL_METRICS_EXPORTER"), ",") {
		switch wanted = strings.TrimSpace(wanted); wanted {
		case "", "none":
		case "prometheus":
			c.Prometheus = true
		case "otlp":
			if c.Metrics.Exporter == "" {
				c.Metrics.Exporter, err = protocolOf(getenv, "METRICS")
			}
		default:
			err = fmt.Errorf("telemetry: OTEL_METRICS_EXPORTER: %q is none of otlp, prometheus and none", wanted)
		}
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

// exporterOf gives the exporter that the variables name; "" if none.
func exporterOf(getenv func(string) string) (string, error) {
	named := ""
	for wanted := range strings.SplitSeq(getenv("OTEL_TRACES_EXPORTER"), ",") {
		wanted = strings.TrimSpace(wanted)
		if wanted == "" || wanted == "none" {
			continue
		}
		if named != "" {
			return "", fmt.Errorf("telemetry: OTEL_TRACES_EXPORTER: one exporter is wanted, not both %s and %s", named, wanted)
		}
		named = wanted
	}
	switch named {
	case "":
		return "", nil
	case "console":
		return exporterConsole, nil
	case "otlp":
		return protocolOf(getenv, "TRACES")
	default:
		return "", fmt.Errorf("telemetry: OTEL_TRACES_EXPORTER: %q is none of otlp, console and none", named)
	}
}

// protocolOf gives the exporter that speaks what the variables say, for traces or metrics.
func protocolOf(getenv func(string) string, signal string) (string, error) {
	name := otlpPrefix + signal + "_PROTOCOL"
	if getenv(name) == "" {
		name = otlpPrefix + "PROTOCOL"
	}
	switch protocol := strings.TrimSpace(getenv(name)); protocol {
	case "", "http/protobuf": // as the specification has it
		return exporterHTTP, nil
	case "grpc":
		return exporterGRPC, nil
	default:
		return "", fmt.Errorf("telemetry: %s: %q is neither grpc nor http/protobuf", name, protocol)
	}
}

// namesService says whether the variables name the service.
func namesService(getenv func(string) string) bool {
	return getenv("OTEL_SERVICE_NAME") != "" ||
		slices.ContainsFunc(strings.Split(getenv("OTEL_RESOURCE_ATTRIBUTES"), ","), func(pair string) bool {
			key, _, _ := strings.Cut(pair, "=")
			return strings.TrimSpace(key) == "service.name"
		})
}
