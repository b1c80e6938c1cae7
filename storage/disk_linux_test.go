package storage_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/mainstem/mainstem/storage"
)

// onSmallDisk opens a database on a disk that has room for a few pages.
func onSmallDisk(ctx context.Context, directory string) error {
	if err := syscall.Mount("none", directory, "tmpfs", 0, "size=32k"); err != nil {
		return fmt.Errorf("cannot mount: %w", err)
	}
	_, err := storage.Open(ctx, at("sqlite:"+filepath.Join(directory, "test.db")), quiet)
	return err
}

// onReadOnlyDisk opens a database on a disk that can be written no more.
func onReadOnlyDisk(ctx context.Context, directory string) error {
	if err := syscall.Mount("none", directory, "tmpfs", 0, "size=10m"); err != nil {
		return fmt.Errorf("cannot mount: %w", err)
	}
	url := "sqlite:" + filepath.Join(directory, "test.db")
	s, err := storage.Open(ctx, at(url), quiet)
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	if err := syscall.Mount("none", directory, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		return fmt.Errorf("cannot mount: %w", err)
	}
	_, err = storage.Open(ctx, at(url), quiet)
	return err
}

func TestDisks(t *testing.T) {
	t.Parallel()
	for what, want := range map[string]string{"full disk": "the disk is full", "read-only disk": "mounted for writing"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			program, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			command := exec.Command(program, t.TempDir())
			command.Env = append(os.Environ(), childVariable+"="+what)
			command.SysProcAttr = &syscall.SysProcAttr{ // where it may mount, for itself alone
				Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
				UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
				GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
			}
			output, err := command.CombinedOutput()
			if errors.Is(err, syscall.EPERM) || strings.Contains(string(output), "cannot mount") {
				t.Skipf("this machine lets nobody mount: %v %s", err, output)
			}
			if !strings.Contains(string(output), want) {
				t.Errorf("%v: %s", err, output)
			}
		})
	}
}
