// Package inventory reads and reserves stock at the inventory service.
package inventory

import "time"

// StockLevel is how many of a product there are.
type StockLevel struct {
	Available  int32
	Reserved   int32
	Status     StockStatus
	Warehouses []WarehouseStock
	UpdatedAt  time.Time
}

// StockStatus is a product's stock in one word.
type StockStatus string

// The states of a stock.
const (
	InStock    StockStatus = "IN_STOCK"
	LowStock   StockStatus = "LOW_STOCK"
	OutOfStock StockStatus = "OUT_OF_STOCK"
)

// WarehouseStock is how many of a product one warehouse has.
type WarehouseStock struct {
	Warehouse string
	OnHand    int32
}
