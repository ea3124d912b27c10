package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sterling/proxy"
)

// Orders is what an operator can ask of a backend. [*proxy.Server] takes them.
type Orders interface {
	Drain(pool, backend string, o proxy.DrainOptions) (proxy.BackendStatus, error)
	Enable(pool, backend string) (proxy.BackendStatus, error)
	Disable(pool, backend string, force bool) (proxy.BackendStatus, error)
	SetWeight(pool, backend string, weight int, force bool) (proxy.BackendStatus, error)
}

// orderPath is where orders are posted to.
const orderPath = "/api/v1/pools/{pool}/backends/{backend}/{order}"

// maxOrder bounds the body of an order, in bytes.
const maxOrder = 4 << 10

// orderWords are the parameters that each order takes.
var orderWords = map[string][]string{
	"drain": {"mode", "quiet", "timeout", "force"}, "disable": {"force"}, "enable": {}, "weight": {"weight", "force"},
}

func (h *handler) order(w http.ResponseWriter, r *http.Request) {
	words, ok := orderWords[r.PathValue("order")]
	if !ok {
		refuse(w, &Refusal{
			Status: http.StatusNotFound, Problem: fmt.Sprintf("unknown order %q", r.PathValue("order")),
			Hint: "orders: drain enable disable weight",
		})
		return
	}
	p, err := parametersOf(w, r, words)
	if err != nil {
		refuse(w, &Refusal{Status: http.StatusBadRequest, Problem: err.Error(), Hint: "parameters: " + strings.Join(words, " ")})
		return
	}
	st, err := h.give(r.PathValue("order"), r.PathValue("pool"), r.PathValue("backend"), p)
	if err != nil {
		refuse(w, refusalFor(err))
		return
	}
	answer(w, http.StatusOK, st)
}

func (h *handler) give(word, pool, name string, p parameters) (proxy.BackendStatus, error) {
	switch word {
	case "drain":
		return h.orders.Drain(pool, name, proxy.DrainOptions{Mode: p.mode, Quiet: p.quiet, Timeout: p.timeout, Force: p.force})
	case "disable":
		return h.orders.Disable(pool, name, p.force)
	case "weight":
		return h.orders.SetWeight(pool, name, p.weight, p.force)
	default:
		return h.orders.Enable(pool, name)
	}
}

// refusalFor turns what the door says into an answer.
func refusalFor(err error) *Refusal {
	var o *proxy.OrderError
	if !errors.As(err, &o) {
		return &Refusal{Status: http.StatusInternalServerError, Problem: "the order failed", Hint: "the process log says why"}
	}
	status := map[proxy.OrderErrorKind]int{
		proxy.UnknownBackend: http.StatusNotFound, proxy.LastBackend: http.StatusConflict, proxy.BadOrder: http.StatusBadRequest,
		proxy.NotKept: http.StatusInsufficientStorage, proxy.Stopping: http.StatusConflict,
		proxy.UnknownCertificate: http.StatusNotFound, proxy.AuthorityRefuses: http.StatusBadGateway,
	}[o.Kind]
	return &Refusal{Status: status, Problem: o.Problem, Hint: o.Hint}
}

// parameters are those of all orders.
type parameters struct {
	mode           string
	quiet, timeout time.Duration
	force          bool
	weight         int
}

// parametersOf reads the query, or a JSON object in the body. An unknown one, one
// that is given twice, or a wrong value is an error.
func parametersOf(w http.ResponseWriter, r *http.Request, known []string) (parameters, error) {
	given, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return parameters{}, errors.New("the query is malformed")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxOrder))
	if err != nil {
		return parameters{}, errors.New("the body cannot be read, or is too large")
	}
	if len(body) > 0 {
		if err := fromJSON(r, body, given); err != nil {
			return parameters{}, err
		}
	}
	var p parameters
	for name, values := range given {
		if len(values) != 1 {
			return p, fmt.Errorf("%q is given %d times", name, len(values))
		}
		if err := p.set(name, values[0], known); err != nil {
			return p, err
		}
	}
	if _, ok := given["weight"]; !ok && len(known) > 0 && known[0] == "weight" {
		return p, errors.New(`"weight" is missing`)
	}
	return p, nil
}

// fromJSON adds what the body says to the query's.
func fromJSON(r *http.Request, body []byte, given url.Values) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return errors.New("the body is no JSON: send it with Content-Type: application/json")
	}
	var object map[string]any
	if err := json.Unmarshal(body, &object); err != nil {
		return errors.New("the body is no JSON object")
	}
	for name, v := range object {
		given.Add(name, fmt.Sprint(v))
	}
	return nil
}

func (p *parameters) set(name, value string, known []string) error {
	bad := fmt.Errorf("%q cannot be %q", name, value)
	var err error
	switch {
	case !slices.Contains(known, name):
		return fmt.Errorf("unknown parameter %q", name)
	case name == "mode":
		p.mode = value
	case name == "quiet":
		p.quiet, err = time.ParseDuration(value)
	case name == "timeout":
		p.timeout, err = time.ParseDuration(value)
	case name == "force":
		p.force, err = strconv.ParseBool(value)
	case name == "weight":
		p.weight, err = strconv.Atoi(value)
	}
	if err != nil {
		return bad
	}
	return nil
}
