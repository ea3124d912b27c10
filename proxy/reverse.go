package proxy

import (
	"context"
	"errors"
	"io"
	stdlog "log"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"

	"golang.org/x/net/http/httpguts"

	"sterling/internal/headers"
)

type exchangeKey struct{}

// exchangeOf returns the exchange that ctx was made for, by reverse.
func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// newForwarder makes the reverse proxy of one route. All its hooks find what
// they need in the exchange of the request.
func newForwarder() *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite:        rewrite,
		Transport:      attempts{},
		ModifyResponse: rewriteAnswer,
		ErrorHandler: func(_ http.ResponseWriter, r *http.Request, err error) {
			exchangeOf(r.Context()).fail(err)
		},
		// Whatever goes wrong is in the access log, with its cause.
		ErrorLog:   stdlog.New(io.Discard, "", 0),
		BufferPool: buffers{}, // answers of known length are flushed by answerBody
	}
}

// reverse hands the request to the route's reverse proxy. Hop-by-hop headers
// are removed before: ReverseProxy's own way lets every upgrade through, and
// lets Connection take away what a trusted proxy has set.
func (x *exchange) reverse() {
	x.shared = true
	ctx := context.WithValue(x.in.Context(), exchangeKey{}, x)
	if x.door.native {
		// Without it, ReverseProxy takes this for a test, and ends an answer that
		// was cut as if it were whole.
		ctx = context.WithValue(ctx, http.ServerContextKey, x.door)
	}
	x.in = x.in.WithContext(ctx)
	if x.body != nil {
		x.in.Body = x.body
	}
	h := x.in.Header
	removeHopByHop(h)
	if x.upgrade != "" {
		h["Connection"], h["Upgrade"] = []string{"Upgrade"}, []string{x.upgrade}
	}
	x.route.proxy.ServeHTTP(&x.out, x.in)
}

// removeHopByHop leaves the client's word that it takes trailers.
func removeHopByHop(h http.Header) {
	trailers := takesTrailers(h)
	headers.RemoveHopByHop(h)
	if trailers {
		h["Te"] = trailersOnly
	}
}

// takesTrailers reports whether the client says so.
func takesTrailers(h http.Header) bool {
	return h["Te"] != nil && httpguts.HeaderValuesContainsToken(h["Te"], "trailers")
}

// trailersOnly is all that a TE header to a backend says. It is never written to.
var trailersOnly = []string{"trailers"}

// rewrite turns the client's request into the backend's.
func rewrite(pr *httputil.ProxyRequest) {
	x := exchangeOf(pr.In.Context())
	headers.StripTrailers(pr.Out)
	x.setTarget(pr.Out.URL)
	pr.Out.Host = x.record.Host
	headers.StripRequest(pr.Out.Header, x.client.Trusted)
	x.toBackend(pr.Out.Header)
}

var errOtherProtocol = errors.New("the backend switched to a protocol that was not asked for")

// rewriteAnswer turns a backend's answer into the door's.
func rewriteAnswer(res *http.Response) error {
	x := exchangeOf(res.Request.Context())
	x.route.pool.rewriter.Answer(res.Header, x.front(), x.winner.URL())
	if res.StatusCode != http.StatusSwitchingProtocols {
		x.fromBackend(res.Header, res.StatusCode)
		res.Body = &answerBody{ReadCloser: res.Body, x: x}
		return nil
	}
	// ReverseProxy leaves these headers alone for an upgrade.
	if !strings.EqualFold(res.Header.Get("Upgrade"), x.upgrade) {
		return errOtherProtocol
	}
	headers.RemoveHopByHop(res.Header)
	res.Header.Set("Connection", "Upgrade")
	res.Header.Set("Upgrade", x.upgrade)
	x.record.Status = res.StatusCode
	x.fromBackend(res.Header, res.StatusCode) // the body is the connection
	return nil
}

// attempts is the transport under the reverse proxy. Its requests carry an
// exchange.
type attempts struct{}

// RoundTrip implements [http.RoundTripper].
func (attempts) RoundTrip(req *http.Request) (*http.Response, error) {
	return exchangeOf(req.Context()).ask(req)
}

// copyBuffer is the size of the pieces that bodies are moved in.
const copyBuffer = 32 << 10

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, copyBuffer); return &b }}

// buffers lends copy buffers to ReverseProxy.
type buffers struct{}

func (buffers) Get() []byte  { return *copyBuffers.Get().(*[]byte) } //nolint:errcheck // the pool holds nothing else
func (buffers) Put(b []byte) { copyBuffers.Put(&b) }

// answerBody watches the answer's body on its way through, so that a cut is
// told from a client that left. Before it goes back for more, it sees to it
// that the client has got what was there.
type answerBody struct {
	io.ReadCloser
	x *exchange
}

func (b *answerBody) Read(p []byte) (int, error) {
	if b.x.out.bytes > 0 && b.x.out.length >= 0 {
		_ = b.x.out.FlushError() // a failure is kept by the writer
	}
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF && b.x.failure == nil {
		b.x.failure = err
	}
	return n, err
}
