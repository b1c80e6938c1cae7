// Package breaking breaks a demo service on purpose: it makes it slow or faulty, or takes it down. It sits between a service and
// its sockets; the service knows nothing of it.
package breaking

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Break is what is wrong with a service. The zero value is a healthy one.
//
// As JSON it is an object whose members may be left out: {"latency":"200ms","jitter":"50ms","errorRate":0.3,"down":true,
// "refuse":true,"loseAnswers":0.02}.
type Break struct {
	Latency   time.Duration // how much longer than usual each answer takes; MaxLatency at most
	Jitter    time.Duration // up to how much longer still, by chance; MaxLatency at most
	ErrorRate float64       // the share of requests, 0 to 1, that fail by chance: with 500 or INTERNAL
	Down      bool          // every request fails, with 503 or UNAVAILABLE
	Refuse    bool          // connections are refused, and the open ones are cut

	// LoseAnswers is the share of the other requests, 0 to 1, that are done and not answered, by chance: the connection is cut,
	// or the call ends with UNAVAILABLE.
	LoseAnswers float64
}

// MaxLatency bounds Latency and Jitter.
const MaxLatency = 10 * time.Minute

// Healthy says whether nothing is wrong.
func (b Break) Healthy() bool { return b == Break{} }

// Validate says what is out of bounds.
func (b Break) Validate() error {
	if b.Latency < 0 || b.Latency > MaxLatency {
		return fmt.Errorf("latency must be between 0 and %v, not %v", MaxLatency, b.Latency)
	}
	if b.Jitter < 0 || b.Jitter > MaxLatency {
		return fmt.Errorf("jitter must be between 0 and %v, not %v", MaxLatency, b.Jitter)
	}
	if !isShare(b.ErrorRate) {
		return fmt.Errorf("errorRate must be between 0 and 1, not %v", b.ErrorRate)
	}
	if !isShare(b.LoseAnswers) {
		return fmt.Errorf("loseAnswers must be between 0 and 1, not %v", b.LoseAnswers)
	}
	return nil
}

// isShare is false for NaN too.
func isShare(f float64) bool { return f >= 0 && f <= 1 }

// String gives the form that Parse reads; "healthy" if nothing is wrong.
func (b Break) String() string {
	var parts []string
	add := func(is bool, format string, args ...any) {
		if is {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(b.Latency != 0, "latency=%v", b.Latency)
	add(b.Jitter != 0, "jitter=%v", b.Jitter)
	add(b.ErrorRate != 0, "errorRate=%v", b.ErrorRate)
	add(b.Down, "down")
	add(b.Refuse, "refuse")
	add(b.LoseAnswers != 0, "loseAnswers=%v", b.LoseAnswers)
	if len(parts) == 0 {
		return "healthy"
	}
	return strings.Join(parts, ",")
}

// slow is how much slower a service gets whom the command line calls slow: more than anybody waits for.
const slow = 10 * time.Second

// Parse reads a break as the command line has it: a comma list of `down`, `refuse`, `slow` (latency=10s), `latency=2s`,
// `jitter=1s`, `errorRate=0.5` and `loseAnswers=0.02`.
func Parse(s string) (Break, error) {
	var b Break
	for part := range strings.SplitSeq(s, ",") {
		if err := b.set(strings.TrimSpace(part)); err != nil {
			return Break{}, fmt.Errorf("break %q: %w", s, err)
		}
	}
	if err := b.Validate(); err != nil {
		return Break{}, fmt.Errorf("break %q: %w", s, err)
	}
	return b, nil
}

func (b *Break) set(part string) error {
	name, value, hasValue := strings.Cut(part, "=")
	var err error
	switch {
	case part == "down":
		b.Down = true
	case part == "refuse":
		b.Refuse = true
	case part == "slow":
		b.Latency = slow
	case name == "latency" && hasValue:
		b.Latency, err = parseDuration(name, value)
	case name == "jitter" && hasValue:
		b.Jitter, err = parseDuration(name, value)
	case name == "errorRate" && hasValue:
		b.ErrorRate, err = parseShare(name, value)
	case name == "loseAnswers" && hasValue:
		b.LoseAnswers, err = parseShare(name, value)
	default:
		return fmt.Errorf("%q is none of down, refuse, slow, latency=<duration>, jitter=<duration>, errorRate=<0 to 1>, "+
			"loseAnswers=<0 to 1>", part)
	}
	return err
}

func parseShare(name, value string) (float64, error) {
	share, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return 0, fmt.Errorf("%s must be a number such as 0.3, not %q", name, value)
	}
	return share, nil
}

func parseDuration(name, value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil {
		return 0, fmt.Errorf("%s must be a duration such as 200ms or 2s, not %q", name, value)
	}
	return d, nil
}

// wire is a break as JSON has it.
type wire struct {
	Latency     string  `json:"latency,omitzero"`
	Jitter      string  `json:"jitter,omitzero"`
	ErrorRate   float64 `json:"errorRate,omitzero"`
	Down        bool    `json:"down,omitzero"`
	Refuse      bool    `json:"refuse,omitzero"`
	LoseAnswers float64 `json:"loseAnswers,omitzero"`
}

// MarshalJSON gives the members that are not zero.
func (b Break) MarshalJSON() ([]byte, error) {
	w := wire{ErrorRate: b.ErrorRate, Down: b.Down, Refuse: b.Refuse, LoseAnswers: b.LoseAnswers}
	if b.Latency != 0 {
		w.Latency = b.Latency.String()
	}
	if b.Jitter != 0 {
		w.Jitter = b.Jitter.String()
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads an object as Break documents it. It fails for unknown and repeated members and for values out of bounds,
// and leaves b alone then.
func (b *Break) UnmarshalJSON(data []byte) error {
	if !strings.HasPrefix(strings.TrimSpace(string(data)), "{") {
		return errors.New(`a break is a JSON object such as {"latency":"200ms","errorRate":0.3}`)
	}
	var w wire
	if err := json.Unmarshal(data, &w, json.RejectUnknownMembers(true)); err != nil {
		return explain(err)
	}
	read := Break{ErrorRate: w.ErrorRate, Down: w.Down, Refuse: w.Refuse, LoseAnswers: w.LoseAnswers}
	var err error
	if w.Latency != "" {
		if read.Latency, err = parseDuration("latency", w.Latency); err != nil {
			return err
		}
	}
	if w.Jitter != "" {
		if read.Jitter, err = parseDuration("jitter", w.Jitter); err != nil {
			return err
		}
	}
	if err := read.Validate(); err != nil {
		return err
	}
	*b = read
	return nil
}

// kinds says of each member what its value must be.
var kinds = map[string]string{
	"latency":     `a string such as "200ms"`,
	"jitter":      `a string such as "50ms"`,
	"errorRate":   "a number between 0 and 1",
	"down":        "true or false",
	"refuse":      "true or false",
	"loseAnswers": "a number between 0 and 1",
}

// explain turns the decoder's words, which are about Go, into words about a break.
func explain(err error) error {
	wrong, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return fmt.Errorf("a break must be one JSON object: %w", err)
	}
	member := strings.TrimPrefix(string(wrong.JSONPointer), "/")
	if kind, known := kinds[member]; known {
		return fmt.Errorf("%s must be %s", member, kind)
	}
	return fmt.Errorf("%q is no member of a break; those are latency, jitter, errorRate, down, refuse and loseAnswers", member)
}
