package model

// Maze has lists of lists.
type Maze struct {
	Place

	Grid       [][]int
	Loose      [][]*int
	Cube       [][][]*string
	CubeMust   [][][]string
	Sizes      [][]Size
	Weights    [][]*Weight
	Notes      [][]Note
	NotesLoose [][]*Note
}

// Room stands in lists of lists.
type Room struct {
	Place

	Number int
}

// Lists makes lists of lists of up to three elements. The whole, or a list in it, may be nil where loose.
func Lists[T any](p Place, field string, loose bool, element func(p Place) T) [][]T {
	if loose && p.Rarely("no "+field, 6) {
		return nil
	}
	return ListOf(p, field, lengths[p.Number("length of "+field, len(lengths))], func(p Place) []T {
		if loose && p.Rarely("no row", 5) {
			return nil
		}
		return ListOf(p, "row", lengths[p.Number("length of row", len(lengths))], element)
	})
}

// NewMaze makes the maze of a place.
func NewMaze(p Place) *Maze {
	m := &Maze{Place: p}
	m.Grid = Lists(p, "grid", false, func(p Place) int { return p.Number("n", 10) })
	m.Loose = Lists(p, "loose", true, func(p Place) *int { return OrNil(p, "n", p.Number("n", 10)) })
	m.Cube = ListOf(p, "cube", 2, func(p Place) [][]*string {
		return Lists(p, "cube", true, func(p Place) *string { return OrNil(p, "text", p.Text("cube")) })
	})
	m.CubeMust = ListOf(p, "cubeMust", 2, func(p Place) [][]string {
		return Lists(p, "cubeMust", false, func(p Place) string { return p.Text("cube") })
	})
	m.Sizes = Lists(p, "sizes", true, func(p Place) Size { return allSizes[p.Number("size", len(allSizes))] })
	m.Weights = Lists(p, "weights", true, func(p Place) *Weight { return OrNil(p, "weight", Weight(1.5)) })
	m.Notes = Lists(p, "notes", false, func(p Place) Note { return *NewNote(p) })
	m.NotesLoose = Lists(p, "notesLoose", true, noteOrNil)
	return m
}

// NewRoom makes the room of a place.
func NewRoom(p Place) *Room { return &Room{Place: p, Number: p.Number("number", 100)} }
