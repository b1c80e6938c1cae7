package upstream

import (
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
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
