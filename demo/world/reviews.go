package world

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const mostReviews = 8

// delivery is a product that a customer has in hands.
type delivery struct {
	customer string
	at       time.Time
}

// reviews lets customers speak: those who bought a product here, whose reviews are verified, and others. Nobody speaks of a
// product twice.
func reviews(d *dice, w *World) []Review {
	delivered := map[string][]delivery{}
	for i := range w.Orders {
		o := &w.Orders[i]
		if o.Status != "delivered" {
			continue
		}
		for _, l := range o.Lines {
			delivered[l.SKU] = append(delivered[l.SKU], delivery{customer: o.CustomerID, at: o.Shipment.DeliveredAt})
		}
	}
	all := make([]Review, 0, len(w.Products)*3)
	for i := range w.Products {
		d.start(kindReviews, i)
		all = productReviews(d, w, &w.Products[i], delivered[w.Products[i].SKU], all)
	}
	slices.SortStableFunc(all, func(a, b Review) int { return a.CreatedAt.Compare(b.CreatedAt) })
	for i := range all {
		all[i].ID = fmt.Sprintf("rev-%07d", i+1)
	}
	return all
}

func productReviews(d *dice, w *World, p *Product, buyers []delivery, all []Review) []Review {
	if p.Status == "announced" {
		return all
	}
	n := d.weighted(14, 15, 17, 16, 13, 10, 7, 5, 3)
	mood := d.IntN(3)
	authors := make([]string, 0, mostReviews)
	add := func(customer string, at time.Time, verified bool) {
		r := opinion(d, p, mood)
		r.SKU, r.CustomerID, r.CreatedAt, r.Verified = p.SKU, customer, at, verified
		authors, all = append(authors, customer), append(all, r)
	}
	for _, b := range buyers {
		first := b.customer == w.Customers[0].ID
		if len(authors) < mostReviews && !slices.Contains(authors, b.customer) && (first || len(authors) < n && d.chance(50)) {
			add(b.customer, d.between(b.at, earliest(b.at.Add(60*day), w.Now)), true)
		}
	}
	for range 8 * n { // in a tiny world everybody may have bought the product: not for ever
		if len(authors) >= n {
			break
		}
		at := d.between(p.CreatedAt, w.Now)
		if author := stranger(d, w.Customers, at); !slices.Contains(authors, author) && !bought(buyers, author) {
			add(author, at, false)
		}
	}
	return all
}

// stranger picks somebody who was a customer by then or, once in a hundred times, somebody who is gone: ids from cus-90000 on
// are nobody's.
func stranger(d *dice, customers []Customer, at time.Time) string {
	if d.chance(1) {
		return fmt.Sprintf("cus-%05d", 90_000+d.IntN(10_000))
	}
	return customers[d.IntN(known(customers, at))].ID
}

func bought(buyers []delivery, customer string) bool {
	return slices.ContainsFunc(buyers, func(b delivery) bool { return b.customer == customer })
}

// opinion writes a review of a product that people like (mood 2), or less so.
func opinion(d *dice, p *Product, mood int) Review {
	odds := [][]int{{14, 16, 25, 25, 20}, {5, 7, 13, 35, 40}, {1, 2, 6, 26, 65}}[mood]
	r := Review{Rating: int32(1 + d.weighted(odds...))}
	words := opinions[r.Rating-1]
	if d.chance(75) {
		r.Title = pick(d, words.titles)
	}
	parts := []string{pick(d, words.openings)}
	if d.chance(70) {
		parts = append(parts, pick(d, words.details))
	}
	if d.chance(35) {
		parts = append(parts, pick(d, asides))
	}
	if d.chance(60) {
		parts = append(parts, pick(d, words.endings))
	}
	r.Body = strings.NewReplacer("{brand}", p.Brand, "{name}", p.Name).Replace(strings.Join(parts, " "))
	return r
}
