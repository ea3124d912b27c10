package proxy

import (
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"sterling/backend"
	"sterling/internal/accesslog"
	"sterling/internal/headers"
	"sterling/internal/router"
	"sterling/internal/tunnel"
	"sterling/session"
)

var exchanges = sync.Pool{New: func() any { return new(exchange) }}

// exchange is one request on its way: what was decided so far, and the record
// that becomes its line in the access log. It belongs to the goroutine of the
// request. See recycle for when it is used again.
type exchange struct {
	record accesslog.Record

	door     *door
	snap     *snapshot
	listener *listenerRules // of this snapshot
	route    *route         // nil until one matched

	in      *http.Request
	out     writer // what the client's answer is written through
	host    string // canonical, for matching
	target  router.Target
	client  headers.Forwarded
	peer    netip.Addr
	upgrade string // allow-listed token that the client asked for, or ""
	body    *requestBody

	pin     session.Pin
	verdict session.Verdict // on the cookie
	pinned  bool            // pin was verified and is within its limits

	room       headers.Room // for values of headers
	repeatable bool         // running it twice does no harm
	trying     trying       // the attempts
	request    http.Request // what relay sends, to url
	url        url.URL

	shared bool // with ReverseProxy, see recycle
	late   bool // the server below reads the answer's head when the handler has returned

	tunnel <-chan tunnel.Stats // how the tunnel ended; nil: there was none

	winner  *backend.Member // that answered
	reply   io.Closer       // the body of its answer, or the connection after an upgrade
	failure error           // why no answer could be passed on, or was cut short
}

// recycle gives the exchange back for another request, unless something that
// may outlive the handler has seen it: a body, which others read, the contexts
// and timers of ReverseProxy, an attempt that failed or was given up.
func (x *exchange) recycle() {
	if x.shared || x.late || x.body != nil || x.trying.last != nil || x.trying.hedge != nil {
		return
	}
	attempts, room := x.record.Attempts[:0], x.room
	*x = exchange{}
	x.record.Attempts, x.room = attempts, room
	x.room.Reset()
	exchanges.Put(x)
}

// overTLS reports whether the client's side is encrypted.
func (x *exchange) overTLS() bool { return x.in.TLS != nil }

func (x *exchange) scheme() string {
	if x.overTLS() {
		return "https"
	}
	return "http"
}

// elapsed is the time since the request's head had arrived.
func (x *exchange) elapsed() time.Duration { return time.Since(x.record.Time) }

// end sets why the exchange ended. The first reason given stands: what comes
// after it is only its consequence.
func (x *exchange) end(reason string) {
	if x.record.End == "" {
		x.record.End = reason
	}
}
