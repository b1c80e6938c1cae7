package transport_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/platform/transport"
)

// A server that speaks all transports, one before the other as they recognise a request, and stops.
func ExampleNewStreams() {
	streams := transport.NewStreams(transport.StreamOptions{
		Timeout: func(context.Context) time.Duration { return 5 * time.Second },
	})
	engine := transport.NewEngine(&graphql.ExecutableSchemaMock{SchemaFunc: func() *ast.Schema { return streamSchema }, ExecFunc: echo}, transport.Options{})
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: transport.NewHandler(engine,
		transport.NewWebSocket(streams, transport.WebSocketOptions{}),
		transport.NewSSE(streams, 30*time.Second),
		transport.HTTP{MaxBodyBytes: 1 << 20, Streams: streams}, // which supports what no other does
	)}

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println(streams.Stop(ctx), server.Shutdown(ctx)) // in this order: the server would wait for streams
	// Output: <nil> <nil>
}
