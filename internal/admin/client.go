package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
		return c.unheard(errors.Unwrap(err))
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return fmt.Errorf("reading the answer of the admin API: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		if r := refusalOf(resp.StatusCode, body); r != nil {
			return r
		}
		return c.stranger(resp.Status)
	}
	if out == nil && string(bytes.TrimSpace(body)) == readyWord {
		return nil
	}
	if out == nil || json.Unmarshal(body, out) != nil {
		return c.stranger("its answer is of another kind")
	}
	return nil
}

// unheard says what to do where nobody has answered.
func (c *Client) unheard(err error) error {
	var dial *net.OpError
	switch {
	case !errors.As(err, &dial) || dial.Op != "dial":
		return fmt.Errorf("asking the admin side of Sterling at %s: %w; is it another server's address?", c.at.value, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the admin side of Sterling at %s: %w; ask as the user that it runs as", c.at.value, dial.Err)
	default:
		return fmt.Errorf("no admin side of Sterling answers at %s (%w); is it running, and is [admin] set?", c.at.value, dial.Err)
	}
}

// stranger says that somebody else has answered.
func (c *Client) stranger(how string) error {
	return fmt.Errorf("what answers at %s is no admin side of Sterling (%s); is it another server's address, or port?", c.at.value, how)
}

// refusalOf reads what the API said about an error; a probe says it in plain text.
// It returns nil where another server has answered.
func refusalOf(status int, body []byte) *Refusal {
	r := new(Refusal)
	if string(bytes.TrimSpace(body)) == unreadyWord {
		r.Problem = unreadyWord
	} else if err := json.Unmarshal(body, r); err != nil || r.Problem == "" {
		return nil
	}
	r.Status = status
	return r
}
