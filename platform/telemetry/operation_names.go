package telemetry

import (
	"container/list"
	"strings"
	"sync"
	"time"

	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// idle is after how long a name that was not executed makes room for another.
const idle = 10 * time.Minute

// operationNames bounds which names metrics tell apart, since clients make them up. A series stays until the process ends, so that it is not enough to
// bound how many names have a place at a time: how often a place changes hands is bounded too. It is safe for concurrent use.
type operationNames struct {
	size int
	now  func() time.Time

	mu      sync.Mutex
	trusted map[string]bool
	places  map[string]*list.Element // of *place
	order   *list.List               // by when they were executed, the last first
	changes int                      // how often a place has changed hands
}

type place struct {
	name string
	last time.Time
}

func newOperationNames(size int) *operationNames {
	return &operationNames{size: size, now: time.Now, trusted: map[string]bool{}, places: map[string]*list.Element{}, order: list.New()}
}

// executed gives what an operation is called that is executed: its name, if it is in a trusted document or there is a place for it.
func (n *operationNames) executed(name string, trusted func() bool) string {
	if name == "" {
		return ""
	}
	name = name[:min(len(name), maxOperationName)]
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.trusted[name] {
		return name
	}
	if e, ok := n.places[name]; ok {
		e.Value.(*place).last = n.now() //nolint:forcetypeassert // there are only places
		n.order.MoveToFront(e)
		return name
	}
	switch {
	case trusted():
		name = strings.Clone(name) // of which the document is no part
		n.trusted[name] = true
		return name
	case n.room():
		name = strings.Clone(name)
		n.places[name] = n.order.PushFront(&place{name, n.now()})
		return name
	}
	return names.Other
}

// room says whether there is a place, and makes it if one has not been used for long.
func (n *operationNames) room() bool {
	if n.order.Len() < n.size {
		return true
	}
	last := n.order.Back()
	if last == nil || n.changes >= n.size {
		return false
	}
	oldest := last.Value.(*place) //nolint:forcetypeassert // there are only places
	if n.now().Sub(oldest.last) < idle {
		return false
	}
	n.changes++
	n.order.Remove(last)
	delete(n.places, oldest.name)
	return true
}

// known gives what an operation is called that is not executed: whoever is refused takes no place.
func (n *operationNames) known(name string) string {
	if name == "" {
		return ""
	}
	name = name[:min(len(name), maxOperationName)]
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.trusted[name] || n.places[name] != nil {
		return name
	}
	return names.Other
}
