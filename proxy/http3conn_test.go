package proxy

import (
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
	"weak"

	"github.com/quic-go/quic-go"

	"sterling/internal/proxytest"
)

// Otherwise clients that come and go make the door remember them all.
func TestAConnectionThatHasEndedIsForgottenOverHTTP3(t *testing.T) {
	begun := make(chan struct{}, 1)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			begun <- struct{}{}
			<-r.Context().Done()
		}
	}))
	t.Cleanup(s.Close)
	const late = "before the end of a request"
	for name, use := range map[string]func(*quic.Conn){
		"before a request": func(*quic.Conn) {},
		"between requests": func(c *quic.Conn) { proxytest.AskH3(t, c, head("GET")) },
		"within a request": func(c *quic.Conn) {
			str, err := c.OpenStreamSync(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, _ = str.Write(head("POST")) // what is lost of it shows at the backend
			_ = str.Close()                // as above
			select {
			case <-begun:
			case <-time.After(20 * time.Second):
				t.Fatal("the request does not come to the backend")
			}
		},
		late: func(*quic.Conn) {},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var seen []weak.Pointer[quic.Conn]
			r := startChanged(t, preamble+appPool(s.URL)+"[pool.timeout]\nconnect = \"20s\"\n", func(s *Server) { // idle is a minute
				for _, d := range s.doors {
					if d.quic == nil {
						continue
					}
					d.quic.server.ConnContext = func(ctx context.Context, c *quic.Conn) context.Context {
						mu.Lock()
						defer mu.Unlock()
						seen = append(seen, weak.Make(c))
						served := d.quic.connected(ctx, c)
						if name == late {
							q := quicConnOf(ctx)
							q.begin()
							go func() {
								<-ctx.Done()
								time.Sleep(100 * time.Millisecond) // what else waits for that comes first
								q.end(false)
							}()
						}
						return served
					}
				}
			})
			c := r.dialHTTP3(nil)
			use(c)
			r.eventually("the connection", func() bool {
				mu.Lock()
				defer mu.Unlock()
				return len(seen) > 0
			})
			_ = c.CloseWithError(0, "") // it may have ended
			r.eventually("its end", func() bool {
				runtime.GC()
				mu.Lock()
				defer mu.Unlock()
				return !slices.ContainsFunc(seen, func(p weak.Pointer[quic.Conn]) bool { return p.Value() != nil })
			})
		})
	}
}
