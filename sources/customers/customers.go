// Package customers reads and changes customers' profiles at the customers service.
package customers

import (
	"time"

	"github.com/mainstem/mainstem/sources"
)

// Customer is somebody who buys.
type Customer struct {
	ID          sources.ID
	DisplayName string
	Avatar      *sources.URL
	MemberSince time.Time
	Tier        CustomerTier
	Email       string
	Phone       *string
	Addresses   []sources.Address
}

// IsNode marks Customer as a Node.
func (*Customer) IsNode() {}

// CustomerTier is the rank of an account.
type CustomerTier string

// The ranks of an account.
const (
	TierStandard CustomerTier = "STANDARD"
	TierSilver   CustomerTier = "SILVER"
	TierGold     CustomerTier = "GOLD"
)
