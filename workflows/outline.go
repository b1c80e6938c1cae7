package workflows

import "go.opentelemetry.io/otel/metric/noop"

// Declaration is what a workflow declares, for who asks what an operation would do.
type Declaration struct {
	Name  string
	Steps []DeclaredStep // in their order
}

// DeclaredStep is a step of a Declaration.
type DeclaredStep struct {
	Name             string
	Calls, UndoCalls []string // as a Step has them
	Must             bool
}

// Outline gives an engine for who wants to know what is added to it, and nothing else: it has no storage, and carries nothing out.
func Outline() *Engine {
	e := &Engine{options: Options{Meter: noop.NewMeterProvider().Meter("")}, known: map[string]carrier{}}
	e.meters = newMeters(e)
	return e
}

// Declared gives what was added to the engine, in that order.
func (e *Engine) Declared() []Declaration { return e.declared }

func declarationOf[S any](w *Workflow[S]) Declaration {
	d := Declaration{Name: w.Name}
	for _, s := range w.Steps {
		d.Steps = append(d.Steps, DeclaredStep{Name: s.Name, Calls: s.Calls, UndoCalls: s.UndoCalls, Must: s.Must})
	}
	return d
}
