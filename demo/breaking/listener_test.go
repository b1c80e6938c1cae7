package breaking_test

import (
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/mainstem/mainstem/demo/breaking"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo listens on a free port and sends back what it reads until the test ends.
func echo(t *testing.T, s *breaking.Switch) string {
	t.Helper()
	l, err := s.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				if !errors.Is(err, net.ErrClosed) {
					t.Errorf("accepting: %v", err)
				}
				return
			}
			all.Go(func() {
				_, _ = io.Copy(c, c) // ends when either side closes
				_ = c.Close()
			})
		}
	})
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
		all.Wait()
	})
	return l.Addr().String()
}

func dial(t *testing.T, address string) (net.Conn, error) {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err == nil {
		t.Cleanup(func() { _ = c.Close() })
	}
	return c, err
}

// answers says whether the other side sends back what it gets.
func answers(t *testing.T, c net.Conn) error {
	t.Helper()
	if _, err := c.Write([]byte("x")); err != nil {
		return err
	}
	_, err := io.ReadFull(c, make([]byte, 1))
	return err
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	s := newSwitch(t, breaking.Break{})
	address := echo(t, s)
	for round := range 3 {
		c, err := dial(t, address)
		if err != nil {
			t.Fatalf("round %d: the healthy service refuses: %v", round, err)
		}
		if err := answers(t, c); err != nil {
			t.Fatalf("round %d: the healthy service does not answer: %v", round, err)
		}
		for range 2 { // twice is as good as once
			if err := s.Set(breaking.Break{Refuse: true}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("round %d: the open connection gave %v, want a reset", round, err)
		}
		if _, err := dial(t, address); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("round %d: a new connection gave %v, want a refusal", round, err)
		}
		for range 2 {
			if err := s.Set(breaking.Break{}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	s := newSwitch(t, breaking.Break{})
	s.Cut() // nothing is open, and nothing listens
	address := echo(t, s)
	c, err := dial(t, address)
	if err != nil {
		t.Fatal(err)
	}
	if err := answers(t, c); err != nil {
		t.Fatal(err)
	}
	s.Cut()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the open connection gave %v, want a reset", err)
	}
	if c, err = dial(t, address); err != nil {
		t.Fatal(err)
	}
	if err := answers(t, c); err != nil {
		t.Errorf("a new connection is not answered: %v", err)
	}
}

func TestRefuseFromTheBeginning(t *testing.T) {
	t.Parallel()
	s := newSwitch(t, breaking.Break{Refuse: true})
	address := echo(t, s)
	if _, err := dial(t, address); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a connection gave %v, want a refusal", err)
	}
}

func TestPortThatIsTakenMeanwhile(t *testing.T) {
	t.Parallel()
	s := newSwitch(t, breaking.Break{})
	address := echo(t, s)
	if err := s.Set(breaking.Break{Refuse: true}); err != nil {
		t.Fatal(err)
	}
	thief, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Set(breaking.Break{}); !errors.Is(err, syscall.EADDRINUSE) || !s.Break().Refuse {
		t.Errorf("healing gave %v, and the service is %v", err, s.Break())
	}
	if err := thief.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Set(breaking.Break{}); err != nil {
		t.Errorf("healing once the port is free: %v", err)
	}
}

func TestPortThatIsTakenForAMoment(t *testing.T) {
	t.Parallel()
	s := newSwitch(t, breaking.Break{})
	address := echo(t, s)
	if err := s.Set(breaking.Break{Refuse: true}); err != nil {
		t.Fatal(err)
	}
	thief, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	healed := make(chan error, 1)
	go func() { healed <- s.Set(breaking.Break{}) }()
	_ = thief.Close()
	if err := <-healed; err != nil {
		t.Errorf("healing while the port becomes free: %v", err)
	}
}

func TestListenOnce(t *testing.T) {
	t.Parallel()
	s := newSwitch(t, breaking.Break{})
	echo(t, s)
	if _, err := s.Listen(t.Context(), "127.0.0.1:0"); err == nil {
		t.Error("a second Listen did not fail")
	}
}

// Connections come and go while the port is shut and opened: nothing hangs, and nothing is lost track of.
func TestRefuseWhileInUse(t *testing.T) {
	t.Parallel()
	s := newSwitch(t, breaking.Break{})
	address := echo(t, s)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				if c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address); err == nil {
					_ = answers(t, c) // either it answers or it is cut
					_ = c.Close()
				}
			}
		})
	}
	for i := range 40 {
		if err := s.Set(breaking.Break{Refuse: i%2 == 0}); err != nil {
			t.Fatal(err)
		}
	}
	all.Wait()
	c, err := dial(t, address)
	if err != nil {
		t.Fatal(err)
	}
	if err := answers(t, c); err != nil {
		t.Errorf("the healed service does not answer: %v", err)
	}
}

// TestAShutPortIsKept: nobody else is given it meanwhile, and the service has it again.
func TestAShutPortIsKept(t *testing.T) {
	t.Parallel()
	s := breaking.NewSwitch(1)
	defer s.Stop()
	address := echo(t, s)
	if err := s.Set(breaking.Break{Refuse: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := dial(t, address); err == nil {
		t.Error("somebody listens")
	}
	for range 2000 { // far fewer than there are free ports; that it is kept shows in that none of many runs meets it
		other, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if other.Addr().String() == address && runtime.GOOS == "linux" {
			t.Error("somebody else was given the port")
		}
		_ = other.Close()
	}
	if err := s.Set(breaking.Break{}); err != nil {
		t.Fatal(err)
	}
	if _, err := dial(t, address); err != nil {
		t.Error(err)
	}
}
