// Package grafana makes the dashboards for whoever operates gateways. Each is read from top to bottom: whether users are hurt, then what might be the reason. They
// are written to deploy/grafana/dashboards by `go run ./cmd/generate`.
package grafana

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Dashboard is a page of panels.
type Dashboard struct {
	UID, Title, Says string
	Variables        []Variable
	Rows             []Row
}

// Variable is chosen at the top of a dashboard: one or more values of a label, as a metric has them.
type Variable struct{ Name, Says, Metric, Label string }

// Row is panels below a headline.
type Row struct {
	Title  string
	Panels []Panel
}

// Panel shows the answers to queries.
type Panel struct {
	Title, Says string
	Kind        Kind
	Unit        string // of Grafana's
	Width       int    // of 24; 8 if it says nothing
	Stacked     bool
	States      map[string]State // of a timeline
	Steps       []Step           // colours from values on
	Queries     []Query
}

// Kind is how a panel shows answers.
type Kind string

// The kinds.
const (
	Lines    Kind = "timeseries"
	Number   Kind = "stat"
	Table    Kind = "table"
	Timeline Kind = "state-timeline"
)

// Query is a question to Prometheus, and what the answers' series are called.
type Query struct{ Expr, Legend string }

// State is how a value is called, and its colour.
type State struct{ Text, Color string }

// Step is a colour from a value on.
type Step struct {
	From  float64
	Color string
}

type object = map[string]any

// source is the Prometheus that is chosen at the top.
var source = object{"type": "prometheus", "uid": "${datasource}"}

// schemaVersion is that of Grafana 12. Newer ones bring older dashboards up to date when they read them.
const schemaVersion = 41

// JSON gives the dashboard as Grafana reads it: the same each time.
func (d Dashboard) JSON() ([]byte, error) {
	variables := []object{{"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "refresh": 1, "current": object{}}}
	for _, v := range d.Variables {
		variables = append(variables, v.json())
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(object{
		"uid": d.UID, "title": d.Title, "description": d.Says, "tags": []string{"mainstem"}, "schemaVersion": schemaVersion,
		"timezone": "browser", "editable": true, "graphTooltip": 1, "refresh": "30s", "time": object{"from": "now-3h", "to": "now"},
		"templating": object{"list": variables},
		"annotations": object{"list": []object{{
			"name": "Pages", "enable": true, "iconColor": "red", "datasource": source,
			"expr": `ALERTS{alertname=~"Mainstem.+",alertstate="firing",severity="page"}`, "titleFormat": "{{alertname}}", "step": "60s",
		}}},
		"links":  []object{{"type": "dashboards", "tags": []string{"mainstem"}, "title": "Mainstem", "asDropdown": false, "includeVars": true, "keepTime": true}},
		"panels": d.panels(),
	})
	if err != nil {
		return nil, fmt.Errorf("the dashboard %s: %w", d.Title, err)
	}
	return out.Bytes(), nil
}

func (v Variable) json() object {
	query := fmt.Sprintf("label_values(%s, %s)", v.Metric, v.Label)
	return object{
		"name": v.Name, "label": v.Says, "type": "query", "datasource": source, "definition": query, "refresh": 2, "sort": 1,
		"query":      object{"query": query, "refId": v.Name, "qryType": 1},
		"includeAll": true, "multi": true, "allValue": ".*", "current": object{"text": []string{"All"}, "value": []string{"$__all"}},
	}
}

// Heights are of panels and headlines, in Grafana's grid, which has 24 columns.
const (
	columns      = 24
	panelHeight  = 8
	numberHeight = 4
	rowHeight    = 1
)

// panels lays the panels out: from left to right, and in the next line where there is no more room.
func (d Dashboard) panels() []object {
	var all []object
	y := 0
	for _, row := range d.Rows {
		all = append(all, object{"type": "row", "title": row.Title, "collapsed": false, "panels": []object{}, "gridPos": place(0, y, columns, rowHeight)})
		y += rowHeight
		x, height := 0, 0
		for _, p := range row.Panels {
			w, h := p.size()
			if x+w > columns {
				x, y, height = 0, y+height, 0
			}
			made := p.json()
			made["gridPos"] = place(x, y, w, h)
			all = append(all, made)
			x, height = x+w, max(height, h)
		}
		y += height
	}
	return all
}

func place(x, y, w, h int) object { return object{"x": x, "y": y, "w": w, "h": h} }
