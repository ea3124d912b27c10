package backend

import (
	"errors"
	"io"
	"net/http"
	"testing"
)

var errPen = errors.New("the test's own error")

type brokenPen struct{}

func (brokenPen) Write([]byte) (int, error) { return 0, errPen }

func TestABodyIsWrittenToWhoeverTakesIt(t *testing.T) {
	for _, tc := range []struct {
		name, answer string
		to           io.Writer
		kind         Kind  // of the error, if it is ours
		err          error // else
		kept         int
	}{
		{"whole", echoAnswer, io.Discard, 0, nil, 1},
		{"cut", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart", io.Discard, BackendCut, nil, 0},
		{"client gone", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart", brokenPen{}, 0, errPen, 0},
		{"client gone, answer whole", echoAnswer, brokenPen{}, 0, errPen, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			answer := reading(tc.answer)
			if tc.kept > 0 {
				answer = frugal
			}
			f := start(t, PoolOptions{}, startRaw(t, answer).url)
			m := f.pool.members[0]
			res, err := m.RoundTrip(browser(t, m, http.MethodGet), &Call{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = res.Body.(io.WriterTo).WriteTo(tc.to)
			if tc.kind != 0 {
				if e := wantError(t, err, tc.kind); !e.Seen {
					t.Errorf("%+v", e)
				}
			} else if err != tc.err { //nolint:errorlint // the very one
				t.Errorf("got %v", err)
			}
			_ = res.Body.Close()
			want := uint64(0)
			if tc.kind != 0 {
				want = 1
			}
			if s := m.Status(); s.InFlight != 0 || s.Counters.Failures != want {
				t.Errorf("status %+v", s)
			}
			if n := len(m.transport.(*h1).idle.conns); n != tc.kept {
				t.Errorf("%d idle connections", n)
			}
			if n, err := res.Body.(io.WriterTo).WriteTo(io.Discard); n != 0 || tc.err == nil && tc.kind == 0 && err != nil {
				t.Errorf("then %d, %v", n, err)
			}
		})
	}
}
