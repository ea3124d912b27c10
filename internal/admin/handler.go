package admin

import (
	"context"
	"errors"
	"net/http"

	"sterling/proxy"
)

// Door is what the API tells of. [*proxy.Server] is one.
type Door interface {
	// Ready reports whether new connections are welcome.
	Ready() bool
	// Status describes the front door at this moment.
	Status() proxy.Status
	Orders
	Certificates
}

var _ Door = (*proxy.Server)(nil)

// Reload reads the configuration again and says what changed.
type Reload func(context.Context) (proxy.Report, error)

// A Refusal is an error that the client may read.
type Refusal struct {
	// Status is the HTTP status; zero means 422.
	Status int `json:"-"`
	// Problem says what is wrong, in one line.
	Problem string `json:"problem"`
	// Hint says what to do about it.
	Hint string `json:"hint"`
	// Problems are the single faults, where there are several.
	Problems []string `json:"problems,omitempty"`
}

// Error is the problem.
func (r *Refusal) Error() string { return r.Problem }

type handler struct {
	door   Door
	orders Orders
	reload Reload
}

// NewHandler answers the admin API. It guards every path as [Options] says.
func NewHandler(o Options) http.Handler {
	h := &handler{door: o.Door, orders: o.Door, reload: o.Reload}
	mux := http.NewServeMux()
	open, closed := map[string]http.HandlerFunc{
		"/livez":  h.livez,
		"/readyz": h.readyz,
	}, map[string]http.HandlerFunc{
		"/api/v1/status":       h.status,
		"/api/v1/certificates": h.certificates,
	}
	g := newGuard(o)
	for path, serve := range open {
		mux.Handle(path, g.probe(only(http.MethodGet, serve)))
	}
	for path, serve := range closed {
		mux.Handle(path, g.full(only(http.MethodGet, serve)))
	}
	mux.Handle("/api/v1/reload", g.full(only(http.MethodPost, h.post)))
	mux.Handle(certificatePath, g.full(only(http.MethodPost, h.certificate)))
	mux.Handle(orderPath, g.full(only(http.MethodPost, h.order)))
	mux.Handle("/", g.full(http.HandlerFunc(notFound)))
	return mux
}

func (h *handler) livez(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") }

// What the probe of readiness answers.
const (
	readyWord   = "ready"
	unreadyWord = "not ready"
)

func (h *handler) readyz(w http.ResponseWriter, _ *http.Request) {
	if !h.door.Ready() {
		plain(w, http.StatusServiceUnavailable, unreadyWord)
		return
	}
	plain(w, http.StatusOK, readyWord)
}

func (h *handler) status(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, h.door.Status())
}

func (h *handler) post(w http.ResponseWriter, r *http.Request) {
	report, err := h.reload(r.Context())
	var refusal *Refusal
	switch {
	case err == nil:
		answer(w, http.StatusOK, report)
	case errors.As(err, &refusal):
		refuse(w, refusal)
	default:
		refuse(w, &Refusal{
			Status:  http.StatusInternalServerError,
			Problem: "the reload failed",
			Hint:    "the process log says why; the old configuration still serves",
		})
	}
}
