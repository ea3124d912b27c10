package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"sterling/proxy"
)

// answerLimit bounds what a client reads: far more than the largest status.
const answerLimit = 64 << 20

// Client speaks to a running process.
type Client struct {
	at    address
	token string
	http  *http.Client
}

// NewClient makes a client for an address as in [Options]; it connects to
// nothing yet. An empty token sends none.
func NewClient(at, token string) (*Client, error) {
	a, err := parseAddress(at)
	if err != nil {
		return nil, err
	}
	var dialer net.Dialer
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, a.network, a.value)
		},
		DisableKeepAlives: true,
	}
	return &Client{at: a, token: token, http: &http.Client{Transport: transport, Timeout: writeTimeout + 5*time.Second}}, nil
}

// Status asks how the front door is.
func (c *Client) Status(ctx context.Context) (proxy.Status, error) {
	var s proxy.Status
	return s, c.do(ctx, http.MethodGet, "/api/v1/status", &s)
}

// RawStatus is Status as the API sent it, JSON.
func (c *Client) RawStatus(ctx context.Context) ([]byte, error) {
	var raw json.RawMessage
	return raw, c.do(ctx, http.MethodGet, "/api/v1/status", &raw)
}

// Reload makes the process read its configuration again. A configuration that
// it refuses is a [*Refusal].
func (c *Client) Reload(ctx context.Context) (proxy.Report, error) {
	var r proxy.Report
	return r, c.do(ctx, http.MethodPost, "/api/v1/reload", &r)
}

// Order posts an order: drain, enable, disable or weight, with its parameters. It
// returns what has become of the backend.
func (c *Client) Order(ctx context.Context, pool, backend, order string, parameters url.Values) (proxy.BackendStatus, error) {
	var st proxy.BackendStatus
	path := "/api/v1/pools/" + url.PathEscape(pool) + "/backends/" + url.PathEscape(backend) + "/" + order
	if len(parameters) > 0 {
		path += "?" + parameters.Encode()
	}
	return st, c.do(ctx, http.MethodPost, path, &st)
}

// Certificates asks for all certificates.
func (c *Client) Certificates(ctx context.Context) ([]proxy.CertificateReport, error) {
	var all []proxy.CertificateReport
	return all, c.do(ctx, http.MethodGet, "/api/v1/certificates", &all)
}

// RawCertificates is Certificates as the API sent it, JSON.
func (c *Client) RawCertificates(ctx context.Context) ([]byte, error) {
	var raw json.RawMessage
	return raw, c.do(ctx, http.MethodGet, "/api/v1/certificates", &raw)
}

// Certificate has the certificate of a name renewed ("renew"), or revoked and
// ordered anew ("revoke"). It returns what is known of it then.
func (c *Client) Certificate(ctx context.Context, name, order string) (proxy.CertificateReport, error) {
	var r proxy.CertificateReport
	return r, c.do(ctx, http.MethodPost, "/api/v1/certificates/"+url.PathEscape(name)+"/"+order, &r)
}

// Ready is nil when the process welcomes new connections.
func (c *Client) Ready(ctx context.Context) error {
	return c.do(ctx, http.MethodGet, "/readyz", nil)
}

func (c *Client) do(ctx context.Context, method, path string, out any) error {
	host := "localhost"
	if c.at.network == "tcp" {
		host = c.at.value
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+host+path, http.NoBody)
	if err != nil {
		return fmt.Errorf("asking the admin API: %w", err)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("asking the admin API at %s: %w", c.at.value, errors.Unwrap(err))
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return fmt.Errorf("reading the answer of the admin API: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return refusalOf(resp.StatusCode, body)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("reading the answer of the admin API: %w", err)
	}
	return nil
}

// refusalOf reads what the API said about an error; a probe says it in plain text.
func refusalOf(status int, body []byte) *Refusal {
	r := &Refusal{}
	if err := json.Unmarshal(body, r); err != nil || r.Problem == "" {
		r.Problem = string(bytes.TrimSpace(body[:min(len(body), 200)]))
	}
	r.Status = status
	if r.Problem == "" {
		r.Problem = http.StatusText(status)
	}
	return r
}
