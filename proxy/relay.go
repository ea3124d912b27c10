package proxy

import (
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"sterling/internal/headers"
)

// relay forwards a usual request, and does what ReverseProxy would: it copies
// the answer, strips hop-by-hop headers, and passes trailers and informational
// answers on. But the client's headers become the backend's where they are,
// the exchange itself stands where ReverseProxy needs a context to carry it,
// and a body goes straight from the one connection to the other. So it hardly
// allocates.
func (x *exchange) relay() {
	h := x.in.Header
	trailers := takesTrailers(h)
	headers.CleanRequest(h, x.client.Trusted)
	if trailers {
		h["Te"] = trailersOnly
	}
	x.toBackend(h)
	req := &x.request
	*req = *x.in
	req.URL = &x.url
	x.setTarget(req.URL)
	req.Host = x.record.Host
	if req.Body = nil; x.body != nil && x.in.ContentLength != 0 {
		req.Body = x.body
	}
	res, err := x.ask(req)
	if err == nil && res.StatusCode == http.StatusSwitchingProtocols {
		_ = res.Body.Close() // nobody asked for it
		err = errOtherProtocol
	}
	if err != nil {
		x.fail(err)
		return
	}
	x.pass(res)
	x.reply = nil // it is closed, and may become another's
	if len(res.Trailer) == 0 && x.trying.last == nil {
		x.trying.call.Recycle() // the engine has made bytes of its headers
	}
}

// Informed implements [backend.Informed]: the client hears of it, too.
func (x *exchange) Informed(code int, header textproto.MIMEHeader) error {
	h := x.out.Header()
	for name, values := range header {
		h[name] = values
	}
	x.out.WriteHeader(code)
	clear(h)
	return nil
}

// pass gives the backend's answer to the client. It panics with
// [http.ErrAbortHandler] where that has to be cut.
func (x *exchange) pass(res *http.Response) {
	defer res.Body.Close() //nolint:errcheck // a body that fails to close was read already, or is not wanted
	h := x.out.Header()
	x.route.pool.rewriter.PassAnswer(h, res.Header, x.front(), x.winner.URL())
	x.fromBackend(h, res.StatusCode)
	announced := announce(h, res.Trailer)
	x.out.WriteHeader(res.StatusCode)
	if x.out.length < 0 && waits(res.Body) {
		_ = x.out.FlushError() // a stream may be silent at first; a failure is kept by the writer
	}
	if err := x.passBody(res.Body); err != nil {
		if x.out.failed == nil {
			x.failure = err
		}
		panic(http.ErrAbortHandler)
	}
	if len(res.Trailer) > 0 {
		x.shared = true        // the engine reads them when the handler has returned
		_ = x.out.FlushError() // a failure is kept by the writer
		passTrailers(h, res.Trailer, announced)
	}
}

// waits reports whether reading the body may have to wait for the backend.
func waits(body io.Reader) bool {
	b, ok := body.(interface{ Waits() bool })
	return !ok || b.Waits()
}

// announce names the trailers that will follow, and returns how many.
func announce(h, trailer http.Header) int {
	if len(trailer) == 0 {
		return 0
	}
	names := make([]string, 0, len(trailer))
	for name := range trailer {
		names = append(names, name)
	}
	slices.Sort(names)
	h["Trailer"] = []string{strings.Join(names, ", ")}
	return len(names)
}

// passTrailers sets them, by the prefix of [http.TrailerPrefix] where more came
// than were announced.
func passTrailers(h, trailer http.Header, announced int) {
	prefix := ""
	if len(trailer) != announced {
		prefix = http.TrailerPrefix
	}
	for name, values := range trailer {
		h[prefix+name] = values
	}
}

// passBody copies the body. Each piece of an answer that goes on is sent when
// it comes; the last one goes with the end.
func (x *exchange) passBody(body io.Reader) error {
	if b, ok := body.(io.WriterTo); ok {
		_, err := b.WriteTo(relayed{x})
		return err
	}
	buf := copyBuffers.Get().(*[]byte) //nolint:errcheck // the pool holds nothing else
	defer copyBuffers.Put(buf)
	for {
		n, err := body.Read(*buf)
		if n > 0 {
			if _, err := (relayed{x}).Write((*buf)[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// relayed is the client as passBody writes to it.
type relayed struct{ x *exchange }

// Write implements [io.Writer].
func (r relayed) Write(p []byte) (int, error) {
	n, err := r.x.out.Write(p)
	if err == nil {
		err = r.x.out.FlushError()
	}
	return n, err
}
