package upstream

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// TestParticularOptions: calls that are made by generated clients can be shared and kept, though those add an option to each.
func TestParticularOptions(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		option grpc.CallOption
		want   bool
	}{
		"what generated clients say": {grpc.StaticMethod(), false},
		"a header that is wanted":    {grpc.Header(&metadata.MD{}), true},
		"another size":               {grpc.MaxCallRecvMsgSize(1), true},
		"another's credentials":      {grpc.PerRPCCredentials(nil), true},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if got := particular(test.option); got != test.want {
				t.Errorf("%t, want %t", got, test.want)
			}
		})
	}
}

// TestCallsOfParticularOptionsAreOne: an option may be a place of the caller's that each call writes to, also one that has lost.
func TestCallsOfParticularOptionsAreOne(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		option grpc.CallOption
		calls  int32
	}{
		"what generated clients say": {grpc.StaticMethod(), 2},
		"a header that is wanted":    {grpc.Header(&metadata.MD{}), 1},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var calls atomic.Int32
				g := &GRPC{}
				o := Options{Name: "shop", Policy: hedges()}
				o.setDefaults()
				if err := g.init(o, Inputs{}, func(context.Context, *request) (*reply, error) {
					time.Sleep(quick)
					if calls.Add(1) > 20 {
						time.Sleep(time.Second)
					}
					return &reply{}, nil
				}); err != nil {
					t.Fatal(err)
				}
				g.kinds.Store("/shop.Shop/Get", read)
				ask := func(option grpc.CallOption) {
					if err := g.Invoke(t.Context(), "/shop.Shop/Get", wrapperspb.String("x"), new(wrapperspb.StringValue), option); err != nil {
						t.Error(err)
					}
				}
				for range 20 {
					ask(grpc.StaticMethod())
				}
				ask(test.option)
				if got := calls.Load() - 20; got != test.calls {
					t.Errorf("%d calls, want %d", got, test.calls)
				}
				time.Sleep(time.Minute) // the one that has lost does not listen
			})
		})
	}
}
