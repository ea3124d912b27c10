package http1

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

// Only io.EOF itself is an end: what wraps it tells of one that came too early.
func TestAnErrorThatWrapsEOFEndsNoBody(t *testing.T) {
	for _, spooled := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			got := make(chan string, 1)
			c := newServer(t, func(s *server) {
				s.head()
				got <- s.drain()
			})
			body := io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(fmt.Errorf("reading: %w", io.EOF)))
			spool := NewSpool(body, 64<<10)
			if spooled {
				body, _ = spool.Attempt()
			}
			e := mustFail(t, c, &Exchange{Request: request(t, http.MethodPost, -1), Body: body, Response: time.Second})
			if after := <-got; strings.Contains(after, "0\r\n") || e.Timeout || spool.Complete() {
				t.Errorf("spooled %v: the server got %q, %+v", spooled, after, e)
			}
		})
	}
}
