package model

import "context"

// Ghost is a Go interface that stands for an object.
type Ghost interface {
	Name() string
	Age() *int
	Lion(ctx context.Context) (*Lion, error)
	At() Place
}

// Spirit is the only Ghost.
type Spirit struct{ Place }

// Name gives the ghost's name.
func (s Spirit) Name() string { return s.Text("ghost") }

// Age gives the ghost's age, if it is known.
func (s Spirit) Age() *int { return OrNil(s.Place, "age", s.Number("age", 1000)) }

// Lion gives whom it haunts.
func (s Spirit) Lion(context.Context) (*Lion, error) {
	return NewLion(s.Below("lion")), s.Fail("Ghost.lion")
}

// NewCrate makes the crate of a place: a map, whose place is under a key that the schema does not have.
func NewCrate(p Place) map[string]any {
	crate := map[string]any{"": p, "count": p.Number("count", 100)}
	if label := OrNil(p, "label", p.Text("label")); label != nil {
		crate["label"] = label
	}
	if !p.Rarely("note", 3) {
		crate["note"] = NewNote(p.Below("note"))
	}
	if !p.Rarely("weights", 3) {
		crate["weights"] = List(p, "weights", func(p Place) Weight { return Weight(p.Number("weight", 9)) })
	}
	return crate
}

// Vault is for keepers.
type Vault struct {
	Gold int
	Lion *Lion
}

// Tree has methods alone.
type Tree struct{ Place }

// Value gives the number at the tree's root.
func (t *Tree) Value() int { return t.Number("value", 100) }

// Left gives the tree to the left.
func (t *Tree) Left() *Tree { return t.branch("left") }

// Right gives the tree to the right, or fails.
func (t *Tree) Right() (*Tree, error) { return t.branch("right"), t.Fail("Tree.right") }

// Leaves gives trees.
func (t *Tree) Leaves(first int) []*Tree {
	return ListOf(t.Place, "leaves", min(first, 3), func(p Place) *Tree {
		if p.Outcome("Tree.leaves") == Missing {
			return nil // which the schema does not allow
		}
		return &Tree{p}
	})
}

// Loose gives trees, some of which are missing.
func (t *Tree) Loose(context.Context) ([]*Tree, error) {
	return List(t.Place, "loose", func(p Place) *Tree { return OrNil(p, "tree", Tree{p}) }), t.Fail("Tree.loose")
}

func (t *Tree) branch(side string) *Tree { return OrNil(t.Place, side, Tree{t.Below(side)}) }

// Step tells what a field of a mutation did.
type Step struct {
	Place

	Number int
}
