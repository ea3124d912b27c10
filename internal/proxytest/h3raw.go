package proxytest

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"time"

	"github.com/quic-go/qpack"
	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/quic-go/quicvarint"
)

// Types of frames of HTTP/3 (RFC 9114, section 7.2).
const (
	H3Data    = 0
	H3Headers = 1
)

// H3Frame is a frame of HTTP/3: its type, its length, and what it holds.
func H3Frame(kind uint64, payload []byte) []byte {
	b := quicvarint.Append(nil, kind)
	b = quicvarint.Append(b, uint64(len(payload)))
	return append(b, payload...)
}

// H3Fields is a HEADERS frame with fields in their order, names as they are.
func H3Fields(fields ...Field) []byte {
	var b bytes.Buffer
	e := qpack.NewEncoder(&b)
	for _, f := range fields {
		_ = e.WriteField(qpack.HeaderField{Name: f.Name, Value: f.Value}) // to a buffer
	}
	return H3Frame(H3Headers, b.Bytes())
}

// OpenH3 opens a connection of QUIC for HTTP/3, which the test closes itself.
func OpenH3(addr string, ca *CA, serverName string) (*quic.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conf := &tls.Config{RootCAs: ca.Pool(), ServerName: serverName, NextProtos: []string{http3.NextProtoH3}, MinVersion: tls.VersionTLS13}
	return quic.DialAddr(ctx, addr, conf, nil)
}

// SendH3 sends bytes on a stream of their own, and waits until the door has ended
// it, in whatever way. whole: they end the stream; otherwise it is reset behind
// them.
func SendH3(c *quic.Conn, sent []byte, whole bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s, err := c.OpenStreamSync(ctx)
	if err != nil {
		return nil //nolint:nilerr // the door has ended it
	}
	_ = s.SetDeadline(time.Now().Add(patience))
	_, _ = s.Write(sent) // a door that refuses shows in the answer
	if whole {
		_ = s.Close() // as above
	} else {
		s.CancelWrite(quic.StreamErrorCode(http3.ErrCodeRequestCanceled))
	}
	_, err = io.Copy(io.Discard, s)
	s.CancelRead(0) // if it failed
	var reset *quic.StreamError
	var closed *quic.ApplicationError
	if errors.As(err, &reset) || errors.As(err, &closed) || c.Context().Err() != nil {
		return nil
	}
	return err
}

// CutFrame is a fault that leaves no doubt of what the rest means.
const CutFrame = "a stream that ends within a frame other than DATA, or in one of another stream"

// MeantH3 reads what a client has sent on a stream as RFC 9114, section 4.1, has
// it. What is malformed has a fault, and means nothing.
func MeantH3(sent []byte, whole bool) *Recorded {
	m := meantFrames{}
	for r := bytes.NewReader(sent); r.Len() > 0 && !m.broken && !m.ended; {
		kind, err1 := quicvarint.Read(r)
		n, err2 := quicvarint.Read(r)
		if err1 != nil || err2 != nil {
			m.fault = CutFrame
			break
		}
		cut := n > uint64(r.Len())
		payload := make([]byte, min(n, uint64(r.Len())))
		_, _ = io.ReadFull(r, payload) // it is there
		m.frame(kind, payload, cut)
	}
	rec := MeantStream("HTTP/3.0", m.fields, m.body, m.trailer, whole && !m.broken)
	if rec.Fault == "" && !(rec.Has("Content-Length") && rec.Complete) { // it went on before
		rec.Fault = m.fault
	}
	return rec
}

// meantFrames are those that were read so far.
type meantFrames struct {
	fields, trailer []Field
	body            []byte
	headers         int // how many were read
	fault           string
	ended           bool // by the fault: what follows is not read
	broken          bool // by the fault: nothing at all is meant
}

func (m *meantFrames) frame(kind uint64, payload []byte, cut bool) {
	switch {
	case kind == H3Headers && m.headers == 1 && cut && len(payload) == 0: // trailers of which there are none
	case kind == H3Headers && m.headers < 2:
		list, err := decodeH3(payload)
		if err != nil || cut {
			m.breakOff("fields that cannot be decoded")
			return
		}
		if m.headers++; m.headers == 1 {
			m.fields = list
		} else {
			m.trailer = list
		}
	case kind == H3Data && m.headers == 1:
		m.body = append(m.body, payload...)
		if cut {
			m.fault = "a stream that ends within DATA"
			return
		}
	case kind == 3 || kind == 5 || kind == 0xd:
		m.breakOff("a frame that belongs to pushes")
		return
	case kind == 4 || kind == 7: // of the control stream; the server below looks into them
		m.fault, m.ended = CutFrame, true
		return
	case kind <= 9: // the known ones, and those of HTTP/2 (section 7.2.8)
		m.breakOff("a frame out of its place")
		return
	}
	if cut {
		m.fault = CutFrame
	}
}

func (m *meantFrames) breakOff(fault string) { m.fault, m.broken = fault, true }

func decodeH3(payload []byte) (list []Field, err error) {
	next := qpack.NewDecoder().Decode(payload)
	for {
		f, err := next()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		list = append(list, Field{f.Name, f.Value})
	}
}
