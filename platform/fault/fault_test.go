package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
)

func TestMessage(t *testing.T) {
	t.Parallel()
	cause := errors.New("dial tcp 10.0.0.7:5432: refused")
	for reason, test := range map[string]struct {
		f            *fault.Error
		message, log string
	}{
		"a detail":       {fault.New(fault.NotFound, "No such shelf."), "No such shelf.", "NOT_FOUND: No such shelf."},
		"a format":       {fault.Newf(fault.BadUserInput, "At most %d.", 3), "At most 3.", "BAD_USER_INPUT: At most 3."},
		"no detail":      {fault.New(fault.NotFound, ""), "There is no such thing.", "NOT_FOUND: There is no such thing."},
		"a cause":        {fault.Wrap(fault.SourceFailed, cause), "A service failed.", "SOURCE_FAILED: A service failed.: " + cause.Error()},
		"a place":        {fault.New(fault.Conflict, "Taken.").At("shop", "list"), "Taken.", "CONFLICT shop.list: Taken."},
		"all of it":      {fault.Wrap(fault.Internal, cause).At("shop", "list"), "Something went wrong on our side.", "INTERNAL_SERVER_ERROR shop.list: Something went wrong on our side.: " + cause.Error()},
		"a code of none": {fault.New("NO_SUCH_CODE", ""), "Something went wrong on our side.", "NO_SUCH_CODE: Something went wrong on our side."},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if got := test.f.Message(); got != test.message {
				t.Errorf("clients read %q, want %q", got, test.message)
			}
			if got := test.f.Error(); got != test.log {
				t.Errorf("the log has %q, want %q", got, test.log)
			}
		})
	}
}

func TestAtGivesACopy(t *testing.T) {
	t.Parallel()
	cause := errors.New("why")
	f := fault.Wrap(fault.RateLimited, cause)
	f.RetryAfter, f.Reason = time.Second, "quota"
	at := f.At("shop", "list")
	if f.Source != "" || f.Operation != "" {
		t.Errorf("At altered the fault itself: %v", f)
	}
	if at.Source != "shop" || at.Operation != "list" || at.Code != f.Code || at.RetryAfter != f.RetryAfter || at.Reason != f.Reason {
		t.Errorf("got %+v", at)
	}
	if !errors.Is(at, cause) {
		t.Error("the copy has lost the cause")
	}
}

func TestMarkSeen(t *testing.T) {
	t.Parallel()
	f := fault.New(fault.SourceFailed, "")
	first, second := f.At("shop", "list"), f.At("shop", "get").At("shop", "other")
	if !first.MarkSeen() {
		t.Error("nobody had seen it")
	}
	if f.MarkSeen() || first.MarkSeen() || second.MarkSeen() || f.At("x", "y").MarkSeen() {
		t.Error("a copy was seen before, and so were all of them")
	}
	if !fault.New(fault.SourceFailed, "").MarkSeen() {
		t.Error("another fault was not seen before")
	}
	if literal := (&fault.Error{Code: fault.Internal}); !literal.MarkSeen() || !literal.At("shop", "list").MarkSeen() {
		t.Error("what was made without New is logged each time rather than never")
	}
}

func TestMarkSeenByOneAlone(t *testing.T) {
	t.Parallel()
	f := fault.New(fault.SourceFailed, "")
	var first atomic.Int32
	var readers sync.WaitGroup
	for range 50 {
		readers.Go(func() {
			if f.At("shop", "list").MarkSeen() {
				first.Add(1)
			}
		})
	}
	readers.Wait()
	if n := first.Load(); n != 1 {
		t.Errorf("%d saw it first", n)
	}
}

