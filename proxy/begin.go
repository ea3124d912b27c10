package proxy

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"golang.org/x/net/http/httpguts"

	"sterling/internal/headers"
	"sterling/internal/router"
)

// ServeHTTP takes one request along its path: begin, route, affinity, hold,
// forward, log. Everything it decides is in its exchange.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := d.begin(w, r)
	defer x.finish()
	if v, ok := x.admit(); !ok {
		x.refuse(v)
		return
	}
	if x.proves() {
		return
	}
	if x.listener.cfg.RedirectHTTPS {
		x.redirect()
		return
	}
	if v, ok := x.match(); !ok {
		x.refuse(v)
		return
	}
	x.readAffinity()
	if x.route.pool.cfg.Hold > 0 && !x.hold() {
		return
	}
	x.forward()
}

// begin loads the snapshot, once, and opens the record.
func (d *door) begin(w http.ResponseWriter, r *http.Request) *exchange {
	d.server.active.Add(1)
	x := exchanges.Get().(*exchange) //nolint:errcheck // the pool holds nothing else
	x.door, x.snap = d, d.server.snapshot.Load()
	x.listener = x.snap.listeners[d.name]
	x.in = r
	x.late = r.ProtoMajor == 3
	x.out.reset(w, x)
	x.out.idle = x.door.cfg.WriteIdle

	rec := &x.record
	rec.Time = time.Now()
	rec.Listener = x.listener.cfg.Name
	rec.Affinity = affinityNone
	rec.Method, rec.Proto = r.Method, r.Proto
	rec.Host, rec.Path, rec.Query = r.Host, r.URL.Path, r.URL.RawQuery
	rec.UserAgent, rec.Referer = r.UserAgent(), r.Referer()
	if x.verified() {
		rec.ClientCert = r.TLS.VerifiedChains[0][0].Subject.String()
	}

	x.peer, rec.Client = headers.Peer(r.RemoteAddr)
	x.client = x.believed().Client(x.peer, r.Header)
	if x.client.Client != x.peer || rec.Client == "" {
		rec.Client = x.client.Client.String()
	}
	if rec.ID = x.client.RequestID; rec.ID == "" {
		rec.ID = headers.NewRequestID()
	}
	if !r.ProtoAtLeast(1, 1) {
		delete(r.Header, "Expect") // RFC 9110, section 10.1.1
	}
	if r.Body != nil && r.Body != http.NoBody {
		x.body = &requestBody{
			src: r.Body, pace: newPace(x.listener.cfg.BodyIdle), control: http.NewResponseController(w),
			stream: !x.out.proto1,
		}
		if x.body.stream {
			x.body.left = max(r.ContentLength, 0)
		}
		if x.out.proto1 {
			// Without it, the server waits for the body before it lets an answer out.
			_ = x.out.control.EnableFullDuplex() // HTTP/1 has it
		}
	}
	return x
}

// admit checks what does not depend on a route: sizes, method, host, target.
func (x *exchange) admit() (verdict, bool) {
	r, rules := x.in, x.listener.cfg
	if int64(len(r.RequestURI)) > rules.MaxURI {
		return uriTooLong, false
	}
	if tooManyHeaders(r, x.door.cfg.MaxHeaders, x.door.cfg.MaxHeader) {
		return headerTooLarge, false
	}
	if r.Method == http.MethodConnect || r.Method == http.MethodTrace {
		return methodRefused, false
	}
	if !httpguts.ValidHeaderFieldName(r.Method) || r.ProtoMajor >= 2 && x.malformed() {
		return badRequest, false
	}
	if r.Host == "" && !r.ProtoAtLeast(1, 1) {
		return verdict{}, true // HTTP/1.0 need not name a host: routes for any take it
	}
	var err error
	if x.host, err = router.Host(r.Host); err != nil {
		return badHost, false
	}
	return verdict{}, true
}

// malformed looks at what servers below let through of HTTP/2 and HTTP/3.
func (x *exchange) malformed() bool {
	return !lengthHolds(x.in) || !x.door.native && spaced(x.in.Header) ||
		x.in.ProtoMajor == 3 && x.in.Context().Value(malformedKey{}) != nil
}

// lengthHolds checks the Content-Length of an HTTP/2 request (RFC 9113, section
// 8.1.1). The server below holds the DATA against the first one alone, and
// looks at none when there is no DATA.
func lengthHolds(r *http.Request) bool {
	values := r.Header["Content-Length"]
	if len(values) == 0 {
		return true
	}
	n, err := strconv.ParseUint(values[0], 10, 63)
	return len(values) == 1 && err == nil && int64(n) == r.ContentLength //nolint:gosec // 63 bits
}

// spaced reports whether a value begins or ends with space, which makes a request
// malformed (RFC 9113, section 8.2.1). Our own server for HTTP/2 has looked at it.
func spaced(h http.Header) bool {
	for _, values := range h {
		for _, v := range values {
			if v != "" && (space(v[0]) || space(v[len(v)-1])) {
				return true
			}
		}
	}
	return false
}

