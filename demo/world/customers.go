package world

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

const (
	oldestCustomer = 4 * 365 * day
	newestCustomer = day
)

func customers(d *dice, now time.Time, n int) []Customer {
	all := make([]Customer, n)
	for i := range all {
		d.start(kindCustomer, i)
		first, last := d.fake.FirstName(), d.fake.LastName()
		c := Customer{
			ID:          fmt.Sprintf("cus-%05d", i+1),
			DisplayName: first + " " + last[:1] + ".",
			FullName:    first + " " + last,
			Email:       fmt.Sprintf("%s.%s%d@%s", letters(first), letters(last), i+1, pick(d, mailDomains)),
			Tier:        "standard", // until setTiers has counted
			CreatedAt:   d.spread(now.Add(-oldestCustomer), now.Add(-newestCustomer), i, n),
		}
		if i == 0 || d.chance(70) {
			c.Phone = fmt.Sprintf("%s%03d", pick(d, phonePrefixes), d.IntN(1000))
		}
		if i == 0 || d.chance(65) {
			c.Avatar = "https://images.example/avatars/" + c.ID + ".png"
		}
		c.Addresses = make([]Address, 1+d.weighted(65, 25, 10))
		for k := range c.Addresses {
			c.Addresses[k] = address(d, c.FullName)
		}
		all[i] = c
	}
	return all
}

// letters gives a name's letters in lower case; gofakeit's names are ASCII.
func letters(name string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, name))
}

func address(d *dice, recipient string) Address {
	t := pick(d, towns)
	number := 1 + d.IntN(140)
	a := Address{
		Recipient:   recipient,
		City:        t.name,
		Region:      t.region,
		PostalCode:  strings.Map(func(r rune) rune { return digit(d, r) }, t.postalCode),
		CountryCode: t.country,
	}
	if t.numberFirst {
		a.Lines = []string{fmt.Sprintf("%d %s", number, pick(d, t.streets))}
	} else {
		a.Lines = []string{fmt.Sprintf("%s %d", pick(d, t.streets), number)}
	}
	if d.chance(12) {
		a.Lines = append(a.Lines, pick(d, secondLines))
	}
	return a
}

// digit replaces the marks of a postal code's pattern.
func digit(d *dice, mark rune) rune {
	switch mark {
	case '#':
		return '0' + rune(d.IntN(10))
	case '?':
		return 'A' + rune(d.IntN(26))
	}
	return mark
}

// setTiers gives each customer the rank that her orders of the last year have earned.
func setTiers(w *World) {
	count := map[string]int{}
	for i := range w.Orders {
		if o := &w.Orders[i]; o.Status != "cancelled" && o.PlacedAt.After(w.Now.AddDate(-1, 0, 0)) {
			count[o.CustomerID]++
		}
	}
	for i := range w.Customers {
		switch c := &w.Customers[i]; {
		case count[c.ID] >= 30:
			c.Tier = "gold"
		case count[c.ID] >= 10:
			c.Tier = "silver"
		}
	}
}

var mailDomains = []string{"example.com", "example.net", "example.org"}

// phonePrefixes begin the numbers that the Bundesnetzagentur keeps free for fiction.
var phonePrefixes = []string{"+493023125", "+496990009", "+494066969", "+492214710", "+498999998"}

// town is where addresses are. In its postal code # stands for a digit and ? for a letter.
type town struct {
	name, region, postalCode, country string
	streets                           []string
	numberFirst                       bool
}

var (
	german = []string{
		"Ahornweg", "Am Alten Hafen", "Bergstraße", "Bürgermeister-Müller-Weg", "Eichenallee", "Gartenstraße", "Goethestraße",
		"Hauptstraße", "Kastanienallee", "Königstraße", "Lange Reihe", "Lindenstraße", "Marktplatz", "Mühlenweg", "Rosenstraße",
		"Schillerstraße", "Südring", "Uferstraße", "Waldweg", "Ziegelhof",
	}
	dutch  = []string{"Keizersgracht", "Kerkstraat", "Molenweg", "Prinsengracht", "Stationsweg", "Wilhelminastraat"}
	french = []string{"rue de l'Église", "rue des Lilas", "avenue de la République", "place du Marché", "quai Saint-Michel"}
	irish  = []string{"Abbey Street", "Bridge Street", "Harbour Road", "Oak Park", "St Brigid's Terrace"}
)

var towns = []town{
	{name: "Berlin", postalCode: "10###", country: "DE", streets: german},
	{name: "Berlin", postalCode: "12###", country: "DE", streets: german},
	{name: "Hamburg", postalCode: "20###", country: "DE", streets: german},
	{name: "München", postalCode: "80###", country: "DE", streets: german},
	{name: "Köln", postalCode: "50###", country: "DE", streets: german},
	{name: "Leipzig", postalCode: "04###", country: "DE", streets: german},
	{name: "Freiburg im Breisgau", postalCode: "79###", country: "DE", streets: german},
	{name: "Wien", postalCode: "10#0", country: "AT", streets: german},
	{name: "Graz", postalCode: "80##", country: "AT", streets: german},
	{name: "Amsterdam", postalCode: "10## ??", country: "NL", streets: dutch},
	{name: "Utrecht", postalCode: "35## ??", country: "NL", streets: dutch},
	{name: "Strasbourg", postalCode: "67000", country: "FR", streets: french, numberFirst: true},
	{name: "Lyon", postalCode: "6900#", country: "FR", streets: french, numberFirst: true},
	{name: "Cork", region: "County Cork", postalCode: "T12 ??##", country: "IE", streets: irish, numberFirst: true},
	{name: "Galway", region: "County Galway", postalCode: "H91 ??##", country: "IE", streets: irish, numberFirst: true},
}

var secondLines = []string{"Hinterhaus", "2. OG", "c/o Sommer", "Apartment 4", "Aufgang B", "EG links"}
