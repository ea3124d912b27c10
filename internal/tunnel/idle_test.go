package tunnel

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAQuietTunnelEndsAfterTheIdleLimit(t *testing.T) {
	for _, websocket := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			r := newRig(t, nil, Options{Idle: time.Minute, WebSocket: websocket})
			client, backend := collect(r.client, len(head)), collect(r.backend, 0)
			feed(t, r.backend, []byte(head), 100)
			<-client.end
			<-backend.end
			r.copying.Wait()
			if took := time.Since(begin); took != time.Minute {
				t.Errorf("it ended after %v", took)
			}
			if s := r.wantEnd(t, CauseIdle, time.Second); s.Duration != time.Minute {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

func TestAByteEitherWayKeepsATunnel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil, Options{Idle: time.Minute})
		client, backend := collect(r.client, len(head)), collect(r.backend, 0)
		feed(t, r.backend, []byte(head), 100)
		for n := range 10 {
			time.Sleep(59 * time.Second)
			if n%2 == 0 {
				feed(t, r.client, []byte("x"), 1)
			} else {
				feed(t, r.backend, []byte("y"), 1)
			}
		}
		synctest.Wait()
		last := time.Now()
		<-client.end
		<-backend.end
		if took := time.Since(last); took != time.Minute {
			t.Errorf("it ended %v after the last byte", took)
		}
		if s := r.wantEnd(t, CauseIdle, time.Second); s.BytesIn != 5 || s.BytesOut != 5 {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestAWriteThatTheClientDoesNotTakeIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil, Options{Idle: time.Minute})
		feed(t, r.backend, []byte(head), 100) // nobody reads at the client's end
		r.wantEnd(t, CauseIdle, time.Minute+time.Second)
		r.copying.Wait()
	})
}

func TestWithoutALimitATunnelStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil, Options{})
		client := collect(r.client, len(head))
		feed(t, r.backend, []byte(head), 100)
		time.Sleep(1000 * time.Hour)
		feed(t, r.backend, []byte("z"), 1)
		synctest.Wait()
		if got := string(client.all()); got != head+"z" {
			t.Errorf("the client got %q", got)
		}
	})
}

// ReverseProxy waits for the backend alone once the client has closed one way.
func TestAHalfClosedTunnelEndsToo(t *testing.T) {
	for _, c := range []struct {
		websocket bool
		idle      time.Duration
		after     time.Duration
		cause     string
	}{
		{true, 0, lingering, CauseClient},
		{true, time.Hour, lingering, CauseClient},
		{true, time.Second, time.Second, CauseClient},
		{false, time.Hour, time.Hour, CauseIdle},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, nil, Options{Idle: c.idle, WebSocket: c.websocket})
			client, backend := collect(r.client, len(head)), collect(r.backend, 0)
			feed(t, r.backend, []byte(head), 100)
			synctest.Wait()
			begin := time.Now()
			_ = r.client.Close()
			<-client.end
			<-backend.end
			r.copying.Wait()
			if took := time.Since(begin); took != c.after {
				t.Errorf("%+v: it ended after %v", c, took)
			}
			r.wantEnd(t, c.cause, time.Second)
		})
	}
}
