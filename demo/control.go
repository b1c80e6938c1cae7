package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/mainstem/mainstem/demo/breaking"
)

// maxControlBody bounds what the control server reads: a break is small.
const maxControlBody = 4 << 10

// control gives the control server's handler: it breaks and heals services, and shows what they did.
func (d *Demo) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /break", d.showBreaks)
	mux.HandleFunc("GET /break/{service}", d.forBackend(d.showBreak))
	mux.HandleFunc("PUT /break/{service}", d.forBackend(d.putBreak))
	mux.HandleFunc("DELETE /break/{service}", d.forBackend(d.deleteBreak))
	mux.HandleFunc("GET /ledger/{service}", d.forBackend(d.showLedger))
	mux.HandleFunc("GET /tokens", d.showTokens)
	mux.HandleFunc("GET "+jwksPath, d.showJWKS)
	for path, methods := range map[string]string{
		"/break": "GET, HEAD", "/break/{service}": "GET, HEAD, PUT, DELETE", "/ledger/{service}": "GET, HEAD", "/tokens": "GET, HEAD",
		jwksPath: "GET, HEAD",
	} {
		mux.HandleFunc(path, notAllowed(methods))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "there are /break, /break/{service}, /ledger/{service}, /tokens and "+jwksPath)
	})
	return onlyLocal(mux)
}

func notAllowed(methods string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", methods)
		refuse(w, http.StatusMethodNotAllowed, "this can be asked with "+methods+" and not with "+r.Method)
	}
}

// onlyLocal refuses requests for another host's name: a page of the web whose name was made to lead to this machine could
// otherwise read the answers.
func onlyLocal(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLocal(hostOf(r.Host)) {
			refuse(w, http.StatusForbidden, "the control server is asked as localhost or 127.0.0.1 only")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostOf takes the port off.
func hostOf(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return strings.Trim(hostport, "[]")
}

func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// forBackend finds the service that the path names.
func (d *Demo) forBackend(serve func(http.ResponseWriter, *http.Request, *backend)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b, err := d.backend(r.PathValue("service"))
		if err != nil {
			refuse(w, http.StatusNotFound, err.Error())
			return
		}
		serve(w, r, b)
	}
}

func (d *Demo) showBreaks(w http.ResponseWriter, _ *http.Request) {
	all := map[string]breaking.Break{}
	for _, b := range d.backends {
		all[b.name] = b.breaker.Break()
	}
	answer(w, all)
}

func (d *Demo) showBreak(w http.ResponseWriter, _ *http.Request, b *backend) {
	answer(w, b.breaker.Break())
}

func (d *Demo) putBreak(w http.ResponseWriter, r *http.Request, b *backend) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControlBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a break has %d bytes at most", maxControlBody))
		return
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, "the request broke off")
		return
	}
	var wanted breaking.Break
	if len(body) > 0 {
		if err := wanted.UnmarshalJSON(body); err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
	}
	d.change(w, b, wanted)
}

func (d *Demo) deleteBreak(w http.ResponseWriter, _ *http.Request, b *backend) {
	d.change(w, b, breaking.Break{})
}

func (d *Demo) change(w http.ResponseWriter, b *backend, wanted breaking.Break) {
	if err := d.set(b, wanted); err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	answer(w, b.breaker.Break())
}

func (d *Demo) showLedger(w http.ResponseWriter, _ *http.Request, b *backend) {
	answer(w, b.ledger.Entries())
}

func (d *Demo) showTokens(w http.ResponseWriter, _ *http.Request) {
	tokens := map[string]string{}
	for _, name := range roleNames() {
		token, err := d.Token(name)
		if err != nil {
			d.log.Error("no token", slog.String("role", name), slog.Any("error", err))
			refuse(w, http.StatusInternalServerError, "the token could not be made")
			return
		}
		tokens[name] = token
	}
	answer(w, tokens)
}

func (d *Demo) showJWKS(w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusOK, d.issuer.jwks)
}

func answer(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	write(w, http.StatusOK, body)
}

func refuse(w http.ResponseWriter, status int, why string) {
	body, err := json.Marshal(map[string]string{"error": why})
	if err != nil { // strings cannot fail
		panic(fmt.Sprintf("encoding a refusal: %v", err))
	}
	write(w, status, body)
}

func write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // whoever has gone does not miss it
}
