//go:build !linux

package storage_test

import (
	"context"
	"errors"
)

func onSmallDisk(context.Context, string) error    { return errors.ErrUnsupported }
func onReadOnlyDisk(context.Context, string) error { return errors.ErrUnsupported }
