package http2

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http2"
)

// records reads TLS records until one resets a stream, and returns which frames of
// streams each has.
func (c *raw) records() (kinds [][]http2.FrameType) {
	c.t.Helper()
	buf := make([]byte, maxFrame)
	for {
		n, err := c.nc.Read(buf) // no more than one record
		if err != nil {
			c.t.Fatal(err)
		}
		var in []http2.FrameType
		for b := buf[:n]; len(b) >= frameHeadSize; {
			h := parseFrameHead(b)
			if h.stream != 0 {
				in = append(in, h.kind)
			}
			b = b[min(len(b), frameHeadSize+h.length):]
		}
		if kinds = append(kinds, in); slices.Contains(in, http2.FrameRSTStream) {
			return kinds
		}
	}
}

func TestResetBehindAnEarlyErrorHasARecordOfItsOwn(t *testing.T) {
	noLeaks(t)
	for name, send := range map[string]fields{
		"of the handler": post,
		"of the engine":  post.and("x-a", strings.Repeat("a", 9000)),
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, ServerOptions{MaxHead: 8 << 10, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				http.Error(w, "too much", http.StatusRequestEntityTooLarge)
			})}).dial()
			c.open(1, false, send)
			kinds := c.records()
			if last := kinds[len(kinds)-1]; len(last) != 1 {
				t.Errorf("got %v", kinds)
			}
			_ = c.WriteData(1, true, []byte("late"))
			if frames := c.sync(); len(frames) > 0 {
				t.Errorf("behind the reset came %v", frames)
			}
		})
	}
}
