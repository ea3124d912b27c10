package backend

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
)

// probeBodyLimit bounds what is read of a check's answer. What it says is not
// looked at, but a server that is cut off may log an error.
const probeBodyLimit = 64 << 10

// prober checks one backend, over a connection of its own each time: one from
// the idle pool would tell of the past.
type prober struct {
	dialer   *dialer
	url      *url.URL
	protocol Protocol
	rule     CheckOptions
}

// probe makes one check and returns nil if the backend is fit. ctx bears the
// limit for the whole of it.
func (p *prober) probe(ctx context.Context) error {
	if p.rule.Kind == CheckHTTP {
		return p.probeHTTP(ctx)
	}
	conn, err := p.dial(ctx, "tcp", "")
	if err != nil {
		return err
	}
	return conn.Close()
}

func (p *prober) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	return p.dialer.dial(ctx, p.rule.Timeout)
}

func (p *prober) probeHTTP(ctx context.Context) error {
	transport := newStandardTransport(p.protocol, p.dial)
	transport.DisableKeepAlives = true
	transport.MaxResponseHeaderBytes = probeBodyLimit
	defer transport.CloseIdleConnections()
	target := *p.url
	target.Path, target.RawQuery = "", ""
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String()+p.rule.Path, nil)
	if err != nil {
		return err
	}
	if p.rule.Host != "" {
		req.Host = p.rule.Host
	}
	req.Header.Set("User-Agent", "sterling-check")
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return unwrapDial(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }() // it was read only for good manners
	if resp.StatusCode < p.rule.StatusMin || resp.StatusCode > p.rule.StatusMax {
		return statusError(resp.StatusCode)
	}
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, probeBodyLimit))
	return err
}

// unwrapDial prefers the limit over what the transport makes of its end.
func unwrapDial(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
