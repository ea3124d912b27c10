package http1

import (
	"crypto/tls"
	"io"
	"testing"
	"time"
)

// crypto/tls would wait for five seconds.
func TestCloseDoesNotWaitForAFrozenServer(t *testing.T) {
	for name, upgraded := range map[string]bool{"idle": false, "upgraded": true} {
		t.Run(name, func(t *testing.T) {
			near, _ := tlsPair(t)
			c := NewClientConn(near)
			c.upgraded = upgraded
			under := near.(*tls.Conn).NetConn()
			_ = under.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
			for err := error(nil); err == nil; { // until it takes no more
				_, err = under.Write(make([]byte, 1<<20))
			}
			_ = under.SetWriteDeadline(time.Time{})
			began := time.Now()
			_ = c.Close()
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestCloseTellsATLSServerAtRest(t *testing.T) {
	near, far := tlsPair(t)
	c, s := warm(t, near, far)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the server read %v", err)
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
