//go:build tools

// Package tools pins what `make generate` runs: protoc's plugins as programs, the others as libraries.
package tools

import (
	_ "github.com/99designs/gqlgen"
	_ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"
	_ "google.golang.org/grpc/cmd/protoc-gen-go-grpc"
	_ "google.golang.org/protobuf/cmd/protoc-gen-go"
)
