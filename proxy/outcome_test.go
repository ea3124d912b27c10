package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestABodyThatBreaksBecauseOfAShutdownIsNotTheClientsDoing(t *testing.T) {
	ctx, cut := context.WithCancelCause(t.Context())
	x := &exchange{in: httptest.NewRequest(http.MethodPost, "/", nil).WithContext(ctx), body: &requestBody{}}
	broken := io.ErrUnexpectedEOF
	x.body.failure.Store(&broken)
	cut(errShutdown)
	if v := x.judge(errors.New("any")); v.end != "shutdown" || v.status != http.StatusServiceUnavailable {
		t.Errorf("judged as %+v", v)
	}
}

func TestAFailureOfTheBackendLeavesTheClientItsConnection(t *testing.T) {
	r := start(t, appPool(hasty(t, "").URL))
	_, from := r.byHand("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	res, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Fatal(err)
	}
	if bodyOf(t, res); res.StatusCode != http.StatusBadGateway || res.Close {
		t.Errorf("status %d, closing %v; want 502 and the connection kept", res.StatusCode, res.Close)
	}
}
