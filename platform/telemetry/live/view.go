package live

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/mainstem/mainstem/platform/telemetry/redact"
)

// View is what a gateway is doing at a moment.
type View struct {
	At         time.Time   `json:"at"`
	Operations []Running   `json:"operations"` // the oldest first
	Streams    []Streaming `json:"streams"`
	More       More        `json:"more,omitzero"`
}

// More is how much is under way that is not shown.
type More struct {
	Operations int `json:"operations,omitzero"`
	Streams    int `json:"streams,omitzero"`
}

// Who is whom something runs for.
type Who struct {
	Request   string `json:"request,omitzero"` // its id
	Trace     string `json:"trace,omitzero"`
	Client    string `json:"client,omitzero"` // as it calls itself
	Version   string `json:"version,omitzero"`
	Transport string `json:"transport,omitzero"`
	SignedIn  bool   `json:"signedIn"`
}

// Running is an operation that is under way. Times are milliseconds.
type Running struct {
	Who
	Name    string    `json:"name,omitzero"`
	Type    string    `json:"type"`
	Hash    string    `json:"hash,omitzero"` // SHA-256 of the document
	Started time.Time `json:"started"`
	Elapsed float64   `json:"elapsed"`
	Left    *float64  `json:"left,omitempty"` // until its deadline, if it has one; less than nothing behind it
	Answers int       `json:"answers"`        // that were given so far: events of a subscription, parts of @defer
	Calls   int       `json:"calls"`          // of services, so far
	Codes   []string  `json:"codes,omitempty"`
	Waits   []row     `json:"waits"` // the steps and calls that have not ended
}

// Streaming is a stream that is open.
type Streaming struct {
	Who
	Started    time.Time `json:"started"`
	Elapsed    float64   `json:"elapsed"`
	Operations int       `json:"operations"`
	Events     int       `json:"events"`
}

// maxWaits bounds how many steps and calls are shown of an operation.
const maxWaits = 20

// View gives at most so many operations and streams that are under way, the oldest.
func (r *Registry) View(most int) View {
	v := View{At: time.Now(), Operations: []Running{}, Streams: []Streaming{}}
	operations, length := r.operations.oldest(most)
	v.More.Operations = length - len(operations)
	for _, op := range operations {
		v.Operations = append(v.Operations, op.view(v.At))
	}
	streams, length := r.streams.oldest(most)
	v.More.Streams = length - len(streams)
	for _, s := range streams {
		who := s.who()
		s.mu.Lock()
		v.Streams = append(v.Streams, Streaming{
			Who: who, Started: s.began, Elapsed: inMilliseconds(v.At.Sub(s.began)), Operations: s.operations, Events: s.events,
		})
		s.mu.Unlock()
	}
	return v
}

func (r *Request) who() Who {
	if r == nil {
		return Who{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	who := Who{Request: redact.Text(r.id), Trace: r.trace, Client: redact.Text(r.client.name), Version: redact.Text(r.client.version), Transport: r.kind, SignedIn: r.known}
	if who.Transport == "" {
		who.Transport = "http"
	}
	return who
}

func (op *Operation) view(at time.Time) Running {
	name, kind := op.name()
	v := Running{Who: op.request.who(), Name: redact.Text(name), Type: kind, Hash: op.hash(), Started: op.began, Elapsed: inMilliseconds(at.Sub(op.began)), Waits: []row{}}
	if !op.deadline.IsZero() {
		left := inMilliseconds(op.deadline.Sub(at))
		v.Left = &left
	}
	op.mu.Lock()
	defer op.mu.Unlock()
	v.Answers, v.Calls, v.Codes = op.answers, op.calls, append(v.Codes, op.codes...)
	for i := range op.entries {
		if e := &op.entries[i]; e.took < 0 && len(v.Waits) < maxWaits {
			v.Waits = append(v.Waits, e.row(at.Sub(op.began)))
		}
	}
	for _, a := range op.awaited {
		r := row{Workflow: a.workflow, Open: true}
		var since time.Time
		if r.Step, since = a.at(); r.Step != "" {
			r.Start, r.Duration = inMilliseconds(since.Sub(op.began)), inMilliseconds(at.Sub(since))
		}
		v.Waits = append(v.Waits, r)
	}
	return v
}

func inMilliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Write writes a view for people: a line for each operation and each of its steps and calls that have not ended.
func (v View) Write(w io.Writer) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(out, "%d operations at %s\n\n", len(v.Operations)+v.More.Operations, v.At.Format(time.RFC3339))
	_, _ = fmt.Fprintln(out, "ELAPSED\tLEFT\tOPERATION\tANSWERS\tCALLS\tCLIENT\tTRANSPORT\tREQUEST")
	for _, o := range v.Operations {
		left := "-"
		if o.Left != nil {
			left = duration(*o.Left)
		}
		_, _ = fmt.Fprintf(out, "%s\t%s\t%s %s\t%d\t%d\t%s\t%s\t%s\n", duration(o.Elapsed), left, o.Type, orDash(o.Name), o.Answers, o.Calls, orDash(o.Client), o.Transport, orDash(o.Request))
		for _, e := range o.Waits {
			_, _ = fmt.Fprintf(out, "\t\t  waits for %s\t\t\t\t\t\n", e.words())
		}
	}
	if v.More.Operations > 0 {
		_, _ = fmt.Fprintf(out, "and %d more\n", v.More.Operations)
	}
	_, _ = fmt.Fprintf(out, "\n%d streams\n\nOPEN FOR\tTRANSPORT\tOPERATIONS\tEVENTS\tCLIENT\tREQUEST\n", len(v.Streams)+v.More.Streams)
	for _, s := range v.Streams {
		_, _ = fmt.Fprintf(out, "%s\t%s\t%d\t%d\t%s\t%s\n", duration(s.Elapsed), s.Transport, s.Operations, s.Events, orDash(s.Client), orDash(s.Request))
	}
	if v.More.Streams > 0 {
		_, _ = fmt.Fprintf(out, "and %d more\n", v.More.Streams)
	}
	return out.Flush()
}

// words says what a row is of.
func (r row) words() string {
	switch {
	case r.Workflow != "" && r.Step == "":
		return "the workflow " + r.Workflow
	case r.Workflow != "":
		return fmt.Sprintf("%s of the workflow %s for %s", r.Step, r.Workflow, duration(r.Duration))
	}
	if r.Source != "" {
		return fmt.Sprintf("%s %s for %s", r.Source, r.Operation, duration(r.Duration))
	}
	return fmt.Sprintf("%s (%s of %d) for %s", r.Step, r.Field, r.Objects, duration(r.Duration))
}

func duration(milliseconds float64) string {
	return time.Duration(milliseconds * float64(time.Millisecond)).Round(time.Millisecond).String()
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
