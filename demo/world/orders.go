package world

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"time"
)

const (
	oldestOrder  = 540 * day
	freeShipping = 5000 // the subtotal from which sending costs nothing
	shippingCost = 490
)

// wanted is an order that the first customer has in every world, so that there is something of each kind to look at.
type wanted struct {
	age    time.Duration
	status string
}

var firstCustomerHas = []wanted{
	{age: 2 * time.Hour, status: "pending"},
	{age: 20 * time.Hour, status: "paid"},
	{age: 3 * day, status: "shipped"},
	{age: 12 * day, status: "delivered"},
	{age: 35 * day, status: "delivered"},
	{age: 100 * day, status: "cancelled"},
	{age: 200 * day, status: "delivered"},
}

// age gives how old the i-th of n orders is: the shop has grown, so most are young.
func age(i float64, n int) time.Duration {
	left := 1 - i/float64(n)
	return time.Duration(left * left * float64(oldestOrder)).Truncate(time.Second)
}

// indexAt gives the order that is about as old as asked for.
func indexAt(age time.Duration, n int) int {
	return int(float64(n) * (1 - math.Sqrt(float64(age)/float64(oldestOrder))))
}

// orders places n orders, which must be 100 or more for the first customer's to be apart.
func orders(d *dice, w *World, n int) []Order {
	first := map[int]string{}
	for _, f := range firstCustomerHas {
		first[indexAt(f.age, n)] = f.status
	}
	all := make([]Order, n)
	payments, shipments := 0, 0
	for i := range all {
		d.start(kindOrder, i)
		at := w.Now.Add(-age(float64(i)+d.span(0.1, 0.9), n))
		status, forced := first[i]
		c := &w.Customers[0]
		if !forced {
			status = orderStatus(d, w.Now.Sub(at))
			c = buyer(d, w.Customers, at)
		}
		o := Order{
			ID: fmt.Sprintf("ord-%06d", i+1), Number: fmt.Sprintf("%d-%06d", at.Year(), i+1),
			CustomerID: c.ID, Status: status, PlacedAt: at, Lines: lines(d, w.Products, at), Address: c.Addresses[0],
		}
		if d.chance(10) {
			o.Address = pick(d, c.Addresses)
		}
		if o.Subtotal() < freeShipping {
			o.ShippingCost = shippingCost
		}
		o.Tax = int32((int64(o.Total())*19 + 59) / 119) // 19 %, rounded
		if o.Payment = payment(d, w.Now, &o, forced); o.Payment != nil {
			payments++
			o.Payment.ID = fmt.Sprintf("pay-%06d", payments)
		}
		if o.Shipment = shipment(d, w.Now, &o); o.Shipment != nil {
			shipments++
			o.Shipment.ID = fmt.Sprintf("shp-%06d", shipments)
		}
		all[i] = o
	}
	return all
}

// Subtotal gives the lines' sum.
func (o *Order) Subtotal() int32 {
	var sum int32
	for _, l := range o.Lines {
		sum += l.Quantity * l.Price
	}
	return sum
}

// Total gives what the customer pays: the lines and the sending.
func (o *Order) Total() int32 { return o.Subtotal() + o.ShippingCost }

var orderStatuses = []string{"pending", "paid", "shipped", "delivered", "cancelled"}

func orderStatus(d *dice, age time.Duration) string {
	weights := []int{0, 0, 0, 93, 7}
	switch {
	case age < 6*time.Hour:
		weights = []int{45, 50, 0, 0, 5}
	case age < day:
		weights = []int{15, 80, 0, 0, 5}
	case age < 5*day:
		weights = []int{3, 10, 65, 17, 5}
	case age < 9*day:
		weights = []int{0, 0, 12, 82, 6}
	}
	return orderStatuses[d.weighted(weights...)]
}

// buyer picks somebody who was a customer by then. A few of the oldest customers order again and again.
func buyer(d *dice, customers []Customer, at time.Time) *Customer {
	if d.chance(15) {
		regulars := max(len(customers)/100, 3)
		return &customers[int(float64(regulars)*math.Pow(d.Float64(), 1.5))]
	}
	return &customers[d.IntN(known(customers, at))]
}

// known says how many customers there were at a moment; some of the first are older than everything else.
func known(customers []Customer, at time.Time) int {
	return sort.Search(len(customers), func(i int) bool { return customers[i].CreatedAt.After(at) })
}

// lines buys one to five products that were on sale at that moment.
func lines(d *dice, products []Product, at time.Time) []OrderLine {
	offered := sort.Search(len(products), func(i int) bool { return !products[i].CreatedAt.Before(at) })
	n := 1 + d.weighted(35, 25, 20, 12, 8)
	taken := make([]int, 0, n)
	all := make([]OrderLine, 0, n)
	for len(all) < n {
		i := choose(d, products[:offered], at, taken)
		if i < 0 {
			return all
		}
		taken = append(taken, i)
		p := &products[i]
		l := OrderLine{SKU: p.SKU, Name: p.Name, Quantity: int32(1 + d.weighted(70, 20, 10)), Price: p.Price}
		// Never the first line, so that each order has a product to show.
		if len(all) > 0 && d.IntN(1000) < 18 {
			l.SKU = fmt.Sprintf("SKU-9%05d", d.IntN(100_000))
		}
		all = append(all, l)
	}
	return all
}

// choose gives the index of a product that could be bought at that moment and is not taken yet, or -1.
func choose(d *dice, products []Product, at time.Time, taken []int) int {
	start := d.IntN(len(products))
	for k := range products {
		i := (start + k) % len(products)
		if products[i].soldAt(at) && !slices.Contains(taken, i) {
			return i
		}
	}
	return -1
}

// soldAt takes the last change of a product that is no longer sold for its end.
func (p *Product) soldAt(at time.Time) bool {
	return p.Status == "active" || p.Status == "discontinued" && at.Before(p.UpdatedAt)
}
