package model

import (
	"context"
	"errors"
)

// Being, Animal, Tagged, Owned, Home and Exhibit are what the schema's interfaces and a union are bound to.
type (
	// Being has an id.
	Being interface{ IsBeing() }
	// Animal is a Being.
	Animal interface {
		Being
		IsAnimal()
	}
	// Tagged has a tag.
	Tagged interface{ IsTagged() }
	// Owned has an owner.
	Owned interface{ IsOwned() }
	// Home is where animals live.
	Home interface{ IsHome() }
	// Exhibit is anything that is shown.
	Exhibit interface{ IsExhibit() }
)

// Body is what others embed.
type Body struct {
	Place

	Legs int
	Diet string
}

// Lion implements the interfaces by pointer.
type Lion struct {
	Body

	Note *Note
}

// Owl implements the interfaces by value.
type Owl struct {
	Place

	ID   string
	Legs *int
	Mood Mood
	Note Note
}

// Stone implements the interfaces by pointer.
type Stone struct {
	Place

	Name string
	Tag  *string
	Note *Note
	Home *Site
}

// Keeper implements Being by pointer.
type Keeper struct {
	Place

	Level *Level
}

// Note has members alone.
type Note struct {
	Place

	Text  string
	Lines []string
}

// Den is a Home by pointer.
type Den struct {
	Place

	Size  Size
	Depth int
}

// Nest is a Home by value.
type Nest struct {
	Place

	Size *Size
	Eggs [][]int
}

// Site is no Home.
type Site struct {
	Place

	Size  Size // by value, where the schema allows null
	Depth int
}

// Look tells what was asked for below it.
type Look struct {
	Asked []string
	One   *int
	Two   int
	More  *Look
}

// IsBeing marks a being.
func (*Lion) IsBeing() {}

// IsAnimal marks an animal.
func (*Lion) IsAnimal() {}

// IsTagged marks what is tagged.
func (*Lion) IsTagged() {}

// IsOwned marks what is owned.
func (*Lion) IsOwned() {}

// IsExhibit marks an exhibit.
func (*Lion) IsExhibit() {}

// IsBeing marks a being.
func (Owl) IsBeing() {}

// IsAnimal marks an animal.
func (Owl) IsAnimal() {}

// IsOwned marks what is owned.
func (Owl) IsOwned() {}

// IsExhibit marks an exhibit.
func (Owl) IsExhibit() {}

// IsBeing marks a being.
func (*Stone) IsBeing() {}

// IsTagged marks what is tagged.
func (*Stone) IsTagged() {}

// IsExhibit marks an exhibit.
func (*Stone) IsExhibit() {}

// IsFind marks a find.
func (*Stone) IsFind() {}

// IsBeing marks a being.
func (*Keeper) IsBeing() {}

// IsFind marks a find.
func (*Keeper) IsFind() {}

// IsHome marks a home.
func (*Den) IsHome() {}

// IsHome marks a home.
func (Nest) IsHome() {}

// At gives the place of an object. A plural resolver may be handed a nil object, whose place is the zero one.
func (p Place) At() Place { return p }

// NewLion makes the lion of a place.
func NewLion(p Place) *Lion {
	return &Lion{
		Body: Body{Place: p, Legs: 3 + p.Number("legs", 3), Diet: p.Text("meat")},
		Note: noteOrNil(p.Below("note")),
	}
}

// NewOwl makes the owl of a place.
func NewOwl(p Place) Owl {
	return Owl{
		Place: p,
		ID:    p.Text("owl"),
		Legs:  OrNil(p, "legs", 2),
		Mood:  AllMood[p.Number("mood", len(AllMood))],
		Note:  *NewNote(p.Below("note")),
	}
}

// NewStone makes the stone of a place.
func NewStone(p Place) *Stone {
	s := &Stone{Place: p, Name: p.Text("stone"), Tag: OrNil(p, "tag", p.Text("tag")), Note: noteOrNil(p.Below("note"))}
	if !p.Rarely("no home", 3) {
		s.Home = &Site{Place: p.Below("home"), Size: Large, Depth: p.Number("depth", 100)}
	}
	return s
}

// NewKeeper makes the keeper of a place.
func NewKeeper(p Place) *Keeper {
	return &Keeper{Place: p, Level: OrNil(p, "level", Level(p.Number("level", 3)))}
}

