package proxy

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// deadlines records what a ResponseController sets.
type deadlines struct {
	http.ResponseWriter
	read []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.read = append(d.read, t)
	return nil
}

func newBody(src io.Reader, max int64) (*requestBody, *deadlines) {
	d := &deadlines{}
	return &requestBody{
		src: io.NopCloser(src), max: max, idle: time.Minute, control: http.NewResponseController(d),
	}, d
}

func TestBodyLimit(t *testing.T) {
	for _, tt := range []struct {
		size int
		max  int64
		want error
	}{
		{size: 10, max: 10},
		{size: 11, max: 10, want: errBodyTooLarge},
		{size: 1 << 20, max: 10, want: errBodyTooLarge},
		{size: 1 << 20, max: 0},
	} {
		b, _ := newBody(strings.NewReader(strings.Repeat("x", tt.size)), tt.max)
		_, err := io.Copy(io.Discard, b)
		if !errors.Is(err, tt.want) || !errors.Is(b.err(), tt.want) {
			t.Errorf("%d bytes with a limit of %d: read ended with %v, kept %v, want %v", tt.size, tt.max, err, b.err(), tt.want)
		}
	}
}

func TestBodyTakesItsDeadlineOffAtTheEnd(t *testing.T) {
	b, d := newBody(strings.NewReader("hello"), 0)
	if _, err := io.Copy(io.Discard, b); err != nil {
		t.Fatal(err)
	}
	if len(d.read) != 2 || d.read[0].IsZero() || !d.read[1].IsZero() {
		t.Errorf("deadlines set: %v, want one ahead and then none", d.read)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestBodyThatStalls(t *testing.T) {
	b, _ := newBody(failing{os.ErrDeadlineExceeded}, 0)
	if _, err := b.Read(make([]byte, 1)); !errors.Is(err, errBodyStalled) {
		t.Errorf("got %v", err)
	}
	if !errors.Is(b.err(), errBodyStalled) {
		t.Errorf("kept %v", b.err())
	}
}

func TestBodyTouchesNothingOnceDetached(t *testing.T) {
	b, d := newBody(strings.NewReader("hello"), 0)
	b.detach()
	if _, err := b.Read(make([]byte, 1)); !errors.Is(err, errBodyGone) {
		t.Errorf("got %v", err)
	}
	if len(d.read) != 0 {
		t.Errorf("a deadline was set after the end: %v", d.read)
	}
	if b.err() != nil {
		t.Errorf("that is no failure of the client's: %v", b.err())
	}
}

func TestABodyIsOverdueOnceItsDeadlineHasPassed(t *testing.T) {
	b, _ := newBody(strings.NewReader("hello"), 0)
	if b.overdue() {
		t.Error("overdue before anything was read")
	}
	b.deadline = time.Now().Add(-time.Second)
	if !b.overdue() {
		t.Error("not overdue with a deadline in the past")
	}
	if _, err := io.Copy(io.Discard, b); err != nil {
		t.Fatal(err)
	}
	if b.overdue() {
		t.Error("overdue after its end")
	}
	var none *requestBody
	if none.overdue() {
		t.Error("a request without a body is overdue")
	}
}
