package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

// plugins are the programs that protoc would run, pinned by go.mod.
var plugins = []string{
	"google.golang.org/protobuf/cmd/protoc-gen-go",
	"google.golang.org/grpc/cmd/protoc-gen-go-grpc",
}

// protobuf turns each sources/<name>/<name>.proto into sources/<name>/<name>api, as protoc would.
func protobuf(ctx context.Context) error {
	files, err := filepath.Glob("sources/*/*.proto")
	if err != nil || len(files) == 0 {
		return err
	}
	bin, err := os.MkdirTemp("", "plugins")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(bin) }()
	for _, plugin := range plugins {
		build := exec.CommandContext(ctx, "go", "build", "-o", bin, plugin)
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("building %s: %w", plugin, err)
		}
	}
	for _, file := range files {
		request, err := compile(ctx, file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		for _, plugin := range plugins {
			if err := runPlugin(ctx, filepath.Join(bin, filepath.Base(plugin)), request); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	return nil
}

// compile gives the request that protoc would send to its plugins for one file.
func compile(ctx context.Context, file string) ([]byte, error) {
	compiler := protocompile.Compiler{
		Resolver:       protocompile.WithStandardImports(&protocompile.SourceResolver{}),
		SourceInfoMode: protocompile.SourceInfoStandard, // comments become docstrings
	}
	files, err := compiler.Compile(ctx, file)
	if err != nil {
		return nil, err
	}
	var all []*descriptorpb.FileDescriptorProto
	var add func(f protoreflect.FileDescriptor)
	add = func(f protoreflect.FileDescriptor) {
		if slices.ContainsFunc(all, func(d *descriptorpb.FileDescriptorProto) bool { return d.GetName() == f.Path() }) {
			return
		}
		imports := f.Imports()
		for i := range imports.Len() {
			add(imports.Get(i).FileDescriptor)
		}
		all = append(all, protodesc.ToFileDescriptorProto(f))
	}
	add(files[0])
	return proto.MarshalOptions{Deterministic: true}.Marshal(&pluginpb.CodeGeneratorRequest{
		FileToGenerate: []string{file},
		Parameter:      proto.String("module=github.com/mainstem/mainstem"),
		ProtoFile:      all,
	})
}

func runPlugin(ctx context.Context, path string, request []byte) error {
	cmd := exec.CommandContext(ctx, path)
	cmd.Stdin = bytes.NewReader(request)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	var response pluginpb.CodeGeneratorResponse
	if err := proto.Unmarshal(out, &response); err != nil {
		return err
	}
	if response.Error != nil {
		return fmt.Errorf("%s: %s", filepath.Base(path), response.GetError())
	}
	for _, f := range response.GetFile() {
		if err := os.MkdirAll(filepath.Dir(f.GetName()), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(f.GetName(), []byte(f.GetContent()), 0o644); err != nil {
			return err
		}
	}
	return nil
}
