package http2

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// record writes frames down.
func record(write func(*http2.Framer, func(...string) []byte)) []byte {
	var out, block bytes.Buffer
	f := http2.NewFramer(&out, nil)
	f.AllowIllegalWrites = true
	enc := hpack.NewEncoder(&block)
	write(f, func(fields ...string) []byte {
		block.Reset()
		for i := 0; i < len(fields); i += 2 {
			_ = enc.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
		}
		return bytes.Clone(block.Bytes())
	})
	return out.Bytes()
}

func seeds() [][]byte {
	open := func(f *http2.Framer, stream uint32, block []byte, end bool) {
		_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block, EndStream: end, EndHeaders: true})
	}
	return [][]byte{
		record(func(f *http2.Framer, encode func(...string) []byte) {
			_ = f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 10}, http2.Setting{ID: http2.SettingHeaderTableSize, Val: 100})
			open(f, 1, encode(get...), true)
			_ = f.WriteSettingsAck()
			open(f, 3, encode(post.and("content-length", "5", "cookie", "a", "cookie", "b")...), false)
			_ = f.WriteData(3, true, []byte("hello"))
			_ = f.WriteWindowUpdate(1, 100)
			_ = f.WriteWindowUpdate(0, 1000)
			_ = f.WritePing(false, [8]byte{1})
			_ = f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1000})
		}),
		record(func(f *http2.Framer, encode func(...string) []byte) {
			_ = f.WriteSettings()
			open(f, 1, encode(post.and("trailer", "x-a", "expect", "100-continue")...), false)
			_ = f.WriteDataPadded(1, false, []byte("hello"), make([]byte, 9))
			open(f, 1, encode("x-a", "b"), true)
			block := encode(get.and("x-b", "c")...)
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, BlockFragment: block[:3], EndStream: true, PadLength: 4, Priority: http2.PriorityParam{StreamDep: 1}})
			_ = f.WriteContinuation(3, true, block[3:])
			_ = f.WriteRSTStream(3, http2.ErrCodeCancel)
			_ = f.WritePriority(5, http2.PriorityParam{StreamDep: 3})
			_ = f.WriteRawFrame(0xbe, 7, 9, []byte("odd"))
			_ = f.WriteGoAway(0, http2.ErrCodeNo, []byte("bye"))
		}),
	}
}

// Whatever comes, the connection ends when the client is gone, and so do all
// handlers.
func FuzzFrames(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s, uint16(7))
	}
	f.Fuzz(func(t *testing.T, frames []byte, step uint16) {
		s := NewServer(ServerOptions{
			MaxHead: 4 << 10, MaxStreams: 8, Write: time.Second, Header: time.Second, Idle: time.Second,
			Refused: func(r *Refused) {
				if r.Err == nil {
					t.Error("refused for no reason")
				}
			},
			Panicked: func(v any, stack []byte) { t.Errorf("panic: %v\n%s", v, stack) },
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL == nil || r.Header == nil || r.Body == nil || r.Method == "" || r.Context().Err() != nil && r.Context().(polled).Poll() == nil {
					t.Error("half a request")
				}
				n, err := io.Copy(w, r.Body)
				if err == nil && r.ContentLength >= 0 && n != r.ContentLength {
					t.Errorf("%d bytes of %d", n, r.ContentLength)
				}
			}),
		})
		near, far := net.Pipe()
		done := make(chan struct{})
		go func() {
			s.ServeConn(far, nil)
			close(done)
		}()
		go func() { _, _ = io.Copy(io.Discard, near) }()
		_ = near.SetWriteDeadline(time.Now().Add(patience))
		_, _ = io.WriteString(near, http2.ClientPreface)
		for len(frames) > 0 {
			n := min(len(frames), int(step)+1)
			if _, err := near.Write(frames[:n]); err != nil {
				break
			}
			frames = frames[n:]
		}
		_ = near.Close()
		select {
		case <-done:
		case <-time.After(patience):
			t.Fatal("the connection does not end")
		}
		_ = s.Close()
	})
}

// A path that is not parsed has to mean what parsing makes of it.
func FuzzTarget(f *testing.F) {
	for _, s := range []string{"/", "/a/b?c=d", "//a", "/?", "/a?b?c", "/%41", "/a!b", "/\xe4", "/a b", "/:@$&+,;=~", "*", "/a#b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		s := &stream{}
		s.req.URL = &s.url
		if s.target(&requestFields{method: http.MethodGet, path: path}) != "" {
			return
		}
		want, err := url.ParseRequestURI(path)
		if err != nil {
			t.Fatalf("%q: %v", path, err)
		}
		if s.url != *want || s.req.RequestURI != path {
			t.Errorf("%q: %+v, want %+v", path, s.url, *want)
		}
	})
}
