package exec

// Shape says which object of a selection a value is: a step's objects are those of all lists, one after the other and without nulls.
type Shape struct {
	starts [][]int32 // for each depth of lists: where each list's elements begin among those of all
	lost   []error   // for each value of the field: why there is none; nil if there are all
	places []int32   // for each element of the innermost lists: its place among the objects of its type, -1 for none; nil if that is its index
}

// begin notes where lists begin among the elements of all, and gives how many those are.
func begin[V any](shape *Shape, lists [][]V) int {
	starts, n := make([]int32, len(lists)), 0
	for i, l := range lists {
		starts[i] = int32(n)
		n += len(l)
	}
	shape.starts = append(shape.starts, starts)
	return n
}

// Lists gives the elements of all lists.
func Lists[V any](shape *Shape, lists [][]V) []V {
	n := begin(shape, lists)
	if len(lists) == 1 {
		return lists[0]
	}
	all := make([]V, 0, n)
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// ListsOf gives pointers to the elements of all lists.
func ListsOf[V any](shape *Shape, lists [][]V) []*V {
	n := begin(shape, lists)
	all := make([]*V, 0, n)
	for _, l := range lists {
		for i := range l {
			all = append(all, &l[i])
		}
	}
	return all
}

// Pointers gives pointers to values, nil where there is none.
func Pointers[V any](shape *Shape, values []V) []*V {
	all := make([]*V, len(values))
	for i := range values {
		if shape.lost == nil || shape.lost[i] == nil {
			all[i] = &values[i]
		}
	}
	return all
}

// Objects gives the objects that are not nil.
func Objects[V any](shape *Shape, values []*V) []*V {
	none := 0
	for _, v := range values {
		if v == nil {
			none++
		}
	}
	if none == 0 {
		return values
	}
	places := shape.Places(len(values))
	all := make([]*V, 0, len(values)-none)
	for i, v := range values {
		if v != nil {
			places[i] = int32(len(all)) //nolint:gosec // answers are far smaller
			all = append(all, v)
		}
	}
	return all
}

// Places gives room for the places of n values; none has one yet.
func (s *Shape) Places(n int) []int32 {
	s.places = make([]int32, n)
	for i := range s.places {
		s.places[i] = -1
	}
	return s.places
}

// Place is where a value stands among those of its field: at some depth of lists, the so-manyth of all. Without one, what is below is not
// known.
type Place struct {
	depth, index int
}

// nowhere is the place of what no step has been begun for.
var nowhere = Place{index: -1}

// At gives the place of a field of the object with an index.
func At(index int) Place { return Place{index: index} }

// Element gives the place of a list's element, where p is that of the first.
func (p Place) Element(i int) Place {
	if p.index >= 0 {
		p.index += i
	}
	return p
}

// List gives the place of the first element of the list at a place.
func (w *Writer) List(f *Field, at Place) Place {
	st := w.state(f)
	if st == nil || at.index < 0 || at.depth >= len(st.shape.starts) {
		return nowhere
	}
	return Place{at.depth + 1, int(st.shape.starts[at.depth][at.index])}
}

// Index gives the index, among the objects of its selection, of the object at a place; -1 if no step was begun for it.
func (w *Writer) Index(f *Field, at Place) int {
	st := w.state(f)
	switch {
	case st == nil || at.index < 0:
		return -1
	case st.shape.places == nil:
		return at.index
	}
	return int(st.shape.places[at.index])
}
