package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
)

const (
	maxPosts     = 100_000
	postsPerUser = 10
)

type post struct {
	UserID int    `json:"userId"`
	ID     int    `json:"id"`
	Title  string `json:"title"`
	Body   string `json:"body"`
}

// user has more than gateways ask for, as users of services do.
type user struct {
	ID       int     `json:"id"`
	Name     string  `json:"name"`
	Username string  `json:"username"`
	Email    string  `json:"email"`
	Address  address `json:"address"`
	Phone    string  `json:"phone"`
	Website  string  `json:"website"`
	Company  company `json:"company"`
}

type address struct {
	Street  string   `json:"street"`
	Suite   string   `json:"suite"`
	City    string   `json:"city"`
	Zipcode string   `json:"zipcode"`
	Geo     position `json:"geo"`
}

type position struct {
	Lat string `json:"lat"`
	Lng string `json:"lng"`
}

type company struct {
	Name        string `json:"name"`
	CatchPhrase string `json:"catchPhrase"`
	Business    string `json:"bs"`
}

// writer makes texts from chance.
type writer struct{ chance *rand.Rand }

func newWriter(seed uint64) writer { return writer{rand.New(rand.NewPCG(seed, 0))} } //nolint:gosec // the same texts each time are what is wanted

var syllables = strings.Fields("ba cor dex en fil gra hum il ju lem mor nas ol pra quin rus sel tor um vex")

func (w writer) word() string {
	var b strings.Builder
	for range 1 + w.chance.IntN(3) {
		b.WriteString(syllables[w.chance.IntN(len(syllables))])
	}
	return b.String()
}

// words gives as many words as have about n characters.
func (w writer) words(n int) string {
	var b strings.Builder
	for b.Len() < n {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w.word())
	}
	return b.String()
}

func (w writer) name() string {
	word := w.word()
	return strings.ToUpper(word[:1]) + word[1:]
}

// post writes the post with an id: a title of some 40 characters, and four lines of as many.
func (w writer) post(id int) post {
	lines := make([]string, 4)
	for i := range lines {
		lines[i] = w.words(30 + w.chance.IntN(12))
	}
	return post{UserID: (id-1)/postsPerUser + 1, ID: id, Title: w.words(12 + w.chance.IntN(52)), Body: strings.Join(lines, "\n")}
}

func (w writer) user(id int) user {
	first, last := w.name(), w.name()
	host := strings.ToLower(last) + ".example"
	return user{
		ID: id, Name: first + " " + last, Username: first, Email: first + "@" + host, Website: host,
		Phone: fmt.Sprintf("%d-555-%04d x%d", 200+w.chance.IntN(700), w.chance.IntN(10_000), w.chance.IntN(100_000)),
		Address: address{
			Street: w.name() + " Street", Suite: fmt.Sprintf("Suite %d", w.chance.IntN(1000)), City: w.name(),
			Zipcode: fmt.Sprintf("%05d-%04d", w.chance.IntN(100_000), w.chance.IntN(10_000)),
			Geo:     position{Lat: fmt.Sprintf("%.4f", 180*w.chance.Float64()-90), Lng: fmt.Sprintf("%.4f", 360*w.chance.Float64()-180)},
		},
		Company: company{Name: w.name() + "-" + w.name(), CatchPhrase: w.words(36), Business: w.words(28)},
	}
}

// text gives an item of a list as it stands there, indented by two spaces.
func text(item any) ([]byte, error) { return json.MarshalIndent(item, "  ", "  ") }

// appendList appends a list of such items.
func appendList(to []byte, items [][]byte) []byte {
	if len(items) == 0 {
		return append(to, "[]"...)
	}
	separator := "[\n  "
	for _, item := range items {
		to = append(append(to, separator...), item...)
		separator = ",\n  "
	}
	return append(to, "\n]"...)
}
