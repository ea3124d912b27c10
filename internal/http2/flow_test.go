package http2

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

func TestNoMoreIsSentThanTheWindowsAllow(t *testing.T) {
	noLeaks(t)
	const size = 100 << 10 // more than the connection's window
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, size)) }).
		dial(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1000}, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 10})
	c.open(1, true, get)
	windows := map[uint32]int{0: initialWindow, 1: 10}
	random := rand.New(rand.NewPCG(1, 1))
	for got, end := 0, false; !end; {
		var n int
		n, end = c.exhaust(windows)
		if got += n; end && got != size {
			t.Errorf("%d bytes", got)
		}
		for id := range windows {
			if windows[id] == 0 {
				more := 1 + random.IntN(5000)
				_ = c.WriteWindowUpdate(id, uint32(more)) //nolint:gosec // small
				windows[id] += more
			}
		}
	}
}

// exhaust reads DATA of stream 1 until a window is used up, and sees that no
// more comes then. It returns how much came, and whether that was the end.
func (c *raw) exhaust(windows map[uint32]int) (got int, end bool) {
	ping := [8]byte{1}
	for asked := false; ; {
		if !asked && (windows[0] == 0 || windows[1] == 0) {
			_ = c.WritePing(false, ping)
			asked = true
		}
		f, err := c.ReadFrame()
		if err != nil {
			c.t.Fatal(err)
		}
		switch f := f.(type) {
		case *http2.PingFrame:
			return got, false
		case *http2.DataFrame:
			n := len(f.Data())
			got += n
			windows[0] -= n
			windows[1] -= n
			if windows[0] < 0 || windows[1] < 0 {
				c.t.Fatalf("windows %v", windows)
			}
			if f.StreamEnded() {
				return got, true
			}
		}
	}
}

func TestWindowsOfOpenStreamsFollowTheSetting(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }).
		dial(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	c.open(1, true, get)
	c.sync()
	_ = c.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 2})
	for got := ""; got != "he"; {
		f, err := c.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		if d, ok := f.(*http2.DataFrame); ok {
			got += string(d.Data())
		}
	}
	_ = c.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1}) // the window is negative now
	_ = c.WriteWindowUpdate(1, 4)
	if a := c.answer(1); a.body != "llo" || a.gone != nil {
		t.Errorf("got %+v", a)
	}
}

func TestWindowsOverTheLimit(t *testing.T) {
	r := serve(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c := r.dial()
	c.open(1, true, get)
	_ = c.WriteWindowUpdate(1, maxWindow)
	if a := c.answer(1); !a.cut || a.reset != http2.ErrCodeFlowControl {
		t.Errorf("stream: got %+v", a)
	}
	_ = c.WriteWindowUpdate(0, maxWindow)
	if code, _ := c.ended(); code != http2.ErrCodeFlowControl {
		t.Errorf("connection: got %v", code)
	}
	c = r.dial()
	c.open(1, true, get)
	_ = c.WriteWindowUpdate(1, 100)
	_ = c.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: maxWindow})
	if code, _ := c.ended(); code != http2.ErrCodeFlowControl {
		t.Errorf("setting: got %v", code)
	}
}

func TestClientMustKeepToTheWindows(t *testing.T) {
	release := make(chan struct{})
	r := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	c := r.dial()
	c.open(1, false, post)
	for range StreamWindow/maxFrame + 1 {
		_ = c.WriteData(1, false, make([]byte, maxFrame))
	}
	if a := c.answer(1); !a.cut || a.reset != http2.ErrCodeFlowControl {
		t.Errorf("stream: got %+v", a)
	}
	c = r.dial()
	for i := range uint32(connWindow / StreamWindow) {
		c.open(2*i+1, false, post)
		for range StreamWindow / maxFrame {
			_ = c.WriteDataPadded(2*i+1, false, make([]byte, maxFrame-101), make([]byte, 100)) // padding counts
		}
	}
	c.sync()
	c.open(101, false, post)
	for range 10 {
		_ = c.WriteData(101, false, make([]byte, maxFrame))
	}
	// The padding was given back when it came, and the rest of the window is less.
	for range 60 {
		_ = c.WriteData(101, false, make([]byte, maxFrame))
	}
	if code, _ := c.ended(); code != http2.ErrCodeFlowControl {
		t.Errorf("connection: got %v", code)
	}
}

