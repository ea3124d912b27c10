package acme

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxReply bounds what is read of an answer, in bytes.
const maxReply = 1 << 20

// problem is why an authority refuses (RFC 8555, section 6.7; RFC 9457).
type problem struct {
	Type        string    `json:"type"`
	Detail      string    `json:"detail"`
	Subproblems []problem `json:"subproblems"`
}

func (p *problem) Error() string {
	text := p.Detail
	if p.Type != "" {
		text += " (" + p.Type + ")"
	}
	for _, sub := range p.Subproblems {
		text += "; " + sub.Error()
	}
	return text
}

// wire carries the requests of one order. It keeps to what autocert does not: one
// order, with one kind of challenge, and it remembers why the authority
// said no, which autocert does not tell.
type wire struct {
	base      http.RoundTripper
	ctx       context.Context // of the Manager: when it ends, so does every request
	directory string
	challenge string // the only kind to be tried, where the authority offers it

	mu         sync.Mutex // guards what follows
	newAccount string     // URL; "": the directory was not read
	newOrder   string     // the same
	registered bool       // an account was made: the authority knows the address
	ordered    bool
	reason     error     // the last no
	spent      bool      // which was of a nonce
	pollAfter  time.Time // when the authority wants to be asked how it stands
	retryAfter time.Time // when the authority wants to be asked again
}

// errOneOrder ends an order whose challenge has failed.
var errOneOrder = errors.New("the order has failed")

// errPatience ends an order that the authority lets wait.
var errPatience = errors.New("the authority wants to be asked again when an order has long ended")

// RoundTrip implements [http.RoundTripper].
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	ordering, err := w.admit(req)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(req.Context())
	defer cancel()
	defer context.AfterFunc(w.ctx, cancel)()
	if err := w.patience(ctx); err != nil {
		return nil, err
	}
	res, err := w.base.RoundTrip(req.WithContext(ctx))
	if err != nil {
		w.refused(err)
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxReply+1))
	_ = res.Body.Close() // it was read
	if err == nil && len(body) > maxReply {
		err = fmt.Errorf("an answer of %s is longer than %d bytes", req.URL.Host, maxReply)
	}
	if err != nil {
		w.refused(err)
		return nil, err
	}
	body = w.read(req, res, body, ordering)
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	res.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return res, nil
}

// patience waits for as long as the authority has asked for. The client would
// wait, too, but nobody could wake it when the Manager ends.
func (w *wire) patience(ctx context.Context) error {
	w.mu.Lock()
	left := time.Until(w.pollAfter)
	if end, ok := ctx.Deadline(); ok && w.pollAfter.After(end) {
		// It would be waited in vain: so the next order waits.
		w.reason, w.spent, w.retryAfter = errPatience, false, w.pollAfter
		w.mu.Unlock()
		return errPatience
	}
	w.mu.Unlock()
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-w.ctx.Done():
		return w.ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return w.ctx.Err()
	}
}

// admit reports whether the request asks for an order, and refuses a second one.
func (w *wire) admit(req *http.Request) (ordering bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ordering = req.Method == http.MethodPost && req.URL.String() == w.newOrder
	if !ordering || !w.ordered {
		return ordering, nil
	}
	return false, errOneOrder
}

func (w *wire) refused(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reason = err
}

// read learns from an answer, and returns it as autocert is to see it.
func (w *wire) read(req *http.Request, res *http.Response, body []byte, ordering bool) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	if res.StatusCode >= 400 {
		w.readProblem(req, res, body)
		return body
	}
	if ordering {
		w.ordered = true
	}
	if w.spent && req.Method == http.MethodPost {
		w.reason, w.spent = nil, false // another nonce was taken
	}
	w.pollAfter = retryAfter(res)
	res.Header.Del("Retry-After")
	if req.URL.String() == w.directory {
		var dir struct {
			NewAccount string `json:"newAccount"`
			NewOrder   string `json:"newOrder"`
		}
		if json.Unmarshal(body, &dir) == nil {
			w.newAccount, w.newOrder = dir.NewAccount, dir.NewOrder
		}
		return body
	}
	if res.StatusCode == http.StatusCreated && req.URL.String() == w.newAccount { // RFC 8555, section 7.3
		w.registered = true
	}
	return w.readChallenges(body)
}

func (w *wire) readProblem(req *http.Request, res *http.Response, body []byte) {
	p := new(problem)
	if json.Unmarshal(body, p) != nil || p.Type == "" && p.Detail == "" {
		p = &problem{Detail: fmt.Sprintf("%s answered %s", req.URL.Host, res.Status)}
	}
	if strings.HasSuffix(p.Type, ":badNonce") {
		// The client tries again with another one (RFC 8555, section 6.5): it is a
		// reason only when that is all there is.
		if w.reason == nil || w.spent {
			w.reason, w.spent = p, true
		}
		return
	}
	w.reason, w.spent = p, false
	if at := retryAfter(res); !at.IsZero() {
		w.retryAfter = at
	}
}

// retryAfter is when an answer asks to be asked again (RFC 9110, section
// 10.2.3), be it by seconds or a date: within maxRetryAfter. Zero: it does not.
func retryAfter(res *http.Response) time.Time {
	value, now := res.Header.Get("Retry-After"), time.Now()
	last := now.Add(maxRetryAfter)
	// A number that is out of range is the largest there is, or the least.
	if seconds, err := strconv.Atoi(value); err == nil || errors.Is(err, strconv.ErrRange) {
		seconds = max(0, min(seconds, int(maxRetryAfter/time.Second))) // or the time may overflow, and be past
		return now.Add(time.Duration(seconds) * time.Second)
	}
	at, err := http.ParseTime(value)
	switch {
	case err != nil:
		return time.Time{}
	case at.Before(now):
		return now
	case at.After(last):
		return last
	}
	return at
}

// readChallenges takes out the challenges that are not to be tried of an
// authorization (RFC 8555, section 7.1.4), and remembers why one has failed.
func (w *wire) readChallenges(body []byte) []byte {
	var authorization map[string]json.RawMessage
	var challenges []json.RawMessage
	if json.Unmarshal(body, &authorization) != nil || json.Unmarshal(authorization["challenges"], &challenges) != nil {
		return body
	}
	kept := slices.DeleteFunc(slices.Clone(challenges), func(raw json.RawMessage) bool {
		var c struct {
			Type  string   `json:"type"`
			Error *problem `json:"error"`
		}
		if json.Unmarshal(raw, &c) != nil {
			return false
		}
		if c.Error != nil {
			w.reason = fmt.Errorf("%s: %w", c.Type, c.Error)
		}
		return c.Type != w.challenge
	})
	if len(kept) == 0 || len(kept) == len(challenges) {
		return body
	}
	list, err := json.Marshal(kept)
	if err != nil {
		return body
	}
	authorization["challenges"] = list
	if changed, err := json.Marshal(authorization); err == nil {
		return changed
	}
	return body
}

// knowsContact reports whether an account was made, which is told the address.
func (w *wire) knowsContact() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.registered
}

// failure is why the order came to nothing, and when to ask again.
func (w *wire) failure(err error) (error, time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.reason == nil:
		return err, w.retryAfter
	case w.ctx.Err() != nil:
		return w.ctx.Err(), time.Time{}
	}
	return w.reason, w.retryAfter
}
