package proxy

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"

	"sterling/internal/headers"
	"sterling/internal/http1"
)

// forward takes the request to a backend and its answer to the client: by
// [httputil.ReverseProxy], or by a shorter way where nothing needs that. Both
// are held by the same tests.
func (x *exchange) forward() {
	x.repeatable = x.mayRepeat()
	if x.mustBegin() {
		if err := x.body.begin(); err != nil {
			x.fail(err)
			return
		}
	}
	if x.usual() {
		x.relay()
		return
	}
	x.reverse()
}

// usual reports whether the request is one that relay can take: no upgrade,
// nothing that says how to send on, and not over the standard engine, which is
// there to be compared with.
func (x *exchange) usual() bool {
	h := x.in.Header
	return x.door.native && x.upgrade == "" && len(x.in.Trailer) == 0 && h["Expect"] == nil
}

// mustBegin reports whether the body has framing of its own that may be
// broken. A client that waits for a 100 gets it from the backend.
func (x *exchange) mustBegin() bool {
	return x.body != nil && x.in.ProtoMajor == 1 && x.in.ContentLength < 0 && x.in.Header["Expect"] == nil
}

// toBackend turns the client's headers, of which those are gone that it must
// not set, into those of the backend. What is set here cannot be taken away by
// the client: what its Connection header named has been removed before.
func (x *exchange) toBackend(h http.Header) {
	x.route.strip.StripWith(h, x.room.Lend(len(h["Cookie"])))
	told := x.forwarded()
	headers.SetForwardedIn(h, &told, &x.room)
	if t := x.in.TLS; t != nil && !t.HandshakeComplete {
		h["Early-Data"] = inEarlyData
	}
	var certificate headers.ClientCertificate
	if x.tellCertificate(&certificate) {
		headers.SetClientCertificate(h, certificate)
	}
	x.apply(x.route.request, h, 0)
}

// inEarlyData tells a backend that the request may be sent again by whoever has
// seen it (RFC 8470, section 5.1). It is never written to.
var inEarlyData = []string{"1"}

// setTarget makes u name what the client asked for, in the canonical form.
func (x *exchange) setTarget(u *url.URL) {
	u.Path, u.RawPath, u.RawQuery = x.target.Path, x.target.RawPath, x.target.RawQuery
	u.ForceQuery, u.Fragment, u.Opaque = x.target.ForceQuery, "", ""
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

		ClientText: x.record.Client,
		PortText:   x.door.portText,
	}
}

// vars are the values behind the placeholders of header rules.
func (x *exchange) vars() headers.Vars {
	v := headers.Vars{
		Host: x.host, Path: x.target.RawPath, Query: x.target.RawQuery,
		Method: x.in.Method, Scheme: x.front().Scheme, ClientIP: x.record.Client,
		RequestID: x.record.ID, Listener: x.listener.cfg.Name,
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

// apply applies header rules to a request, or to an answer with status. A rule
// whose value, expanded, cannot stand in a header is left out, and counted.
func (x *exchange) apply(rules *headers.Rules, h http.Header, status int) {
	if rules.Static() {
		rules.ApplyIn(h, nil, &x.room) // none of them can be left out
		return
	}
	v := x.vars()
	if status != 0 {
		v.Status, v.Backend = status, x.winner.Name()
	}
	if n := rules.ApplyIn(h, &v, &x.room); n > 0 {
		x.door.server.droppedRules.Add(uint64(n)) //nolint:gosec // never negative
	}
}

// fromBackend turns a backend's answer, whose links and cookies name the door
// already, into the door's: the route's own rules are applied, and the affinity
// cookie is written for the backend that answered.
func (x *exchange) fromBackend(h http.Header, status int) {
	delete(h, "Alt-Svc") // it names a place beside the backend
	x.apply(x.route.response, h, status)
	x.secure(h)
	// Last, or a rule for Set-Cookie would take the pin away.
	x.writeAffinity(h)
}

// fail is the way out when there is no answer to pass on.
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
