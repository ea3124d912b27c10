package tunnel

import (
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// backendThenClient closes one side after the other.
func backendThenClient(r *rig) {
	_ = r.backend.Close()
	synctest.Wait()
	_ = r.client.Close()
}

func TestTheCauseOfTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		websocket bool
		run       func(r *rig)
		want      string
	}{
		"backend ends":           {false, backendThenClient, CauseOK},
		"websocket, backend cut": {true, backendThenClient, CauseBackend},
		"websocket, client cut":  {true, func(r *rig) { _ = r.client.Close() }, CauseClient},
		"websocket, Close frames": {true, func(r *rig) {
			_, _ = r.backend.Write(closeFrame(1000, "", false))
			backendThenClient(r)
		}, CauseOK},
		"client takes no more": {false, func(r *rig) {
			_ = r.client.Close()
			_, _ = r.backend.Write([]byte("x"))
		}, CauseClient},
		"end":   {true, func(r *rig) { _ = r.conn.End("shutdown") }, "shutdown"},
		"close": {true, func(r *rig) { _ = r.conn.Close() }, CauseBackend},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil, Options{WebSocket: c.websocket, Idle: time.Hour})
				collect(r.client, len(head))
				feed(t, r.backend, []byte(head), 100)
				synctest.Wait()
				c.run(r)
				r.wantEnd(t, c.want, time.Minute)
				r.copying.Wait()
				_ = r.conn.End("later")
				synctest.Wait()
				if len(r.stats) > 0 {
					t.Error("the end was told twice")
				}
			})
		})
	}
}

func TestAnEndReachesBothSides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil, Options{WebSocket: true})
		client, backend := collect(r.client, 0), collect(r.backend, 0)
		synctest.Wait()
		_ = r.conn.End("shutdown")
		<-client.end
		<-backend.end
		if _, err := r.conn.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("reading: %v", err)
		}
		if _, err := r.conn.Write([]byte("x")); err == nil {
			t.Error("writing worked")
		}
		r.conn.GoAway(1001, "stopping") // nothing is left to tell
		r.wantEnd(t, "shutdown", time.Second)
	})
}
