// Package cancelorder is the workflow that calls an order off: its parcel is kept back, the money goes back, and the stock is free again.
package cancelorder

import (
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/workflows"
)

// Cancellation is an order to call off, and how far that is.
type Cancellation struct {
	OrderID    string `json:"orderId"`              // the order's local id
	CustomerID string `json:"customerId,omitempty"` // whose order it must be; empty for anybody's

	// What the steps have learned.
	Owner      string          `json:"owner,omitempty"`      // whose order it is
	Reference  string          `json:"reference,omitempty"`  // what its stock is held for
	Cancelled  bool            `json:"cancelled,omitempty"`  // whether it was called off before
	ShipmentID string          `json:"shipmentId,omitempty"` // the parcel to keep back; empty for none
	ShipTo     sources.Address `json:"shipTo,omitzero"`
	Problems   []Problem       `json:"problems,omitempty"` // why it was refused
}

// Kind is a kind of Problem.
type Kind string

// The kinds of problems.
const (
	OrderNotFound    Kind = "ORDER_NOT_FOUND"
	OrderOnItsWay    Kind = "ORDER_ON_ITS_WAY"
	OrderBeingPlaced Kind = "ORDER_BEING_PLACED"
)

// Problem is why a cancellation was refused.
type Problem struct {
	Kind    Kind   `json:"kind"`
	Message string `json:"message"` // for the customer: what was wrong and what to do
}

// problems are the sentences of each kind.
var problems = map[Kind]string{
	OrderNotFound:    "There is no such order of yours. Check its id; nothing was changed.",
	OrderOnItsWay:    "The order is on its way, or has arrived. Send it back when you have it; nothing was changed.",
	OrderBeingPlaced: "The order is still being placed. Ask again when its checkout has ended, with a new key; nothing was changed.",
}

// refuse gives the cancellation with a problem, and the error of a step that refuses it.
func (s Cancellation) refuse(kind Kind) (Cancellation, error) {
	s.Problems = []Problem{{Kind: kind, Message: problems[kind]}}
	return s, workflows.ErrRefused
}