func TestFrom(t *testing.T) {
	t.Parallel()
	f := fault.New(fault.Conflict, "Taken.")
	for reason, test := range map[string]struct {
		err  error
		code fault.Code
		same bool // f itself comes back
	}{
		"a fault":                      {f, fault.Conflict, true},
		"a wrapped fault":              {fmt.Errorf("saving: %w", f), fault.Conflict, true},
		"one among others":             {errors.Join(io.EOF, f), fault.Conflict, true},
		"a fault of a context's end":   {fault.Wrap(fault.SourceTimeout, context.DeadlineExceeded), fault.SourceTimeout, false},
		"the request's deadline":       {context.DeadlineExceeded, fault.DeadlineExceeded, false},
		"the request's end":            {fmt.Errorf("waiting: %w", context.Canceled), fault.DeadlineExceeded, false},
		"anything else":                {io.ErrUnexpectedEOF, fault.Internal, false},
		"the faults of items":          {fault.Items[string]{"a": f}, fault.Internal, false},
		"text that names what it hid":  {errors.New("CONFLICT: Taken."), fault.Internal, false},
		"a deadline that is no Go one": {errors.New("deadline exceeded"), fault.Internal, false},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			got := fault.From(test.err)
			if got.Code != test.code || (got == f) != test.same {
				t.Errorf("got %v, want %s", got, test.code)
			}
			if !test.same && got.Unwrap() == nil {
				t.Error("the cause is lost")
			}
			if got.Code == fault.Internal && strings.Contains(got.Message(), test.err.Error()) {
				t.Errorf("clients would read the cause: %q", got.Message())
			}
		})
	}
	if got := fault.From(nil); got != nil {
		t.Errorf("no error is %v", got)
	}
}

func TestItems(t *testing.T) {
	t.Parallel()
	f := fault.New(fault.SourceFailed, "").At("shop", "list")
	some := fault.Items[string]{"a": f}
	if got := some.Any(); got != f {
		t.Errorf("Any is %v", got)
	}
	err := some.OrNil()
	if got, ok := errors.AsType[fault.Items[string]](err); !ok || got["a"] != f {
		t.Errorf("OrNil is %v", err)
	}
	if want := "1 items failed, among them a: SOURCE_FAILED shop.list: A service failed."; err.Error() != want {
		t.Errorf("the log has %q, want %q", err, want)
	}
	for reason, none := range map[string]fault.Items[int]{"empty": {}, "nil": nil} {
		if err := none.OrNil(); err != nil {
			t.Errorf("%s: OrNil is %v", reason, err)
		}
		if got := none.Any(); got != nil {
			t.Errorf("%s: Any is %v", reason, got)
		}
		if none.Error() == "" {
			t.Errorf("%s: Error says nothing", reason)
		}
	}
}

func TestRetryAfterSeconds(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]int{
		0:                       0,
		1:                       1, // rounded down it would be asking again at once
		time.Second:             1,
		time.Second + 1:         2,
		1500 * time.Millisecond: 2,
		time.Hour:               3600,
	} {
		f := fault.New(fault.RateLimited, "")
		f.RetryAfter = wait
		if got := f.RetryAfterSeconds(); got != want {
			t.Errorf("%s is %d seconds, want %d", wait, got, want)
		}
	}
}

func TestRenameViolations(t *testing.T) {
	t.Parallel()
	theirs := fault.New(fault.BadUserInput, "")
	theirs.Violations = []fault.Violation{{Field: "postal_code", Message: "It is needed."}, {Field: "city", Message: "It is needed."}}
	err := fault.RenameViolations(theirs, map[string]string{"postal_code": "postalCode"})
	if got := fault.From(err).Violations; got[0].Field != "postalCode" || got[1].Field != "city" {
		t.Errorf("got %v", got)
	}
	if theirs.Violations[0].Field != "postal_code" {
		t.Error("the fault itself was changed, which others may share")
	}
	for reason, err := range map[string]error{"no fault": errors.New("x"), "no violations": fault.New(fault.Conflict, ""), "nothing": nil} {
		if got := fault.RenameViolations(err, nil); !errors.Is(got, err) {
			t.Errorf("%s: got %v", reason, got)
		}
	}
}
