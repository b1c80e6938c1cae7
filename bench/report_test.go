package main

import (
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	err := writeTable(&b, []row{newRow("posts/1", false,
		figures{rps: 12_345.678, p50: 1234, p99: 56_789, cpuMicros: 150.26, allocs: 370.4, calls: 2},
		figures{rps: 602.25, p50: 136_200, p99: 1_500_000, cpuMicros: 3005.2, allocs: 12_990, calls: 2.004},
	)})
	if err != nil {
		t.Fatal(err)
	}
	const want = `
| workload        | sharing | executor | requests/s |   p50 ms |   p99 ms |    CPU µs | allocations |   calls |
|---|---|---|--:|--:|--:|--:|--:|--:|
| posts/1         | off     | compiled |     12,350 |     1.23 |    56.79 |       150 |         370 |    2.00 |
|                 |         | gqlgen   |        602 |   136.20 |  1500.00 |     3,005 |      12,990 |    2.00 |
|                 |         | ratio    |    20.50 × |  1/110.4 |   1/26.4 |    1/20.0 |      1/35.1 |         |
`
	if got := "\n" + b.String(); got != want {
		t.Errorf("got%swant%s", got, want)
	}
}

func TestRatioToNothing(t *testing.T) {
	t.Parallel()
	r := newRow("x", true, figures{rps: 1}, figures{})
	if r.RPSRatio != 0 || r.CPURatio != 0 || r.AllocRatio != 0 || r.CPUMicros != 0 {
		t.Errorf("got %+v", r)
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	odd := []figures{{rps: 3, p99: 30}, {rps: 1, p99: 50}, {rps: 2, p99: 40}}
	if m := median(odd); m.rps != 2 || m.p99 != 40 || m.cpuMicros != 0 {
		t.Errorf("of three: %+v", m)
	}
	if m := median(odd[:2]); m.rps != 2 || m.p99 != 40 {
		t.Errorf("of two: %+v", m)
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		args string
		want string
	}{
		"nothing":                  {"", ""},
		"all":                      {"-quick -json x -connections 10 -workload storefront/page", ""},
		"a workload that is none":  {"-workload posts/9", "no workload"},
		"an executor that is none": {"-profile x -executor fast", "no executor"},
		"no connections":           {"-connections 0", "more than nothing"},
		"what is no flag":          {"quick", "no flag"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			o, err := parse(strings.Fields(test.args))
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if err == nil && (o.rounds < 1 || o.duration <= 0) {
				t.Errorf("got %+v", o)
			}
		})
	}
}
