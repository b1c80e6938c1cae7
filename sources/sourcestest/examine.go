package sourcestest

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
)

const (
	sourceName  = "examined"
	secretToken = "token-5f2c91" // services must not see it
	secretBody  = "body-77aa03"  // clients must not: services say it
	retryAfter  = 7              // seconds
	patience    = 10 * time.Second
	maxBytes    = 1 << 20
	shortTime   = 100 * time.Millisecond // a source's timeout, where the fault is slowness
)

// trial is what a service does, and what a source must make of it.
type trial struct {
	want
	start func(*testing.T) service
	slow  bool
}

// examination is one call's, over HTTP or gRPC.
type examination struct {
	inputs upstream.Inputs
	good   func(*testing.T) service
	hang   func(*testing.T) service
	trials map[string]trial
	call   func(t *testing.T, url string, timeout time.Duration) Call // the call of a source of the service at url
}

func (e examination) run(t *testing.T) {
	t.Helper()
	for reason, trial := range e.trials {
		t.Run(reason, func(t *testing.T) { e.play(t, trial) })
	}
	t.Run("cancelling", func(t *testing.T) { e.cancelling(t) })
	t.Run("undeclared", func(t *testing.T) { e.undeclared(t) })
	t.Run("again", func(t *testing.T) { e.again(t) })
}

// play has the service do what the trial says, and checks what the call makes of it.
func (e examination) play(t *testing.T, trial trial) {
	t.Helper()
	timeout := patience
	if trial.slow {
		timeout = shortTime
	}
	ctx := e.begin(t)
	s := trial.start(t)
	c := e.call(t, s.url, timeout)
	check(t, c.Do(ctx), trial.want, c, s)
	e.checkRequests(t, c, s)
	if n := len(s.requests()); !trial.anyCalls && n != max(c.Requests, 1) {
		t.Errorf("%s made %d requests, want %d", c.Name, n, max(c.Requests, 1))
	}
}

// cancelling checks that a call ends when its context does, while the service hangs.
func (e examination) cancelling(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(e.begin(t))
	defer cancel()
	s := e.hang(t)
	c := e.call(t, s.url, patience)
	done := make(chan error, 1)
	go func() { done <- c.Do(ctx) }()
	await(t, s.arrived, "a request")
	cancel()
	checkCancelled(t, await(t, done, c.Name+" to end when it is cancelled"), c, s)
	await(t, s.left, "the service to see that the caller has gone")
	e.checkRequests(t, c, s)
}

// checkCancelled checks what a call that was cancelled failed with. A stream may just end.
func checkCancelled(t *testing.T, err error, c Call, s service) {
	t.Helper()
	if err == nil && c.Stream != nil {
		return
	}
	check(t, err, want{code: fault.DeadlineExceeded}, c, s)
}

// undeclared checks that nothing is asked of the service for a field that does not declare the source.
func (e examination) undeclared(t *testing.T) {
	t.Helper()
	ctx := upstream.Only(e.begin(t), "another")
	s := e.good(t)
	c := e.call(t, s.url, patience)
	if f := faultOf(t, c.Do(ctx)); f == nil || f.Code != fault.Internal {
		t.Errorf("failed with %v, want %s", f, fault.Internal)
	}
	if n := len(s.requests()); n != 0 {
		t.Errorf("%s made %d requests", c.Name, n)
	}
}

// again checks that a call that is made once more asks the same: for a command, that is what its key promises.
func (e examination) again(t *testing.T) {
	t.Helper()
	ctx := e.begin(t)
	s := e.good(t)
	c := e.call(t, s.url, patience)
	check(t, c.Do(ctx), want{}, c, s)
	n := len(s.requests())
	check(t, c.Do(ctx), want{}, c, s)
	e.checkRequests(t, c, s)
	var asked []string
	for _, r := range s.requests() {
		asked = append(asked, r.key+" "+r.what)
	}
	first, second := slices.Sorted(slices.Values(asked[:n])), slices.Sorted(slices.Values(asked[n:]))
	if !slices.Equal(first, second) {
		t.Errorf("asked for %q, then for %q", first, second)
	}
}

// begin gives the context of an examination. It lasts until after the check that no goroutine is left: what a source leaves behind must
// not be hidden by the context's end.
func (e examination) begin(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*patience)
	t.Cleanup(cancel)
	ignore := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, ignore) })
	return upstream.WithRequest(ctx, clientRequest(e.inputs))
}

