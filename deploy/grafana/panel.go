package grafana

import (
	"maps"
	"slices"
)

func (p Panel) size() (width, height int) {
	width, height = p.Width, panelHeight
	if width == 0 {
		width = 8
	}
	if p.Kind == Number {
		height = numberHeight
	}
	return width, height
}

func (p Panel) json() object {
	targets := make([]object, len(p.Queries))
	for i, q := range p.Queries {
		targets[i] = object{
			"refId": string(rune('A' + i)), "datasource": source, "editorMode": "code", "expr": q.Expr, "legendFormat": q.Legend,
			"range": p.Kind == Lines || p.Kind == Timeline, "instant": p.Kind == Number || p.Kind == Table, "exemplar": p.Kind == Lines,
		}
		if p.Kind == Table {
			targets[i]["format"] = "table"
		}
	}
	made := object{
		"type": string(p.Kind), "title": p.Title, "description": p.Says, "datasource": source, "targets": targets,
		"fieldConfig": object{"defaults": p.fields(), "overrides": p.overrides()}, "options": p.options(),
	}
	if p.Kind == Table {
		made["transformations"] = []object{
			{"id": "merge", "options": object{}},
			{"id": "organize", "options": object{"excludeByName": object{"Time": true}, "renameByName": p.columns()}},
		}
	}
	return made
}

// fields says how values look.
func (p Panel) fields() object {
	fields := object{"unit": p.Unit}
	switch p.Kind {
	case Lines:
		stacking := "none"
		if p.Stacked {
			stacking = "normal"
		}
		fields["min"] = 0
		fields["custom"] = object{
			"drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "auto", "spanNulls": false, "stacking": object{"mode": stacking, "group": "A"},
		}
	case Timeline:
		fields["custom"] = object{"fillOpacity": 80, "lineWidth": 0}
	case Number, Table:
	}
	if len(p.States) > 0 {
		options := object{}
		for i, value := range slices.Sorted(maps.Keys(p.States)) {
			options[value] = object{"text": p.States[value].Text, "color": p.States[value].Color, "index": i}
		}
		fields["mappings"] = []object{{"type": "value", "options": options}}
	}
	steps := []object{{"value": nil, "color": "green"}}
	for _, s := range p.Steps {
		steps = append(steps, object{"value": s.From, "color": s.Color})
	}
	fields["thresholds"] = object{"mode": "absolute", "steps": steps}
	fields["color"] = object{"mode": "palette-classic"}
	if len(p.Steps) > 0 || p.Kind == Timeline {
		fields["color"] = object{"mode": "thresholds"}
	}
	return fields
}

// overrides gives a table's columns the units that their names end with.
func (p Panel) overrides() []object {
	all := []object{}
	for _, q := range p.Queries {
		unit := map[string]string{"a second": "reqps", "failing": "percentunit", "p50": "s", "p99": "s"}[q.Legend]
		if p.Kind == Table && unit != "" {
			all = append(all, object{
				"matcher":    object{"id": "byName", "options": q.Legend},
				"properties": []object{{"id": "unit", "value": unit}, {"id": "displayName", "value": q.Legend}},
			})
		}
	}
	return all
}

// columns gives the headlines of a table's columns, whose values Grafana calls by their queries.
func (p Panel) columns() object {
	named := object{}
	for i, q := range p.Queries {
		named["Value #"+string(rune('A'+i))] = q.Legend
	}
	return named
}

func (p Panel) options() object {
	legend := object{"displayMode": "table", "placement": "bottom", "showLegend": true, "calcs": []string{"mean", "max", "lastNotNull"}}
	switch p.Kind {
	case Number:
		return object{"colorMode": "background", "graphMode": "area", "textMode": "value", "reduceOptions": object{"calcs": []string{"lastNotNull"}}}
	case Table:
		return object{"showHeader": true, "cellHeight": "sm"}
	case Timeline:
		return object{"mergeValues": true, "showValue": "never", "legend": object{"displayMode": "list", "placement": "bottom", "showLegend": true}}
	default:
		return object{"legend": legend, "tooltip": object{"mode": "multi", "sort": "desc"}}
	}
}
