package transport

import (
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/fault"
)

// Handler serves GraphQL: each request by the first of its transports that supports it. The last one should support every request.
type Handler struct {
	engine     *Engine
	transports []graphql.Transport
}

// NewHandler makes the handler of an engine.
func NewHandler(e *Engine, transports ...graphql.Transport) *Handler {
	return &Handler{e, transports}
}

// ServeHTTP answers a request. A panic of a transport costs that request alone.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = r.WithContext(graphql.StartOperationTrace(r.Context()))
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler { //nolint:errorlint // it is never wrapped
				panic(p)
			}
			h.refuse(w, r, http.StatusInternalServerError, fault.Wrap(fault.Internal, fmt.Errorf("panic: %v\n%s", p, debug.Stack())))
		}
	}()
	for _, t := range h.transports {
		if t.Supports(r) {
			t.Do(w, r, h.engine)
			return
		}
	}
	h.refuse(w, r, http.StatusNotAcceptable, fault.New(fault.BadUserInput, "This is no request that GraphQL is asked by here."))
}

func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, status int, f *fault.Error) {
	Refuse(w, status, h.engine.present(r.Context(), f))
}
