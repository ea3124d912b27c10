package tunnel

import (
	"io"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheCauseOfTheEnd(t *testing.T) {
	bye := string(closeFrame(1000, "", false))
	for name, c := range map[string]struct {
		websocket bool
		run       func(t *testing.T, r *rig)
		want      string
	}{
		"backend ends":           {false, func(t *testing.T, r *rig) { _ = r.backend.Close(); synctest.Wait(); _ = r.client.Close() }, CauseOK},
		"websocket, backend cut": {true, func(t *testing.T, r *rig) { _ = r.backend.Close(); synctest.Wait(); _ = r.client.Close() }, CauseBackend},
		"websocket, client cut":  {true, func(t *testing.T, r *rig) { _ = r.client.Close() }, CauseClient},
		"websocket, Close frames": {true, func(t *testing.T, r *rig) {
			feed(t, r.backend, []byte(bye), 3)
			_ = r.backend.Close()
			synctest.Wait()
			_ = r.client.Close()
		}, CauseOK},
		"client takes no more": {false, func(t *testing.T, r *rig) {
			_ = r.client.Close()
			_, _ = r.backend.Write([]byte("x"))
		}, CauseClient},
		"end":   {true, func(t *testing.T, r *rig) { _ = r.conn.End("shutdown") }, "shutdown"},
		"close": {true, func(t *testing.T, r *rig) { _ = r.conn.Close() }, CauseBackend},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil, Options{WebSocket: c.websocket, Idle: time.Hour})
				collect(r.client, len(head))
				feed(t, r.backend, []byte(head), 100)
				synctest.Wait()
				c.run(t, r)
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
		if _, err := r.conn.Read(make([]byte, 1)); err == nil || err == io.EOF {
			t.Errorf("reading: %v", err)
		}
		if _, err := r.conn.Write([]byte("x")); err == nil {
			t.Error("writing worked")
		}
		r.conn.GoAway(1001, "stopping") // nothing is left to tell
		r.wantEnd(t, "shutdown", time.Second)
	})
}