func TestStreamsShareTheConnection(t *testing.T) {
	noLeaks(t)
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for piece := make([]byte, 200<<10); ; {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	}).dial(http2.Setting{ID: http2.SettingInitialWindowSize, Val: maxWindow})
	_ = c.WriteWindowUpdate(0, maxWindow-initialWindow)
	const streams, share = 5, 1 << 20
	for i := range uint32(streams) {
		c.open(2*i+1, true, get)
	}
	got, all := map[uint32]int{}, 0
	for served := 0; served < streams; {
		f, err := c.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		d, ok := f.(*http2.DataFrame)
		if !ok {
			continue
		}
		n := len(d.Data())
		if all += n; n > maxFrame || all > 100*share {
			t.Fatalf("a frame of %d bytes; shares %v", n, got)
		}
		if got[d.StreamID] += n; got[d.StreamID] >= share && got[d.StreamID]-n < share {
			served++
		}
	}
	_ = c.nc.Close()
}

func TestWriteDeadline(t *testing.T) {
	noLeaks(t)
	for _, how := range []string{"before", "while it waits", "at the end", "in the past"} {
		t.Run(how, func(t *testing.T) {
			failed := make(chan error, 2)
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				control := http.NewResponseController(w)
				_ = control.SetWriteDeadline(time.Now().Add(-time.Second))
				_ = control.Flush() // does not wait, so does not fail
				switch how {
				case "before", "at the end":
					_ = control.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
				case "while it waits":
					_ = control.SetWriteDeadline(time.Time{})
					go func() {
						time.Sleep(20 * time.Millisecond)
						_ = control.SetWriteDeadline(time.Now())
					}()
				}
				if how == "at the end" {
					_, err := io.WriteString(w, "a")
					failed <- err
					return
				}
				_, err := w.Write(make([]byte, 10000))
				failed <- err
				<-r.Context().Done()
			}).dial(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
			c.open(1, true, get)
			if a := c.answer(1); !a.cut || a.reset != http2.ErrCodeInternal || a.status != "200" {
				t.Errorf("got %+v", a)
			}
			if err := <-failed; how != "at the end" && !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("failed with %v", err)
			}
			c.open(3, true, get[:4].and(":path", "/", ":authority", "other"))
			c.sync()
		})
	}
}

func TestWriteDeadlineThatPassesUnusedDoesNothing(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		control := http.NewResponseController(w)
		_ = control.SetWriteDeadline(time.Now().Add(time.Millisecond))
		time.Sleep(5 * time.Millisecond)
		_, _ = io.WriteString(w, strings.Repeat("a", 10000))
	}).dial()
	c.open(1, true, get)
	if a := c.answer(1); len(a.body) != 10000 || a.cut {
		t.Errorf("got %+v", a)
	}
}

func TestAnswerThatNobodyTakesAfterTheHandlerEndsWithWrite(t *testing.T) {
	noLeaks(t)
	r := start(t, ServerOptions{Write: 30 * time.Millisecond, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "a")
	})})
	c := r.dial(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	c.open(1, true, get)
	if a := c.answer(1); !a.cut || a.reset != http2.ErrCodeInternal {
		t.Errorf("got %+v", a)
	}
}

func TestClientThatTakesNothingLosesTheConnection(t *testing.T) {
	noLeaks(t)
	failed := make(chan error, 1)
	var handlers sync.WaitGroup
	r := start(t, ServerOptions{
		Write: 100 * time.Millisecond, Failed: func(_ net.Addr, err error) { failed <- err },
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			handlers.Add(1)
			defer handlers.Done()
			for {
				if _, err := w.Write(make([]byte, 100<<10)); err != nil {
					return
				}
			}
		}),
	})
	c := r.dial(http2.Setting{ID: http2.SettingInitialWindowSize, Val: maxWindow})
	_ = c.WriteWindowUpdate(0, maxWindow-initialWindow)
	for i := range uint32(10) {
		c.open(2*i+1, true, get)
	}
	select {
	case err := <-failed:
		if !errors.Is(err, errStalled) {
			t.Errorf("failed with %v", err)
		}
	case <-time.After(patience):
		t.Fatal("the connection lives on")
	}
	handlers.Wait()
}
