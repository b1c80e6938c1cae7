package upstream

import (
	"net/http"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// contract registers a contract with one method of each idempotency level, as generated code does, and gives its request's type.
func contract(t *testing.T) protoreflect.MessageDescriptor {
	t.Helper()
	method := func(name string, level descriptorpb.MethodOptions_IdempotencyLevel) *descriptorpb.MethodDescriptorProto {
		return &descriptorpb.MethodDescriptorProto{
			Name: &name, InputType: proto.String(".kinds.v1.Command"), OutputType: proto.String(".kinds.v1.Command"),
			Options: &descriptorpb.MethodOptions{IdempotencyLevel: &level},
		}
	}
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("kinds.proto"), Package: proto.String("kinds.v1"), Syntax: proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{{
			Name: proto.String("Command"),
			Field: []*descriptorpb.FieldDescriptorProto{{
				Name: proto.String("idempotency_key"), Number: proto.Int32(1),
				Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(), Type: descriptorpb.FieldDescriptorProto_TYPE_STRING.Enum(),
			}},
		}},
		Service: []*descriptorpb.ServiceDescriptorProto{{
			Name: proto.String("Kinds"),
			Method: []*descriptorpb.MethodDescriptorProto{
				method("Read", descriptorpb.MethodOptions_NO_SIDE_EFFECTS),
				method("Do", descriptorpb.MethodOptions_IDEMPOTENT),
				method("Say", descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN),
			},
		}},
	}, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	if err := protoregistry.GlobalFiles.RegisterFile(file); err != nil {
		t.Fatal(err)
	}
	return file.Messages().ByName("Command")
}

// TestKindOfMethod: what a gRPC call may do to the service is what its contract says, and a command without its key is not done once only.
func TestKindOfMethod(t *testing.T) {
	t.Parallel()
	message := contract(t)
	keyed := dynamicpb.NewMessage(message)
	keyed.Set(message.Fields().ByName("idempotency_key"), protoreflect.ValueOfString("key"))
	for reason, test := range map[string]struct {
		method string
		args   proto.Message
		want   kind
	}{
		"no side effects":                {"/kinds.v1.Kinds/Read", dynamicpb.NewMessage(message), read},
		"idempotent, with a key":         {"/kinds.v1.Kinds/Do", keyed, keyedCommand},
		"idempotent, but the key is not": {"/kinds.v1.Kinds/Do", dynamicpb.NewMessage(message), command},
		"nothing said, with a key":       {"/kinds.v1.Kinds/Say", keyed, command},
		"a method of no contract":        {"/kinds.v1.Kinds/Unknown", keyed, command},
		"a service of no contract":       {"/kinds.v1.Nobody/Read", keyed, command},
		"what is no method":              {"Read", keyed, command},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if got := new(GRPC).kindOf(test.method, test.args); got != test.want {
				t.Errorf("%d, want %d", got, test.want)
			}
		})
	}
}

func TestKindOfRequest(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		method, key, body string
		once              bool // whether the body can be read once only
		want              kind
	}{
		"GET":                          {http.MethodGet, "", "", false, read},
		"HEAD":                         {http.MethodHead, "", "", false, read},
		"GET with a body":              {http.MethodGet, "", "x", false, command},
		"OPTIONS":                      {http.MethodOptions, "", "", false, command},
		"POST":                         {http.MethodPost, "", "x", false, command},
		"POST with a key":              {http.MethodPost, "key", "x", false, keyedCommand},
		"POST with a key and no body":  {http.MethodPost, "key", "", false, keyedCommand},
		"PUT":                          {http.MethodPut, "", "x", false, command},
		"DELETE with a key":            {http.MethodDelete, "key", "", false, keyedCommand},
		"a body that cannot be resent": {http.MethodPost, "key", "x", true, command},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequestWithContext(t.Context(), test.method, "http://shop/", nil)
			if test.body != "" {
				r, err = http.NewRequestWithContext(t.Context(), test.method, "http://shop/", strings.NewReader(test.body))
			}
			if err != nil {
				t.Fatal(err)
			}
			if test.once {
				r.GetBody = nil
			}
			if test.key != "" {
				r.Header.Set("Idempotency-Key", test.key)
			}
			if got := kindOf(r); got != test.want {
				t.Errorf("%d, want %d", got, test.want)
			}
		})
	}
}
