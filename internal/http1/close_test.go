package http1

import (
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// crypto/tls would wait for five seconds.
func TestCloseDoesNotWaitForAFrozenServer(t *testing.T) {
	for name, spoil := range map[string]func(c *ClientConn){
		"idle":     func(*ClientConn) {},
		"upgraded": func(c *ClientConn) { c.resting, c.upgraded = false, true },
		"busy":     func(c *ClientConn) { c.resting = false },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				client, _ := tlsOver(t, near, far)
				c := NewClientConn(client)
				spoil(c)
				began := time.Now()
				_ = c.Close()
				if took := time.Since(began); took > closePatience || name == "busy" && took > 0 {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

func TestCloseTellsATLSServerUnlessAnExchangeIsCut(t *testing.T) {
	for name, cause := range map[string]error{"at rest": nil, "cut": errTest} {
		t.Run(name, func(t *testing.T) {
			near, far := tlsPair(t)
			c, s := warm(t, near, far)
			if cause != nil {
				c.Abort(cause)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			notice, err := io.ReadAll(tcp(s.Conn))
			if err != nil || (len(notice) > 0) != (cause == nil) {
				t.Errorf("the server got %d bytes, %v", len(notice), err)
			}
		})
	}
}

func TestAConnectionIsClosedAfterAnErrorOfItsExchange(t *testing.T) {
	for name, pair := range pairs {
		t.Run(name, func(t *testing.T) {
			near, far := pair(t)
			c, s := NewClientConn(near), newScript(far)
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				s.head()
				s.say("nonsense\r\n\r\n")
				s.drain()
			}()
			if e := mustFail(t, c, &Exchange{Request: get(t)}); !e.Malformed() {
				t.Errorf("got %+v", e)
			}
			<-ended
		})
	}
}
