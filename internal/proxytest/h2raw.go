package proxytest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// RawH2 is an HTTP/2 client that sends frames as they are.
type RawH2 struct {
	*http2.Framer
	net.Conn
	enc *hpack.Encoder
	buf bytes.Buffer
}

// H2Answer is how a stream ended.
type H2Answer struct {
	Status string // "" when no head came
	Body   string
	Reset  bool // RST_STREAM
	GoAway bool // the connection was ended
}

// String shows the answer in one line.
func (a H2Answer) String() string {
	return fmt.Sprintf("status %q, body %q, reset %v, goaway %v", a.Status, a.Body, a.Reset, a.GoAway)
}

// DialH2 opens a connection, with preface and settings exchanged.
func DialH2(t testing.TB, addr string, ca *CA, serverName string) *RawH2 {
	t.Helper()
	h, err := OpenH2(addr, ca, serverName)
	if err != nil {
		t.Fatalf("dialling the door over TLS: %v", err)
	}
	t.Cleanup(func() { _ = h.Close() }) // the test may have closed it
	return h
}

// OpenH2 is [DialH2] for a test of many connections, which closes each itself.
func OpenH2(addr string, ca *CA, serverName string) (*RawH2, error) {
	c, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: ca.Pool(), ServerName: serverName, NextProtos: []string{"h2"}})
	if err != nil {
		return nil, err
	}
	h := &RawH2{Conn: c, Framer: http2.NewFramer(c, c)}
	h.AllowIllegalWrites = true
	h.enc = hpack.NewEncoder(&h.buf)
	h.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	_ = c.SetDeadline(time.Now().Add(patience))
	if p := c.ConnectionState().NegotiatedProtocol; p != "h2" {
		err = fmt.Errorf("the door chose %q instead of h2", p)
	}
	if err == nil {
		_, err = c.Write([]byte(http2.ClientPreface))
	}
	if err == nil {
		err = h.WriteSettings()
	}
	if err != nil {
		_ = c.Close() // the error says more
		return nil, err
	}
	return h, nil
}

// Open sends HEADERS with fields in their order, names as they are.
func (h *RawH2) Open(stream uint32, end bool, fields ...Field) error {
	block, err := h.Block(fields...)
	if err != nil {
		return err
	}
	return h.WriteHeaders(http2.HeadersFrameParam{
		StreamID: stream, BlockFragment: block, EndStream: end, EndHeaders: true,
	})
}

// Block encodes fields as they are, to be sent next. It is good until the next
// call.
func (h *RawH2) Block(fields ...Field) ([]byte, error) {
	h.buf.Reset()
	for _, f := range fields {
		if err := h.enc.WriteField(hpack.HeaderField{Name: f.Name, Value: f.Value}); err != nil {
			return nil, err
		}
	}
	return h.buf.Bytes(), nil
}

// Answer reads frames until stream or the connection ended.
func (h *RawH2) Answer(stream uint32) H2Answer {
	var a H2Answer
	for {
		f, err := h.ReadFrame()
		if err != nil {
			a.GoAway = !errors.Is(err, os.ErrDeadlineExceeded) // then it goes on, in silence
			return a
		}
		switch f := f.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				_ = h.WriteSettingsAck() // a dead connection shows in the next read
			}
		case *http2.GoAwayFrame:
			if f.ErrCode != http2.ErrCodeNo {
				a.GoAway = true
				return a
			}
		case *http2.RSTStreamFrame:
			if f.StreamID == stream {
				a.Reset = true
				return a
			}
		case *http2.MetaHeadersFrame:
			if f.StreamID != stream {
				continue
			}
			if s := f.PseudoValue("status"); s != "" && s[0] != '1' {
				a.Status = s
			}
			if f.StreamEnded() {
				return a
			}
		case *http2.DataFrame:
			if f.StreamID != stream {
				continue
			}
			a.Body += string(f.Data())
			if f.StreamEnded() {
				return a
			}
		}
	}
}
