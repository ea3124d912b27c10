package proxy

import (
	"crypto/tls"
	"errors"
	"io"
	stdlog "log"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"

	"golang.org/x/net/http/httpguts"

	"sterling/internal/headers"
	"sterling/internal/http1"
)

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

// forward hands the request to the route's reverse proxy. Hop-by-hop headers
// are removed before: ReverseProxy's own way lets every upgrade through, and
// lets Connection take away what a trusted proxy has set.
func (x *exchange) forward() {
	h := x.in.Header
	trailers := httpguts.HeaderValuesContainsToken(h["Te"], "trailers")
	headers.RemoveHopByHop(h)
	if trailers {
		h["Te"] = []string{"trailers"}
	}
	if x.upgrade != "" {
		h["Connection"], h["Upgrade"] = []string{"Upgrade"}, []string{x.upgrade}
	}
	if x.mustBegin() {
		if err := x.body.begin(); err != nil {
			x.fail(err)
			return
		}
	}
	x.route.proxy.ServeHTTP(&x.out, x.in)
}

// mustBegin reports whether the body has framing of its own that may be
// broken. A client that waits for a 100 gets it from the backend.
func (x *exchange) mustBegin() bool {
	return x.body != nil && x.in.ProtoMajor == 1 && x.in.ContentLength < 0 && x.in.Header["Expect"] == nil
}

// rewrite turns the client's request into the backend's. What is set here
// cannot be taken away by the client: what its Connection header named has
// been removed before.
func rewrite(pr *httputil.ProxyRequest) {
	x := exchangeOf(pr.In.Context())
	h := pr.Out.Header
	headers.StripRequest(h, x.client.Trusted)
	x.route.strip.Strip(h)
	headers.StripTrailers(pr.Out)

	u := pr.Out.URL
	u.Path, u.RawPath, u.RawQuery = x.target.Path, x.target.RawPath, x.target.RawQuery
	u.ForceQuery, u.Fragment, u.Opaque = x.target.ForceQuery, "", ""
	pr.Out.Host = x.record.Host

	headers.SetForwarded(h, x.forwarded())
	x.apply(x.route.request, h, x.vars())
}

// forwarded is what the backend is told of the client.
func (x *exchange) forwarded() headers.ForwardedValues {
	return headers.ForwardedValues{
		From:      x.client,
		Peer:      x.peer,
		Host:      x.in.Host,
		Proto:     x.scheme(),
		Port:      x.door.port,
		RequestID: x.record.ID,
		RFC7239:   x.route.cfg.Forwarded,
	}
}

// vars are the values behind the placeholders of header rules.
func (x *exchange) vars() headers.Vars {
	v := headers.Vars{
		Host: x.host, Path: x.target.RawPath, Query: x.target.RawQuery,
		Method: x.in.Method, Scheme: x.front().Scheme, ClientIP: x.record.Client,
		RequestID: x.record.ID, Listener: x.door.name,
		Route: x.record.Route, Pool: x.record.Pool, Time: x.record.Time,
	}
	if c := x.in.TLS; c != nil {
		v.ServerName = c.ServerName
		v.TLSVersion, v.TLSCipher = tls.VersionName(c.Version), tls.CipherSuiteName(c.CipherSuite)
	}
	return v
}

// front is the door as the client sees it: through a trusted proxy that may
// have another host and protocol than here.
func (x *exchange) front() headers.Front {
	f := headers.Front{Scheme: x.scheme(), Host: x.in.Host}
	if x.client.Proto != "" {
		f.Scheme = x.client.Proto
	}
	if x.client.Host != "" {
		f.Host = x.client.Host
	}
	return f
}

// apply applies header rules. A rule whose value, expanded, cannot stand in a
// header is left out, and counted.
func (x *exchange) apply(rules *headers.Rules, h http.Header, v headers.Vars) {
	if n := rules.Apply(h, &v); n > 0 {
		x.door.server.droppedRules.Add(uint64(n)) //nolint:gosec // never negative
	}
}

var errOtherProtocol = errors.New("the backend switched to a protocol that was not asked for")

// rewriteAnswer turns a backend's answer into the door's: links and cookies
// that name the backend come to name the door, the route's own rules are
// applied, and the affinity cookie is written for the backend that answered.
func rewriteAnswer(res *http.Response) error {
	x := exchangeOf(res.Request.Context())
	if res.StatusCode == http.StatusSwitchingProtocols {
		// ReverseProxy leaves these headers alone for an upgrade.
		if !strings.EqualFold(res.Header.Get("Upgrade"), x.upgrade) {
			return errOtherProtocol
		}
		headers.RemoveHopByHop(res.Header)
		res.Header.Set("Connection", "Upgrade")
		res.Header.Set("Upgrade", x.upgrade)
		x.record.Status = res.StatusCode
	}
	x.route.pool.rewriter.Answer(res.Header, x.front(), x.winner.URL())
	vars := x.vars()
	vars.Status, vars.Backend = res.StatusCode, x.winner.Name()
	x.apply(x.route.response, res.Header, vars)
	// Last, or a rule for Set-Cookie would take the pin away.
	x.writeAffinity(res.Header)
	if res.StatusCode == http.StatusSwitchingProtocols {
		return nil // the body is the connection
	}
	res.Body = &answerBody{ReadCloser: res.Body, x: x}
	return nil
}

// fail is the reverse proxy's way out when there is no answer to pass on.
func (x *exchange) fail(err error) {
	x.failure = err
	var panicked *http1.PanicError
	if errors.As(err, &panicked) {
		x.logPanic(panicked.Value, panicked.Stack)
	}
	if x.reply != nil {
		_ = x.reply.Close()
	}
	if x.route.pool.affinity != nil {
		x.record.Affinity = affinityFailed
	}
	x.refuse(x.judge(err))
	if x.record.Status == 0 || x.record.End == "client_closed" {
		x.record.Status = x.out.status
	}
}

// copyBuffer is the size of the pieces that bodies are moved in.
const copyBuffer = 32 << 10

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, copyBuffer); return &b }}

// buffers lends copy buffers to ReverseProxy.
type buffers struct{}

func (buffers) Get() []byte  { return *copyBuffers.Get().(*[]byte) } //nolint:errcheck // the pool holds nothing else
func (buffers) Put(b []byte) { copyBuffers.Put(&b) }
