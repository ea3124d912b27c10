package proxy

import (
	"net/http"

	"sterling/internal/router"
)

// redirect answers a request on a listener that only sends people to https.
// It goes to the host that was asked for, and only if an https listener has a
// route for it: a Host nobody configured is never reflected.
func (x *exchange) redirect() {
	if x.host == "" {
		x.refuse(badHost) // HTTP/1.0 need not name one, but then there is nowhere to go
		return
	}
	target, err := router.Canonical(x.in.RequestURI, true)
	if err != nil {
		x.refuse(badTarget)
		return
	}
	to := x.listener.to
	i, ok := x.snap.table.Match(to.listener, x.host, target.MatchPath)
	if !ok {
		x.refuse(noRoute)
		return
	}
	x.record.Route = x.snap.routes[i].cfg.Name
	h := x.out.Header()
	h.Set("Location", router.HTTPSLocation(x.host, x.door.server.httpsPort(to), target))
	h.Set("Content-Length", "0")
	if x.body != nil {
		x.out.closing = true // nobody reads it
	}
	x.out.WriteHeader(http.StatusPermanentRedirect)
}

// httpsPort is the port of a redirection, which for a listener that was given
// port 0 or a passed socket is known only once it is bound.
func (s *Server) httpsPort(to redirection) int {
	if to.port != 0 {
		return to.port
	}
	for _, d := range s.doors {
		if d.called() == to.listener {
			return d.port
		}
	}
	return 0
}

// redirection is where a redirecting listener sends its visitors.
type redirection struct {
	listener string // the https listener whose routes decide
	port     int
}
