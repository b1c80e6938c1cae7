package model

import (
	"context"
	"errors"
	"math"
	"time"
)

// Values has a member for each way in which a scalar or an enum can be bound.
type Values struct {
	Place

	Int            int
	Int32          int32
	Int64          *int64
	IntPointer     *int
	IntPointerMust *int
	Ints           []int
	IntPointers    []*int32
	Float          float64
	FloatPointer   *float64
	Floats         []float64
	Bool           bool
	BoolPointer    *bool
	String         string
	StringPointer  *string
	Strings        []*string
	Nick           *Name
	NickMust       Name
	Nicks          []Name
	ID             Name
	IDPointer      *string
	IDNumber       int
	IDs            []string
	Weight         Weight
	WeightPointer  *Weight
	Weights        []Weight
	WeightsLoose   []*Weight
	Colour         Colour
	ColourPointer  *Colour
	Colours        []*Colour
	Moment         Moment
	MomentPointer  *Moment
	Moments        []*Moment
	Code           Code
	CodePointer    *Code
	Codes          []*Code
	Maybe          *Maybe
	MaybeMust      Maybe
	Maybes         []*Maybe
	Any            any
	Map            map[string]any
	Time           *time.Time
	Mood           Mood
	MoodPointer    *Mood
	Moods          []Mood
	Size           *Size
	Sizes          []*Size
	Level          Level
	LevelPointer   *Level
	Levels         []Level
	Lang           *Lang
	Langs          []Lang
	Other          *string
}

var (
	allSizes = []Size{Small, Medium, Large}
	allLangs = []Lang{"EN", "DE", "FR"}
	odd      = "quotes \" and \\ and \n and é and 🦁 and <&> and \u2028"
)

// NewValues makes the values of a place.
func NewValues(p Place) *Values {
	v := &Values{
		Place:  p,
		Int:    p.Number("int", 100) - 50,
		Int32:  math.MinInt32 + int32(p.Number("int32", 2)), //nolint:gosec // it is small
		Bool:   p.Rarely("bool", 2),
		String: p.Text(odd),
		Float:  []float64{0, -1.5, 1e21, 1e-9, 100000000, 123456789.125}[p.Number("float", 6)],
		Any:    map[string]any{"number": p.Number("any", 9), "list": []any{nil, true, "x"}},
		Other:  OrNil(p, "other", p.Text("other")),
	}
	v.numbers(p)
	v.texts(p)
	v.scalars(p)
	v.enums(p)
	return v
}

func (v *Values) numbers(p Place) {
	number := func(p Place) int { return p.Number("number", 10) }
	v.Int64 = OrNil(p, "int64", int64(p.Number("int64", 1000)))
	v.IntPointer = OrNil(p, "intPointer", p.Number("intPointer", 1000))
	v.Ints = List(p, "ints", number)
	v.IntPointers = List(p, "intPointers", func(p Place) *int32 { return OrNil(p, "int", int32(number(p))) }) //nolint:gosec // it is small
	v.FloatPointer = OrNil(p, "floatPointer", float64(p.Number("floatPointer", 100))/8)
	v.Floats = List(p, "floats", func(p Place) float64 { return float64(number(p)) / 3 })
	v.BoolPointer = OrNil(p, "boolPointer", p.Rarely("bool", 2))
	v.IDNumber = number(p)
	if p.Outcome("Values.intPointerMust") != Missing {
		n := number(p)
		v.IntPointerMust = &n
	}
}

func (v *Values) texts(p Place) {
	v.StringPointer = OrNil(p, "stringPointer", p.Text("pointer"))
	v.Strings = List(p, "strings", func(p Place) *string { return OrNil(p, "string", p.Text("string")) })
	v.Nick = OrNil(p, "nick", Name(p.Text("nick")))
	v.NickMust = Name(p.Text("nickMust"))
	v.Nicks = List(p, "nicks", func(p Place) Name { return Name(p.Text("nick")) })
	v.ID = Name(p.Text("values"))
	v.IDPointer = OrNil(p, "idPointer", p.Text("id"))
	v.IDs = List(p, "ids", func(p Place) string { return p.Text("id") })
}

