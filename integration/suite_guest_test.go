package integration

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"sterling/internal/proxytest"
)

// guest is a visitor of the suite. It keeps cookies as a browser does, and its
// methods return errors, for a peer that gets a line wrong fails no test.
type guest struct {
	door    door
	client  *http.Client
	cookies map[string]string
	by      string // who answered last
	set     int    // Set-Cookie lines of the last answer
}

func newGuest(d door) *guest {
	return &guest{door: d, cookies: map[string]string{}, client: &http.Client{
		Transport: &http.Transport{MaxIdleConns: 1}, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// reply is an answer that came whole.
type reply struct {
	*http.Response
	body string
}

func (g *guest) send(method, path, id string, body io.Reader) (reply, error) {
	req, err := http.NewRequest(method, "http://"+g.door.addr()+path, body) //nolint:noctx // the client has a timeout
	if err != nil {
		return reply{}, err
	}
	req.Header.Set(proxytest.TestID, id)
	names := make([]string, 0, len(g.cookies))
	for name := range g.cookies {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		req.Header.Add("Cookie", name+"="+g.cookies[name])
	}
	res, err := g.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = res.Body.Close() }() // it is read below
	text, err := io.ReadAll(res.Body)
	lines := res.Header.Values("Set-Cookie")
	g.set = len(lines)
	for _, l := range lines {
		pair, _, _ := strings.Cut(l, ";")
		name, value, _ := strings.Cut(pair, "=")
		g.cookies[name] = value
	}
	g.by = res.Header.Get("X-Backend")
	return reply{res, string(text)}, err
}

// get asks for a page, which must come.
func (g *guest) get() error {
	r, err := g.send(http.MethodGet, "/", "", nil)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", r.StatusCode)
	}
	return err
}

// enter is a guest who has been served once.
func newcomer(d door) (*guest, error) {
	g := newGuest(d)
	return g, g.get()
}

// at is a newcomer who was given to that seat.
func newcomerAt(d door, name string) (*guest, error) {
	for range 100 {
		g, err := newcomer(d)
		if err != nil {
			return nil, err
		}
		if g.by == name {
			return g, nil
		}
		g.leave()
	}
	return nil, fmt.Errorf("of 100 visitors none was given to %s", name)
}

// unwanted says what came in place of what was wanted.
func unwanted(r reply, err error) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("status %d", r.StatusCode)
}

func (g *guest) leave() { g.client.CloseIdleConnections() }

// stays fails unless the guest is served n more times where he is.
func (g *guest) stays(n int) error {
	own := g.by
	for i := range n {
		if err := g.get(); err != nil {
			return fmt.Errorf("request %d: %w", i+1, err)
		}
		if g.by != own {
			return fmt.Errorf("request %d went to %s, not to %s", i+1, g.by, own)
		}
	}
	return nil
}

// socket is an open websocket.
type socket struct {
	*proxytest.Raw
	set int // Set-Cookie lines of the 101
	by  string
}

var errNoSocket = errors.New("the websocket was not opened")