// clientRequest is what a client sent: whatever is declared, and more.
func clientRequest(in upstream.Inputs) upstream.Request {
	r := upstream.Request{Header: http.Header{}, Claims: map[string]string{"iss": "https://issuer.test", "sub": "subject-1"}}
	for name, value := range map[string]string{
		"Authorization": "Bearer " + secretToken, "Cookie": "session=" + secretToken, "Accept-Language": "de",
		"X-Undeclared": secretToken, "Caller-Sub": secretToken, "Idempotency-Key": secretToken,
	} {
		r.Header.Set(name, value)
	}
	for _, name := range in.Headers {
		r.Header.Set(name, "declared "+name)
	}
	for _, name := range in.Claims {
		r.Claims[name] = "declared " + name
	}
	return r
}

// theirs are the headers that every request has, whatever is passed on.
var theirs = []string{
	"accept", "accept-encoding", "content-length", "content-type", "user-agent", "request-timeout", // HTTP
	":authority", "grpc-accept-encoding", // gRPC
}

// checkRequests checks that each request passes on what its source declares and nothing else, and that it has the command's key.
func (e examination) checkRequests(t *testing.T, c Call, s service) {
	t.Helper()
	declared := map[string]string{}
	for _, name := range e.inputs.Headers {
		declared[strings.ToLower(name)] = "declared " + name
	}
	for _, name := range e.inputs.Claims {
		declared["caller-"+strings.ToLower(name)] = "declared " + name
	}
	for _, r := range s.requests() {
		passed := map[string]string{}
		for name, values := range r.header {
			name = strings.ToLower(name)
			if _, wanted := declared[name]; wanted || !slices.Contains(theirs, name) {
				passed[name] = strings.Join(values, ", ")
			}
		}
		if !maps.Equal(passed, declared) {
			t.Errorf("the service received %v of the client's request, want %v", passed, declared)
		}
		if r.key != c.Key {
			t.Errorf("the service received the idempotency key %q, want %q", r.key, c.Key)
		}
	}
}

// check checks what a call failed with.
func check(t *testing.T, err error, w want, c Call, s service) {
	t.Helper()
	f := faultOf(t, err)
	if w.code == "" {
		if f != nil {
			t.Errorf("failed: %v", f)
		}
		return
	}
	if f == nil {
		t.Fatalf("did not fail, want %s", w.code)
	}
	if f.Code != w.code {
		t.Errorf("failed with %v, want %s", f, w.code)
	}
	if f.Source != sourceName || f.Operation != c.Operation {
		t.Errorf("the fault says that it comes from %s.%s, want %s.%s", f.Source, f.Operation, sourceName, c.Operation)
	}
	if f.RetryAfterSeconds() != w.retryAfter {
		t.Errorf("RetryAfter is %s, want %d s", f.RetryAfter, w.retryAfter)
	}
	for _, secret := range []string{s.address, "127.0.0.1", "http", secretBody, secretToken} {
		if strings.Contains(f.Message(), secret) {
			t.Errorf("clients would read %q in %q", secret, f.Message())
		}
	}
	checkLog(t, f, s)
}

// checkLog checks what the log would hold: the service's address may be in it, but no token, and no URL, which has what the client sent.
func checkLog(t *testing.T, f *fault.Error, s service) {
	t.Helper()
	secrets := []string{secretToken, s.address + "/"}
	for _, r := range s.requests() {
		if strings.ContainsRune(r.uri, '?') || strings.Count(r.uri, "/") > 1 { // "/orders" is nobody's secret
			secrets = append(secrets, r.uri)
		}
	}
	for _, secret := range secrets {
		if strings.Contains(f.Error(), secret) {
			t.Errorf("the log would hold %q: %v", secret, f)
		}
	}
}

// faultOf gives what err says went wrong. Any error but a *fault.Error or fault.Items fails the test, also one that wraps them: only
// they are what the gateway shows.
func faultOf(t *testing.T, err error) *fault.Error {
	t.Helper()
	switch e := err.(type) { //nolint:errorlint // a fault that is wrapped is what must not be
	case nil:
		return nil
	case *fault.Error:
		if e != nil {
			return e
		}
	case interface{ Any() *fault.Error }: // fault.Items, whatever the keys are
		if f := e.Any(); f != nil {
			return f
		}
	}
	t.Fatalf("failed with a %T, want a *fault.Error or fault.Items that are not empty: %v", err, err)
	return nil
}

// await gives what comes from a channel.
func await[T any](t *testing.T, signal <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-signal:
		return v
	case <-time.After(patience):
		t.Fatalf("waited %s for %s", patience, what)
		panic("not reached")
	}
}
