package proxytest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/quic-go/qpack"
	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"
)

// DialH3 opens a connection for streams of HTTP/3 that are written by hand.
func DialH3(t testing.TB, addr string, ca *CA, serverName string) *quic.Conn {
	t.Helper()
	c, err := OpenH3(addr, ca, serverName)
	if err != nil {
		t.Fatalf("dialling the door over QUIC: %v", err)
	}
	t.Cleanup(func() { _ = c.CloseWithError(0, "") }) // the door may have ended it
	return c
}

// H3Answer is how a stream ended.
type H3Answer struct {
	Status string // "" when no head came
	Body   string
	Code   quic.StreamErrorCode // that the stream was reset with; 0: it was not
	Closed bool                 // the connection was ended
}

// String shows the answer in one line.
func (a H3Answer) String() string {
	return fmt.Sprintf("status %q, body %q, reset %#x, closed %v", a.Status, a.Body, uint64(a.Code), a.Closed)
}

// AskH3 sends bytes on a stream of their own, ends it, and returns what comes of
// it.
func AskH3(t testing.TB, c *quic.Conn, sent ...[]byte) H3Answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	str, err := c.OpenStreamSync(ctx)
	if err != nil {
		return H3Answer{Closed: true}
	}
	_ = str.SetDeadline(time.Now().Add(patience))
	for _, b := range sent {
		if _, err := str.Write(b); err != nil {
			break // it was refused by now
		}
	}
	_ = str.Close()
	answer, err := io.ReadAll(str)
	var reset *quic.StreamError
	var closed *quic.ApplicationError // its context may not know yet
	switch {
	case errors.As(err, &reset):
		return H3Answer{Code: reset.ErrorCode}
	case errors.As(err, &closed), err != nil && c.Context().Err() != nil:
		return H3Answer{Closed: true}
	case err != nil:
		t.Fatalf("the stream does not end: %v", err)
	}
	return parseH3(t, answer)
}

// parseH3 takes the status from the last head, which is that of the answer.
func parseH3(t testing.TB, answer []byte) (a H3Answer) {
	t.Helper()
	for r := bytes.NewReader(answer); r.Len() > 0; {
		kind, err := quicvarint.Read(r)
		if err != nil {
			t.Fatalf("no frames in %q", answer)
		}
		n, _ := quicvarint.Read(r)
		payload := make([]byte, n)
		if _, err := io.ReadFull(r, payload); err != nil {
			t.Fatalf("a frame was cut in %q", answer)
		}
		if kind == H3Data {
			a.Body += string(payload)
		}
		if kind != H3Headers {
			continue
		}
		f, err := qpack.NewDecoder().Decode(payload)()
		if err != nil {
			t.Fatal(err)
		}
		if f.Name == ":status" {
			a.Status = f.Value
		}
	}
	return a
}
