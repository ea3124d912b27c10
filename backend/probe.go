package backend

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"sterling/internal/proxyline"
)

const (
	// probeBodyLimit bounds what is read of a check's answer. Little of it is
	// looked at, but a server that is cut off may log an error.
	probeBodyLimit = 64 << 10
	// probeWordLimit bounds where the first word of the body is looked for.
	probeWordLimit = 1 << 10
)

// prober checks one backend, over a connection of its own each time: one from
// the idle pool would tell of the past.
type prober struct {
	dialer   *dialer
	url      *url.URL
	protocol Protocol
	rule     CheckOptions
}

// probe makes one check. ctx bears the limit for the whole of it.
func (p *prober) probe(ctx context.Context) finding {
	if p.rule.Kind == CheckHTTP {
		return p.probeHTTP(ctx)
	}
	conn, err := p.dialer.dial(ctx, p.rule.Timeout, proxyline.Ends{})
	if err != nil {
		return finding{failure: err}
	}
	return finding{failure: conn.Close()}
}

func (p *prober) probeHTTP(ctx context.Context) finding {
	link := newStdLink(p.dialer, p.protocol, 0)
	link.std.DisableKeepAlives = true
	ctx = context.WithValue(ctx, connectLimitKey{}, p.rule.Timeout)
	target := *p.url
	target.Path, target.RawQuery = "", ""
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String()+p.rule.Path, nil)
	if err != nil {
		return finding{failure: err}
	}
	if p.rule.Host != "" {
		req.Host = p.rule.Host
	}
	req.Header.Set("User-Agent", "sterling-check")
	resp, err := link.std.RoundTrip(req)
	if err != nil {
		// A connection that comes too late would be kept, if it speaks HTTP/2.
		link.retire()
		return finding{failure: unwrapDial(ctx, err)}
	}
	defer func() { _ = resp.Body.Close() }() // it was read only for good manners
	return p.read(resp)
}

// read makes out what the answer says. A backend that asks to be drained is
// fit as long as it can say so.
func (p *prober) read(resp *http.Response) finding {
	drain := drainAsked(resp.Header)
	good := resp.StatusCode >= p.rule.StatusMin && resp.StatusCode <= p.rule.StatusMax
	if drain == "" && p.rule.DrainWord != "" {
		text, err := io.ReadAll(io.LimitReader(resp.Body, probeWordLimit))
		if begins(text, p.rule.DrainWord) {
			drain = Keep
		} else if good && err != nil {
			return finding{failure: err}
		}
	}
	switch {
	case drain != "":
		return finding{answered: true, drain: drain}
	case !good:
		return finding{answered: true, failure: statusError(resp.StatusCode)}
	}
	_, err := io.Copy(io.Discard, io.LimitReader(resp.Body, probeBodyLimit))
	return finding{answered: err == nil, failure: err}
}

// unwrapDial prefers the limit over what the transport makes of its end.
func unwrapDial(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
