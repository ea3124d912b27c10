package proxy

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"sterling/backend"
)

// verdict is how an exchange that got no answer from a backend ends: the
// status for the client and the word for the log.
type verdict struct {
	status     int
	end        string
	retryAfter int   // seconds; 0: no header
	page       *page // what the pool has in its place; nil: nothing
}

// errNoBackend says that a pool had nobody to offer.
var errNoBackend = errors.New("no backend is available")

// refusals found before anything was forwarded.
var (
	badRequest         = verdict{status: http.StatusBadRequest, end: "bad_request"}
	badHost            = verdict{status: http.StatusBadRequest, end: "bad_host"}
	badTarget          = verdict{status: http.StatusBadRequest, end: "bad_target"}
	noRoute            = verdict{status: http.StatusNotFound, end: "no_route"}
	methodRefused      = verdict{status: http.StatusMethodNotAllowed, end: "method_refused"}
	bodyTooLarge       = verdict{status: http.StatusRequestEntityTooLarge, end: "body_too_large"}
	uriTooLong         = verdict{status: http.StatusRequestURITooLong, end: "uri_too_long"}
	misdirected        = verdict{status: http.StatusMisdirectedRequest, end: "misdirected"}
	certificateMissing = verdict{status: http.StatusForbidden, end: "certificate_missing"}
	headerTooLarge     = verdict{status: http.StatusRequestHeaderFieldsTooLarge, end: "header_too_large"}
)

// statusClientClosed is nginx's number for a client that left before it was
// answered. It is only ever logged: there is nobody to send it to.
const statusClientClosed = 499

// judge is the one ladder from an error to a status. What the client did
// comes first, then how far the last attempt had got.
func (x *exchange) judge(err error) verdict {
	if v, ok := judgeClient(x, err); ok {
		return v
	}
	if errors.Is(err, errNoBackend) {
		return verdict{status: http.StatusServiceUnavailable, end: "no_backend", retryAfter: 1, page: x.route.pool.page}
	}
	var failed *backend.Error
	if !errors.As(err, &failed) {
		return verdict{status: http.StatusBadGateway, end: "bad_response"}
	}
	v := verdict{status: http.StatusBadGateway, end: failed.Kind.String()}
	switch {
	case failed.NothingSent():
		// Nothing was run, so the client may well ask again.
		v.status, v.retryAfter, v.page = http.StatusServiceUnavailable, 1, x.route.pool.page
	case failed.Kind == backend.ResponseTimeout, failed.Kind == backend.BodyStalled:
		v.status = http.StatusGatewayTimeout
	}
	return v
}

func judgeClient(x *exchange, err error) (verdict, bool) {
	if errors.Is(context.Cause(x.in.Context()), errShutdown) {
		return verdict{status: http.StatusServiceUnavailable, end: "shutdown"}, true
	}
	bodyErr := x.body.err()
	if bodyErr == nil {
		bodyErr = x.body.overdue()
	}
	switch {
	case bodyErr == nil:
	case errors.Is(bodyErr, errBodyTooLarge):
		return bodyTooLarge, true
	case errors.Is(bodyErr, errBodyStalled):
		return verdict{status: http.StatusRequestTimeout, end: "client_stalled"}, true
	case errors.Is(bodyErr, errBodySlow):
		return verdict{status: http.StatusRequestTimeout, end: "client_slow"}, true
	case x.in.Context().Err() != nil:
		return verdict{status: statusClientClosed, end: "client_closed"}, true
	default:
		return verdict{status: http.StatusBadRequest, end: "bad_body"}, true
	}
	if x.in.Context().Err() != nil || errors.Is(err, context.Canceled) {
		return verdict{status: statusClientClosed, end: "client_closed"}, true
	}
	return verdict{}, false
}

// refuse answers with an error of the door's own. The client learns the
// status and the request id, which finds the cause in the log.
func (x *exchange) refuse(v verdict) {
	x.end(v.end)
	if x.out.status != 0 || x.out.hijacked {
		return
	}
	if p := v.page; p != nil {
		v.status, v.retryAfter = p.status, p.retryAfter
	}
	kind, body := x.errorBody(v)
	h := x.out.Header()
	clear(h)
	h.Set("Content-Type", kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Request-Id", x.record.ID)
	x.secure(h)
	if v.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(v.retryAfter))
	}
	if v.status == http.StatusMethodNotAllowed {
		h.Set("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
	}
	// A body that nobody read must not be taken for the next request, and who
	// sends what is refused for its form may mean something else by the rest.
	harmless := v.status == http.StatusNotFound || v.status >= http.StatusInternalServerError
	if !harmless || x.in.ContentLength != 0 || !strings.HasPrefix(x.in.RequestURI, "/") {
		x.out.closing = true
	}
	x.out.WriteHeader(v.status)
	if x.in.Method != http.MethodHead {
		_, _ = x.out.Write(body) // a failure is kept by the writer
	}
}

// errorBody is what the client is shown: the pool's own page where there is one.
func (x *exchange) errorBody(v verdict) (kind string, body []byte) {
	if p := v.page; p != nil && p.body != nil {
		return p.kind, p.body
	}
	text := http.StatusText(v.status)
	if v.status == statusClientClosed {
		text = "Client Closed Request"
	}
	return "text/plain; charset=utf-8", []byte(strconv.Itoa(v.status) + " " + text + "\nrequest " + x.record.ID + "\n")
}
