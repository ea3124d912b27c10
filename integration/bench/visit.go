package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// visitor asks one question at a time, over a connection each, and believes
// every certificate.
func visitor() *http.Client {
	return &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{
			DisableKeepAlives: true,
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the bench's own
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ask gets a URL with a cookie ("": none) and returns the body of a good answer
// and the cookies that it sets.
func ask(ctx context.Context, url, cookie string) ([]byte, []*http.Cookie, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, nil, err
	}
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	a, err := visitor().Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer a.Body.Close() //nolint:errcheck // it has been read
	body, err := io.ReadAll(a.Body)
	if err == nil && a.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: the answer was %s", url, a.Status)
	}
	return body, a.Cookies(), err
}

// ready waits until the process answers at url.
func ready(ctx context.Context, p *process, url string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 30*time.Second, errors.New("it did not come up"))
	defer cancel()
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	for {
		_, _, err := ask(ctx, url, "")
		switch {
		case err == nil:
			return nil
		case p.ended():
			return fmt.Errorf("it ended (%w): %s", errors.Join(p.err), p.said())
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return fmt.Errorf("%w (%w): %s", context.Cause(ctx), err, p.said())
		}
	}
}

// become visits a site for the first time and returns the cookie that pins the
// visitor, as the line of a request has it.
func become(ctx context.Context, base string) (string, error) {
	_, cookies, err := ask(ctx, base+"/", "")
	if err != nil {
		return "", err
	}
	var pins []string
	for _, c := range cookies {
		pins = append(pins, c.Name+"="+c.Value)
	}
	if len(pins) == 0 {
		return "", errors.New("a first answer sets no cookie")
	}
	return strings.Join(pins, "; "), nil
}

// examine says what is wrong with the answers to a visitor who comes back with
// the cookie: the right body, the same backend, no new cookie.
func examine(ctx context.Context, base, path, cookie string) error {
	want := smallBody
	if path == "/1m" {
		want = largeBody
	}
	body, cookies, err := ask(ctx, base+path, cookie)
	switch {
	case err != nil:
		return err
	case !bytes.Equal(body, want):
		return fmt.Errorf("GET %s: %d bytes are not the %d that the backend sent", path, len(body), len(want))
	case cookie == "":
		return nil
	case len(cookies) > 0:
		return errors.New("a visitor who comes back is given another cookie")
	}
	var first string
	for i := range 4 {
		who, _, err := ask(ctx, base+"/who", cookie)
		if err != nil {
			return err
		}
		if i == 0 {
			first = string(who)
		}
		if string(who) != first {
			return fmt.Errorf("a visitor of %s was sent to %s", first, who)
		}
	}
	return nil
}
