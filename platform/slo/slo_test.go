package slo_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/slo"
)

func with(change func(*slo.Config)) slo.Config {
	c := slo.Defaults()
	change(&c)
	return c
}

func TestValidate(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		config slo.Config
		want   string // a part of what is said; nothing if it is valid
	}{
		"the defaults":                {slo.Defaults(), ""},
		"whole seconds":               {with(func(c *slo.Config) { c.Latency.Threshold = config.Duration(time.Second) }), ""},
		"the least":                   {with(func(c *slo.Config) { c.Availability, c.Latency.Target = 0.95, 0.95 }), ""},
		"alerts that never fire":      {with(func(c *slo.Config) { c.Availability = 0.9 }), "availability: must be 0.95 or more"},
		"nothing may fail":            {with(func(c *slo.Config) { c.Latency.Target = 1 }), "latency.target: must be 0.95 or more, and less than 1"},
		"per cent":                    {with(func(c *slo.Config) { c.Availability = 99.9 }), "availability: must be"},
		"nothing is counted by it":    {with(func(c *slo.Config) { c.Latency.Threshold = config.Duration(300 * time.Millisecond) }), "250ms, 500ms, 1s, 2.5s, 5s, 10s; 300ms is none of these"},
		"an objective that is no one": {slo.Config{}, "latency.threshold: operations are counted by"},
	}
	for reason, c := range cases {
		err := c.config.Validate()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", reason, err, c.want)
		}
	}
}

func TestRulesSayWhatIsPromised(t *testing.T) {
	t.Parallel()
	c := slo.Config{Availability: 0.995, Latency: slo.Latency{Threshold: config.Duration(time.Second), Target: 0.95}}
	rules := string(c.Rules(slo.Options{Job: "shop", Runbooks: "https://wiki.example/"}))
	for reason, part := range map[string]string{
		"the fastest burn of availability":   "ratio_rate1h > 0.072\n",
		"the slowest one":                    "ratio_rate3d > 0.005\n",
		"of latency":                         "job:mainstem_operations_slow:ratio_rate1h > 0.72\n",
		"whole seconds, as either format":    `le=~"1|1.0"`,
		"the job":                            `up{job="shop"}`,
		"the pages":                          "runbook_url: https://wiki.example/MainstemDown.md",
		"the threshold, for who reads it":    "slower than 1s",
		"the allowance that is left":         "/ 0.005\n",
		"the objective, for who looks at it": "vector(0.995)",
	} {
		if !strings.Contains(rules, part) {
			t.Errorf("%s: there is no %q", reason, part)
		}
	}
	if again := c.Rules(slo.Options{Job: "shop", Runbooks: "https://wiki.example/"}); !bytes.Equal(again, []byte(rules)) {
		t.Error("the rules are others the second time")
	}
}

func ExampleConfig_Rules() {
	rules := slo.Defaults().Rules(slo.DefaultOptions())
	fmt.Println(strings.SplitN(string(rules), "\n", 2)[0])
	// Output: # Written by `mainstem rules` from slo in mainstem.yaml: 99.9 % do not fail, 99 % take 500ms at most. Change it there, and write this anew.
}
