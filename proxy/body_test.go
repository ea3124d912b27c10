package proxy

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
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
		src: io.NopCloser(src), max: max, pace: newPace(time.Minute), control: http.NewResponseController(d),
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
	if err := b.overdue(); err != nil {
		t.Errorf("before anything was read: %v", err)
	}
	b.await()
	if err := b.overdue(); err != nil {
		t.Errorf("while there is time: %v", err)
	}
	b.deadline, b.pace.since = time.Now().Add(-time.Second), time.Now().Add(-time.Minute)
	if err := b.overdue(); !errors.Is(err, errBodyStalled) {
		t.Errorf("with a deadline in the past: %v", err)
	}
	b.came(1)
	b.deadline = time.Now().Add(-time.Second)
	if err := b.overdue(); err != nil {
		t.Errorf("while nobody reads: %v", err)
	}
	if _, err := io.Copy(io.Discard, b); err != nil {
		t.Fatal(err)
	}
	if err := b.overdue(); err != nil {
		t.Errorf("after its end: %v", err)
	}
	var none *requestBody
	if err := none.overdue(); err != nil {
		t.Errorf("of a request without a body: %v", err)
	}
}

// Whatever it is that passes meanwhile, a queue, a backend that takes nothing:
// the client may be waiting for the door.
func TestAStreamHasADeadlineDuringAReadAlone(t *testing.T) {
	b, d := newBody(strings.NewReader("hello"), 0)
	b.stream = true
	for i := range 2 {
		if _, err := b.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if len(d.read) != 2*i+2 || d.read[2*i].IsZero() || !d.read[2*i+1].IsZero() {
			t.Errorf("after %d reads deadlines were set to %v, want one ahead and then none for each", i+1, d.read)
		}
	}
}

func TestABodyThatCrawls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			name    string
			every   time.Duration
			answer  bool // begins after a while
			want    error
			reading time.Duration // until then
		}{
			{"at the rate", 100 * time.Millisecond, false, nil, 0},
			{"at half of it", 200 * time.Millisecond, false, errBodySlow, 2 * time.Minute},
			{"in a conversation", 50 * time.Second, true, nil, 0},
			{"seldom", 50 * time.Second, false, errBodySlow, time.Minute},
			{"never", 70 * time.Second, false, errBodyStalled, time.Minute},
			{"never in a conversation", 70 * time.Second, true, errBodyStalled, time.Minute},
		} {
			src := &crawling{every: tt.every, left: 4000}
			b, _ := newBody(src, 0)
			src.b = b
			b.pace.rate = 10
			if tt.answer {
				b.converse()
			}
			began := time.Now()
			_, err := io.Copy(io.Discard, b)
			if !errors.Is(err, tt.want) {
				t.Errorf("%s: ended with %v, want %v", tt.name, err, tt.want)
			}
			if took := time.Since(began); tt.want != nil && (took < tt.reading*7/8 || took > tt.reading*9/8) {
				t.Errorf("%s: ended after %v, want %v", tt.name, took, tt.reading)
			}
		}
	})
}

// crawling is a client that sends a byte now and then, over a connection that
// knows deadlines.
type crawling struct {
	b     *requestBody
	every time.Duration
	left  int
}

func (c *crawling) Read(p []byte) (int, error) {
	if c.left--; c.left < 0 {
		return 0, io.EOF
	}
	if left := time.Until(c.b.deadline); left < c.every {
		time.Sleep(left)
		return 0, os.ErrDeadlineExceeded
	}
	time.Sleep(c.every)
	return copy(p, "x"), nil
}

// An answer that begins while the client is waited for gives it time at once.
func TestAConversationBeginsDuringARead(t *testing.T) {
	b, d := newBody(strings.NewReader("hello"), 0)
	b.pace.rate, b.pace.left = 10, time.Second
	b.await()
	b.converse()
	if len(d.read) != 2 || d.read[1].Sub(d.read[0]) < 58*time.Second {
		t.Errorf("deadlines %v, want the second one a minute ahead", d.read)
	}
}