// NewNote makes the note of a place.
func NewNote(p Place) *Note {
	return &Note{Place: p, Text: p.Text("note"), Lines: List(p, "lines", func(p Place) string { return p.Text("line") })}
}

// NewSign makes the sign of a place.
func NewSign(p Place) Sign {
	s := Sign{Text: p.Text("sign"), Size: OrNil(p, "size", Small)}
	if !p.Rarely("arrows", 3) {
		s.Arrows = List(p, "arrows", func(p Place) Mood { return AllMood[p.Number("mood", len(AllMood))] })
	}
	if p.Rarely("lion", 2) {
		s.Lion = NewLion(p.Below("lion"))
	}
	return s
}

func noteOrNil(p Place) *Note {
	if p.Rarely("no note", 4) {
		return nil
	}
	return NewNote(p)
}

// ID gives the lion's id.
func (l *Lion) ID() string { return l.Text("lion") }

// Name gives the lion's name, or fails.
func (l *Lion) Name(ctx context.Context) (*string, error) {
	if err := l.Fail("Lion.name"); err != nil {
		return nil, errors.Join(ctx.Err(), err)
	}
	if l.Outcome("Lion.name") == Missing {
		return nil, nil
	}
	return OrNil(l.Place, "name", l.Text("name")), nil
}

// Label gives a label, which depends on the language.
func (l *Lion) Label(lang *Lang) *string { return label(l.Place, lang) }

// Label gives a label, which depends on the language.
func (s *Stone) Label(_ context.Context, lang *Lang) (*string, error) {
	return label(s.Place, lang), s.Fail("Stone.label")
}

func label(p Place, lang *Lang) *string {
	if lang == nil {
		return nil
	}
	return OrNil(p, "label", p.Text(string(*lang)))
}

// ID gives the stone's id.
func (s *Stone) ID(context.Context) Name { return Name(s.Text("stone")) }

// ID gives the keeper's id.
func (k *Keeper) ID() string { return k.Text("keeper") }

// Name gives the owl's name.
func (o Owl) Name() *string { return OrNil(o.Place, "name", o.Text("name")) }

// Nickname gives the owl's nickname, and whether it has one.
func (o Owl) Nickname() (string, bool) { return o.Text("nickname"), !o.Rarely("nickname", 4) }

// Kin gives the owl's family.
func (o *Owl) Kin() []Animal {
	if o.Rarely("kin", 3) {
		return nil
	}
	return ListOf(o.Place, "kin", o.Number("kin", 3), NewAnimal)
}

// Next gives the note after this one.
func (n *Note) Next() *Note { return noteOrNil(n.Below("next")) }

// Depth gives the depth of a nest, and panics where a fault says so.
func (n Nest) Depth() int {
	if n.Outcome("Nest.depth") == Panicked {
		panic("Nest.depth panicked")
	}
	return n.Number("depth", 10)
}

// NewAnimal makes the animal of a place: a lion, an owl by value or an owl by pointer.
func NewAnimal(p Place) Animal {
	switch p.Number("animal", 4) {
	case 0:
		return NewOwl(p)
	case 1:
		owl := NewOwl(p)
		return &owl
	default:
		return NewLion(p)
	}
}

// NewBeing makes the being of a place.
func NewBeing(p Place) Being {
	switch p.Number("being", 5) {
	case 0:
		return NewStone(p)
	case 1:
		return NewKeeper(p)
	default:
		return NewAnimal(p)
	}
}

// NewExhibit makes the exhibit of a place.
func NewExhibit(p Place) Exhibit {
	switch p.Number("exhibit", 6) {
	case 0:
		return NewSign(p)
	case 1:
		sign := NewSign(p)
		return &sign
	case 2:
		return NewStone(p)
	case 3:
		return NewOwl(p)
	default:
		return NewLion(p)
	}
}

// NewFind makes the find of a place.
func NewFind(p Place) Find {
	switch p.Number("find", 3) {
	case 0:
		return NewSign(p)
	case 1:
		return NewStone(p)
	default:
		return NewKeeper(p)
	}
}

// NewNest makes the nest of a place.
func NewNest(p Place) Nest {
	n := Nest{Place: p, Size: OrNil(p, "size", Small)}
	if !p.Rarely("eggs", 3) {
		n.Eggs = List(p, "eggs", func(p Place) []int {
			if p.Rarely("row", 3) {
				return nil
			}
			return List(p, "row", func(p Place) int { return p.Number("egg", 10) })
		})
	}
	return n
}
