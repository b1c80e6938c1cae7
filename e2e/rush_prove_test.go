//go:build prove

package e2e

import (
	"testing"
	"time"

	"github.com/mainstem/mainstem/storage/storagetest"
)

// TestProveKills kills a gateway 200 times at random times while 20 clients place orders without pause.
func TestProveKills(t *testing.T) {
	runRush(t, trouble{storage: sqlite, gateways: 1, clients: 20, orders: 1, kills: 200, apart: time.Second})
}

// TestProveThousandOrders has 1,000 clients place an order each at the same time: at one gateway, and at three that share a storage, one of which is
// killed every five seconds.
func TestProveThousandOrders(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		runRush(t, trouble{storage: sqlite, gateways: 1, clients: 1000, orders: 1})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		runRush(t, trouble{storage: storagetest.Postgres, gateways: 3, clients: 1000, orders: 1, kills: 4, apart: 5 * time.Second, steadily: true})
	})
}
