package shipping_test

import (
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/rpc/rpctest"
	"github.com/mainstem/mainstem/demo/shipping"
	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/sources/shipping/shippingapi"
)

func TestRate(t *testing.T) {
	t.Parallel()
	c, l := serve(t, small(), shipping.WithRate(0.001, 2))
	for range 2 {
		if _, err := c.BatchGetShipments(t.Context(), &shippingapi.BatchGetShipmentsRequest{}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.CreateShipment(t.Context(), creation("create-01", "ord-3"))
	refused(t, err, codes.ResourceExhausted, "RATE_EXCEEDED")
	retry := rpctest.Refused[*errdetails.RetryInfo](t, err, codes.ResourceExhausted)
	if wait := retry.GetRetryDelay().AsDuration(); wait < 900*time.Second || wait > 1001*time.Second {
		t.Errorf("told to wait %v for a token that comes every 1000s", wait)
	}
	if n := len(l.Entries()); n != 0 {
		t.Errorf("%d commands took effect", n)
	}
}

// Who waits as long as told is answered.
func TestRateRefills(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := registered(small(), shipping.WithRate(10, 3))
		call := func() error {
			_, err := s.BatchGetShipments(t.Context(), &shippingapi.BatchGetShipmentsRequest{})
			return err
		}
		for range 3 {
			if err := call(); err != nil {
				t.Fatal(err)
			}
		}
		for range 5 {
			retry := rpctest.Refused[*errdetails.RetryInfo](t, call(), codes.ResourceExhausted)
			if wait := retry.GetRetryDelay().AsDuration(); wait > 101*time.Millisecond {
				t.Errorf("told to wait %v for a token that comes every 100ms", wait)
			}
			time.Sleep(retry.GetRetryDelay().AsDuration())
			if err := call(); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour) // the bucket is full, and no fuller
		for range 3 {
			if err := call(); err != nil {
				t.Fatal(err)
			}
		}
		if err := call(); status.Code(err) != codes.ResourceExhausted {
			t.Errorf("got %v beyond the burst", err)
		}
	})
}

// registrar keeps what is registered, for tests whose clock is not the network's.
type registrar struct{ server shippingapi.ShippingServer }

func (r *registrar) RegisterService(_ *grpc.ServiceDesc, server any) {
	r.server = server.(shippingapi.ShippingServer)
}

func registered(w *world.World, opts ...shipping.Option) shippingapi.ShippingServer {
	var r registrar
	shipping.Register(&r, w, ledger.New(), opts...)
	return r.server
}
