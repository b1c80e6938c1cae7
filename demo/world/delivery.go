package world

import (
	"fmt"
	"time"
)

// payment gives what was paid for an order, or nil. It is made at once; byCard rules other kinds out.
func payment(d *dice, now time.Time, o *Order, byCard bool) *Payment {
	p := &Payment{Amount: o.Total(), CreatedAt: earliest(o.PlacedAt.Add(time.Duration(2+d.IntN(90))*time.Second), now)}
	switch o.Status {
	case "pending":
		p.Status = []string{"", "authorized", "declined"}[d.weighted(50, 30, 20)]
	case "cancelled":
		p.Status = []string{"", "voided", "refunded", "declined"}[d.weighted(15, 40, 30, 15)]
	default:
		p.Status = "captured"
		if o.Status == "delivered" && d.chance(4) {
			p.Status = "refunded"
		}
	}
	switch p.Status {
	case "":
		return nil
	case "captured":
		p.Captured = p.Amount
	case "refunded":
		p.Captured, p.Refunded = p.Amount, p.Amount
		if o.Status == "delivered" && d.chance(50) {
			p.Refunded = o.Lines[0].Price
		}
	}
	method(d, p, byCard)
	return p
}

func method(d *dice, p *Payment, byCard bool) {
	kind := []string{"card", "bank_transfer", "gift_card"}[d.weighted(70, 22, 8)]
	if byCard || kind == "gift_card" && p.Amount > 20_000 {
		kind = "card"
	}
	p.Kind = kind
	p.Last4 = fmt.Sprintf("%04d", d.IntN(10_000))
	switch kind {
	case "card":
		p.Brand = []string{"visa", "mastercard", "amex"}[d.weighted(50, 40, 10)]
		p.Month, p.Year = int32(1+d.IntN(12)), int32(2027+d.IntN(5))
	case "bank_transfer":
		p.Brand = pick(d, banks)
	}
}

var banks = []string{"Nordbank", "Hansebank", "Isarbank", "Stadtsparkasse Musterstadt", "Bank für Handwerk", "Caisse de l'Est"}

// step is a stage of a parcel's way; after is the part of the whole way's time at which it is reached.
type step struct {
	after       float64
	description string
	place       func(d *dice, o *Order) string
}

var steps = []step{
	{0.05, "The label was printed", warehouse},
	{0.25, "The parcel was handed over to the carrier", warehouse},
	{0.50, "The parcel arrived at the sorting centre", func(d *dice, _ *Order) string { return pick(d, hubs) }},
	{0.70, "The parcel is on its way to the depot", func(*dice, *Order) string { return "" }},
	{0.90, "The parcel is out for delivery", func(_ *dice, o *Order) string { return o.Address.City }},
	{1.00, "The parcel was delivered", func(_ *dice, o *Order) string { return o.Address.City }},
}

func warehouse(*dice, *Order) string { return "Berlin" }

var hubs = []string{"Hannover", "Kassel", "Leipzig", "Nürnberg", "Osnabrück"}

// carrier is who carries; the number of a parcel is appended to its page, if it has one.
type carrier struct{ name, prefix, page string }

var carriers = []carrier{
	{"Parcel Express", "PX", "https://parcel-express.example/track/"},
	{"Nordpost", "NP", "https://nordpost.example/sendung/"},
	{"Velo Kurier", "VK", ""},
}

// shipment gives the parcel of an order, or nil as long as nothing is sent.
func shipment(d *dice, now time.Time, o *Order) *Shipment {
	age := now.Sub(o.PlacedAt)
	status, reached := shipmentStatus(d, o.Status, age)
	if status == "" {
		return nil
	}
	// The whole way takes as long as it must for the steps reached to lie in the past and the others in the future.
	way := time.Duration(d.span(2, 5) * float64(day))
	if status == "labelled" || status == "in_transit" || status == "out_for_delivery" {
		way = time.Duration(float64(age) / d.span(steps[reached-1].after, steps[reached].after))
	} else if way >= age {
		way = age * 9 / 10
	}
	c := carriers[d.weighted(50, 40, 10)]
	s := &Shipment{Status: status, Carrier: c.name, TrackingNumber: fmt.Sprintf("%s%012d", c.prefix, d.Int64N(1e12))}
	if c.page != "" {
		s.TrackingURL = c.page + s.TrackingNumber
	}
	for _, step := range steps[:reached] {
		at := o.PlacedAt.Add(time.Duration(step.after * float64(way))).Truncate(time.Second)
		s.Events = append(s.Events, TrackingEvent{At: at, Description: step.description, Location: step.place(d, o)})
	}
	last := s.Events[reached-1].At
	switch status {
	case "cancelled":
		s.Events = append(s.Events, TrackingEvent{At: d.between(last, earliest(last.Add(day), now)), Description: "The shipment was called off"})
		return s
	case "delivered":
		s.DeliveredAt = last
	}
	if status != "labelled" || d.chance(50) {
		s.EstimatedAt = o.PlacedAt.Add(way).Truncate(time.Hour)
	}
	return s
}

// shipmentStatus gives the status and how many steps are reached.
func shipmentStatus(d *dice, order string, age time.Duration) (string, int) {
	switch order {
	case "delivered":
		return "delivered", len(steps)
	case "shipped":
		reached := 2 + d.weighted(30, 25, 20, 25)
		if reached == 5 {
			return "out_for_delivery", reached
		}
		return "in_transit", reached
	case "paid":
		if age < day && d.chance(40) {
			return "labelled", 1
		}
	case "cancelled":
		if d.chance(15) {
			return "cancelled", 1
		}
	}
	return "", 0
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
