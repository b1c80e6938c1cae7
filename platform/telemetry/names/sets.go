package names

import (
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Set is the attributes of a measurement, ready to be given to an instrument: making them each time would cost more than the measurement.
type Set struct {
	Add    []metric.AddOption
	Record []metric.RecordOption
}

// NewSet makes a set. Attributes whose value is an empty string are left out.
func NewSet(attributes ...attribute.KeyValue) Set {
	told := make([]attribute.KeyValue, 0, len(attributes))
	for _, a := range attributes {
		if a.Value.Type() != attribute.STRING || a.Value.AsString() != "" {
			told = append(told, a)
		}
	}
	option := metric.WithAttributeSet(attribute.NewSet(told...))
	return Set{Add: []metric.AddOption{option}, Record: []metric.RecordOption{option}}
}

// Sets makes each set once, and keeps it. Whoever asks sees to it that there are not too many. It is safe for concurrent use.
type Sets[K comparable] struct {
	attributes func(K) []attribute.KeyValue

	mu   sync.RWMutex
	made map[K]Set
}

// NewSets makes sets of the attributes that a key stands for.
func NewSets[K comparable](attributes func(K) []attribute.KeyValue) *Sets[K] {
	return &Sets[K]{attributes: attributes, made: map[K]Set{}}
}

// Of gives the set of a key.
func (s *Sets[K]) Of(key K) Set {
	s.mu.RLock()
	set, ok := s.made[key]
	s.mu.RUnlock()
	if ok {
		return set
	}
	set = NewSet(s.attributes(key)...)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made[key] = set
	return set
}