func space(b byte) bool { return b == ' ' || b == '\t' }

// tooManyHeaders counts lines and bytes as they would stand in HTTP/1.1. The
// server below bounds the bytes, too, but generously.
func tooManyHeaders(r *http.Request, lines int, size int64) bool {
	n, bytes := headSize(r)
	return n > lines || bytes > size
}

func headSize(r *http.Request) (lines int, bytes int64) {
	n := len(r.Method) + len(r.RequestURI) + len(r.Host)
	for name, values := range r.Header {
		lines += len(values)
		for _, v := range values {
			n += len(name) + len(v) + len(": \r\n")
		}
	}
	return lines, int64(n)
}

// match finds the route, in the canonical form of the target that is also
// what the backend gets.
func (x *exchange) match() (verdict, bool) {
	if v, ok := x.admits(); !ok {
		return v, false
	}
	target, err := router.Canonical(x.in.RequestURI, true)
	if err != nil {
		return badTarget, false
	}
	if target.Asterisk && x.in.Method != http.MethodOptions || !target.Names(x.in.Host) {
		return badTarget, false
	}
	x.target = target
	i, ok := x.snap.table.Match(x.listener.cfg.Name, x.host, target.MatchPath)
	if !ok {
		return noRoute, false
	}
	x.route = x.snap.routes[i]
	x.record.Route, x.record.Pool = x.route.cfg.Name, x.route.pool.cfg.Name
	x.record.Path, x.record.Query = target.RawPath, target.RawQuery
	if x.route.cfg.ClientVerified && !x.verified() {
		return certificateMissing, false
	}
	if target.EncodedSlash && x.route.cfg.EncodedSlash != "pass" {
		return badTarget, false
	}
	if x.body != nil {
		if max := x.route.cfg.MaxBody; max > 0 {
			if x.in.ContentLength > max {
				return bodyTooLarge, false
			}
			x.body.max = max
		}
		x.body.pace.rate = x.route.cfg.MinBodyRate
	}
	x.upgrade, _ = headers.UpgradeToken(x.in, x.route.cfg.Upgrade)
	return verdict{}, true
}

// finish closes the exchange, whatever became of it, and writes its line. It
// is also the one place where a panic on the request path is recovered.
func (x *exchange) finish() {
	defer x.door.server.active.Add(-1)
	p := recover()
	if p != nil && p != http.ErrAbortHandler { //nolint:errorlint // the value itself is thrown, never wrapped
		x.logPanic(p, debug.Stack())
		if x.out.status == 0 && !x.out.hijacked {
			x.refuse(verdict{status: http.StatusInternalServerError, end: "panic"})
			p = nil
		} else {
			p = http.ErrAbortHandler
		}
	}
	if x.reply != nil {
		_ = x.reply.Close() // again, in case an upgrade failed half way
	}
	if x.tunnel != nil {
		ended := <-x.tunnel
		x.record.BytesIn += ended.BytesIn
		x.record.BytesOut += ended.BytesOut
		x.end(ended.Cause)
	}
	if x.body != nil {
		x.record.BytesIn += x.body.read.Load()
		x.body.detach()
	}
	x.settle(p != nil)
	x.count()
	x.door.server.access.Write(&x.record)
	x.release(p != nil)
	if p != nil {
		panic(http.ErrAbortHandler)
	}
	x.recycle()
}

func (x *exchange) logPanic(p any, stack []byte) {
	x.tellPanic(p, stack)
	x.end("panic")
}

// tellPanic tells of one that the request has survived.
func (x *exchange) tellPanic(p any, stack []byte) {
	x.door.server.log.Error().Str("id", x.record.ID).Interface("panic", p).Bytes("stack", stack).Msg("a request panicked")
}

// release leaves the connection to the server with all that it still has to
// do bounded in time. cut says that the answer was broken off.
func (x *exchange) release(cut bool) {
	if !x.out.gathers(0) {
		x.out.extend()
	}
	if x.body == nil || x.body.whole.Load() || !x.out.proto1 || x.out.hijacked {
		return
	}
	if cut {
		x.body.end(time.Now())
		return
	}
	_ = x.out.control.Flush() // a failure shows in the server's next write
	x.body.end(time.Now().Add(lingering))
}

// settle fills in what is known only at the end. cut says that the answer was
// broken off.
func (x *exchange) settle(cut bool) {
	rec := &x.record
	rec.Duration = x.elapsed()
	rec.BytesOut += x.out.bytes
	if rec.Status == 0 {
		rec.Status = x.out.status
	}
	switch {
	case x.out.failed != nil, cut && x.in.Context().Err() != nil:
		x.end(x.left())
	case x.failure != nil:
		x.end(x.judge(x.failure).end)
	case cut:
		x.end("backend_cut")
	}
	x.end("ok")
}

// left tells a client that went away from one that the shutdown cut off.
func (x *exchange) left() string {
	if errors.Is(context.Cause(x.in.Context()), errShutdown) {
		return "shutdown"
	}
	return "client_closed"
}