func (v *Values) scalars(p Place) {
	weight := func(p Place) Weight { return Weight(p.Number("weight", 1000)) / 4 }
	v.Weight = weight(p)
	v.WeightPointer = OrNil(p, "weightPointer", weight(p))
	v.Weights = List(p, "weights", weight)
	v.WeightsLoose = List(p, "weightsLoose", func(p Place) *Weight { return OrNil(p, "weight", weight(p)) })
	v.Colour = Colour{R: 1, G: 2, B: 3}
	v.ColourPointer = OrNil(p, "colourPointer", Colour{R: 255})
	v.Colours = List(p, "colours", func(Place) *Colour { return &Colour{B: 9} })
	v.Moment, v.Code = 1, "must"
	if p.faults.Unwritable {
		v.Moment, v.Code = -1, ""
	}
	v.MomentPointer = OrNil(p, "momentPointer", moment(p.Below("momentPointer")))
	v.Moments = List(p, "moments", func(p Place) *Moment { return OrNil(p, "moment", moment(p)) })
	v.CodePointer = OrNil(p, "codePointer", code(p.Below("codePointer")))
	v.Codes = List(p, "codes", func(p Place) *Code { return OrNil(p, "code", code(p)) })
	v.Maybe = OrNil(p, "maybe", maybe(p, 2))
	v.MaybeMust = "certain"
	if p.Outcome("Values.maybeMust") == Missing {
		v.MaybeMust = ""
	}
	v.Maybes = List(p, "maybes", func(p Place) *Maybe { return OrNil(p, "maybe", maybe(p, 3)) })
	if !p.Rarely("map", 4) {
		v.Map = map[string]any{"text": p.Text("map"), "nothing": nil}
	}
	v.Time = OrNil(p, "time", time.Unix(int64(p.Number("time", 1e9)), 0).UTC())
}

func (v *Values) enums(p Place) {
	mood := func(p Place) Mood { return AllMood[p.Number("mood", len(AllMood))] }
	size := func(p Place) Size { return allSizes[p.Number("size", len(allSizes))] }
	level := func(p Place) Level { return Level(p.Number("level", 3)) }
	lang := func(p Place) Lang { return allLangs[p.Number("lang", len(allLangs))] }
	v.Mood, v.MoodPointer, v.Moods = mood(p), OrNil(p, "moodPointer", mood(p)), List(p, "moods", mood)
	v.Size = OrNil(p, "size", size(p))
	v.Sizes = List(p, "sizes", func(p Place) *Size { return OrNil(p, "size", size(p)) })
	v.Level, v.LevelPointer, v.Levels = level(p), OrNil(p, "levelPointer", level(p)), List(p, "levels", level)
	v.Lang, v.Langs = OrNil(p, "lang", lang(p)), List(p, "langs", lang)
}

// moment gives one that cannot be written where a fault says so.
func moment(p Place) Moment {
	if p.Outcome("Moment") == Failed {
		return -1
	}
	return Moment(p.Number("moment", 1e6))
}

// code gives one that cannot be written where a fault says so.
func code(p Place) Code {
	if p.Outcome("Code") == Failed {
		return ""
	}
	return Code(p.Text("code"))
}

func maybe(p Place, oneIn int) Maybe {
	if p.Rarely("maybe", oneIn) {
		return ""
	}
	return Maybe(p.Text("maybe"))
}

// Plain gives a number.
func (v *Values) Plain() int { return v.Number("plain", 100) }

// Risky gives text, or fails, or panics.
func (v *Values) Risky() (*string, error) {
	if err := v.Fail("Values.risky"); err != nil {
		return nil, err
	}
	return OrNil(v.Place, "risky", v.Text("risky")), nil
}

// RiskyMust gives text, or fails, or panics, or gives null although it may not.
func (v *Values) RiskyMust() (*string, error) {
	if err := v.Fail("Values.riskyMust"); err != nil {
		return nil, err
	}
	if v.Outcome("Values.riskyMust") == Missing {
		return nil, nil
	}
	text := v.Text("risky")
	return &text, nil
}

// Contextual gives the number of its context.
func (v *Values) Contextual(ctx context.Context) (int, error) {
	if ctx == nil {
		return 0, errors.New("there is no context")
	}
	return v.Number("contextual", 100), nil
}

// Perhaps gives a number, and whether there is one.
func (v *Values) Perhaps() (*float64, bool) {
	f := float64(v.Number("perhaps", 100)) / 4
	return &f, !v.Rarely("perhaps", 3)
}
