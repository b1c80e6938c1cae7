package payments

import (
	"fmt"
	"net/http"

	"github.com/mainstem/mainstem/sources/payments/paymentsapi"
)

// maxBatch is the contract's bound on both batches.
const maxBatch = 100

// BatchGetPayments answers GET /payments/batch.
func (s *service) BatchGetPayments(w http.ResponseWriter, _ *http.Request, params paymentsapi.BatchGetPaymentsParams) {
	s.batch(w, s.byID, "id", params.Id)
}

// ListPaymentsOfOrders answers GET /payments/by-order.
func (s *service) ListPaymentsOfOrders(w http.ResponseWriter, _ *http.Request, params paymentsapi.ListPaymentsOfOrdersParams) {
	s.batch(w, s.current, "order_id", params.OrderId)
}

// batch answers with the payments that an index has under these ids, which a parameter brought, each once.
func (s *service) batch(w http.ResponseWriter, index map[string]*paymentsapi.Payment, parameter string, ids []string) {
	if n := len(ids); n < 1 || n > maxBatch {
		refuse(w, invalid(fmt.Sprintf("1 to %d ids may be asked for at once, not %d.", maxBatch, n)))
		return
	}
	for _, id := range ids {
		if err := needID(parameter, id); err != nil {
			refuse(w, err)
			return
		}
	}
	batch := paymentsapi.PaymentBatch{Items: make([]paymentsapi.Payment, 0, len(ids))}
	seen := make(map[string]bool, len(ids))
	s.ledger.Locked(func() {
		for _, id := range ids {
			if p := index[id]; p != nil && !seen[id] {
				seen[id] = true
				batch.Items = append(batch.Items, *p)
			}
		}
	})
	write(w, http.StatusOK, mediaJSON, batch)
}
