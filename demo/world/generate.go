package world

import (
	"math/rand/v2"
	"time"

	"github.com/brianvoe/gofakeit/v7"
)

// Options say how large a world is, and which one of its size.
type Options struct {
	Products int    // DefaultProducts if zero or less; MaxProducts at most
	Seed     uint64 // DefaultSeed if zero
}

// What Options mean where they say nothing, and their bound: the SKUs of products that are gone lie beyond MaxProducts.
const (
	DefaultProducts = 5000
	DefaultSeed     = 20261101
	MaxProducts     = 500_000
)

// Generate makes the world that the options describe: always the same one. Everything in it fits together, but for a hundredth
// of the reviews, whose authors are gone, and a hundredth of the order lines, whose products are. The label of a parcel may be
// printed before its order is paid, so an order that was called off may have a shipment that was, whatever became of its payment.
func Generate(o Options) *World {
	if o.Products <= 0 {
		o.Products = DefaultProducts
	}
	if o.Seed == 0 {
		o.Seed = DefaultSeed
	}
	n := min(o.Products, MaxProducts)
	d := newDice(o.Seed)
	w := &World{Now: time.Date(2026, time.November, 1, 12, 0, 0, 0, time.UTC)}
	w.Categories = categories()
	w.Products = products(d, w.Now, n)
	w.Customers = customers(d, w.Now, min(max(n/5, 50), 20_000))
	w.Orders = orders(d, w, min(max(n/4, 100), 50_000))
	w.Reviews = reviews(d, w)
	setTiers(w)
	return w
}

// The kinds of record that have a random sequence of their own.
const (
	kindBrand = iota + 1
	kindProduct
	kindCustomer
	kindOrder
	kindReviews
)

// dice is the source of chance. Each record has a sequence of its own, so that a record which takes one number more than it
// used to changes no other record.
type dice struct {
	*rand.Rand
	fake *gofakeit.Faker
	pcg  *rand.PCG
	seed uint64
}

func newDice(seed uint64) *dice {
	pcg := rand.NewPCG(seed, 0)
	return &dice{Rand: rand.New(pcg), fake: gofakeit.NewFaker(pcg, false), pcg: pcg, seed: seed}
}

// start begins the sequence of the i-th record of a kind.
func (d *dice) start(kind, i int) {
	d.pcg.Seed(mix(d.seed+uint64(kind)), mix(uint64(i)))
}

// mix spreads neighbouring numbers over all 64 bits: the finalizer of SplitMix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// chance is true so many times of a hundred.
func (d *dice) chance(percent int) bool { return d.IntN(100) < percent }

// weighted gives an index of weights, each as often as its weight says.
func (d *dice) weighted(weights ...int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	roll := d.IntN(sum)
	for i, w := range weights {
		if roll < w {
			return i
		}
		roll -= w
	}
	return len(weights) - 1
}

// span gives a number from low up to high. The conversion forbids to fuse multiplication and addition, which some processors do:
// the world is the same on all of them.
func (d *dice) span(low, high float64) float64 {
	return low + float64((high-low)*d.Float64())
}

// between gives a moment from one to another, in whole seconds; from if to is not after it.
func (d *dice) between(from, to time.Time) time.Time {
	seconds := int64(to.Sub(from) / time.Second)
	if seconds <= 0 {
		return from
	}
	return from.Add(time.Duration(d.Int64N(seconds)) * time.Second)
}

func pick[T any](d *dice, from []T) T { return from[d.IntN(len(from))] }

// spread gives the moment at which the i-th of n records came: the first at start, each later than the one before.
func (d *dice) spread(start, end time.Time, i, n int) time.Time {
	if i == 0 {
		return start
	}
	seconds := int(end.Sub(start) / time.Second)
	from, next := seconds*i/n, seconds*(i+1)/n
	return start.Add(time.Duration(from+d.IntN(max(next-from, 1))) * time.Second)
}
