package upstream

import (
	"context"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"

	"github.com/mainstem/mainstem/platform/fault"
)

// codec is gRPC's own, except that it leaves what is received as undecoded as it is: waiting for a message and decoding it are two things,
// and while it waits ctx's runner does not run.
type codec struct{ encoding.CodecV2 }

var protobuf = codec{encoding.GetCodecV2(proto.Name)}

// undecoded is a message that was received.
type undecoded struct{ data mem.Buffer }

// Unmarshal keeps a message, or decodes it where gRPC expects one of its own.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	m, ok := v.(*undecoded)
	if !ok {
		return c.CodecV2.Unmarshal(data, v)
	}
	m.free() // a second message where one is allowed, which gRPC refuses next
	m.data = data.MaterializeToBuffer(mem.DefaultBufferPool())
	return nil
}

func (m *undecoded) free() {
	if m.data != nil {
		m.data.Free()
		m.data = nil
	}
}

// receive waits for a message, which get is to be given, and decodes it. It fails with SOURCE_CONTRACT_VIOLATION if the message cannot be
// decoded.
func receive(ctx context.Context, message any, get func(message any) error) error {
	var m undecoded
	defer m.free()
	if err := onWire(ctx, func() error { return get(&m) }); err != nil {
		return err
	}
	if err := protobuf.CodecV2.Unmarshal(mem.BufferSlice{m.data}, message); err != nil {
		return fault.Wrap(fault.SourceContractViolation, err)
	}
	return nil
}
