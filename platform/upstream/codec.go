package upstream

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/encoding"
	protocodec "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// codec is gRPC's own, except that it leaves messages as they are that are encoded already, or not to be decoded yet: a message is encoded once
// for all attempts and decoded by each who has asked for it; and while a caller waits for one its runner does not run, but while it decodes.
type codec struct{ encoding.CodecV2 }

var protobuf = codec{encoding.GetCodecV2(protocodec.Name)}

// encoded is a message that is to be sent, undecoded one that was received.
type (
	encoded   []byte
	undecoded []byte
)

// Marshal encodes a message, or gives one that is encoded.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	if m, ok := v.(encoded); ok {
		return mem.BufferSlice{mem.SliceBuffer(m)}, nil
	}
	return c.CodecV2.Marshal(v)
}

// errSecond is what a unary call fails with whose service sends more than the one message.
var errSecond = errors.New("a second message where there may be one")

// Unmarshal keeps a message, or decodes it where gRPC expects one of its own. A place holds one message: grpc-go reads a unary answer's second
// into the first one's, and reports it, but ends the stream only if reading fails. A stream that is not ended holds what the service goes on
// sending, and one of the streams that the connection may have, for as long as the connection lives.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	m, ok := v.(*undecoded)
	switch {
	case !ok:
		return c.CodecV2.Unmarshal(data, v)
	case *m != nil:
		return errSecond
	}
	if *m = data.Materialize(); *m == nil {
		*m = undecoded{}
	}
	return nil
}

// encode gives a message's bytes, which are the same for equal messages.
func encode(message any) ([]byte, error) {
	m, ok := message.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("%T is no message", message)
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(m)
}

// decode reads a message.
func decode(data []byte, message any) error {
	m, ok := message.(proto.Message)
	if !ok {
		return fmt.Errorf("%T is no message", message)
	}
	return proto.Unmarshal(data, m)
}

// kindOf says what a call of a method may do to the service, as the method's idempotency_level has it. A command that has a field for an
// idempotency key is none that may be repeated unless it has one.
func (g *GRPC) kindOf(method string, args any) kind {
	known, ok := g.kinds.Load(method)
	if !ok {
		known = kindOfMethod(method)
		g.kinds.Store(method, known)
	}
	k := known.(kind)
	if k == keyedCommand {
		m := args.(proto.Message).ProtoReflect()
		if field := m.Descriptor().Fields().ByName("idempotency_key"); field != nil && field.Kind() == protoreflect.StringKind && m.Get(field).String() == "" {
			return command
		}
	}
	return k
}

// kindOfMethod reads a method's idempotency_level in the contract that is linked into the program. A method that is not has none.
func kindOfMethod(method string) kind {
	name := protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(method, "/"), "/", "."))
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		return command
	}
	options, _ := found.Options().(*descriptorpb.MethodOptions)
	switch options.GetIdempotencyLevel() {
	case descriptorpb.MethodOptions_NO_SIDE_EFFECTS:
		return read
	case descriptorpb.MethodOptions_IDEMPOTENT:
		return keyedCommand
	default:
		return command
	}
}
