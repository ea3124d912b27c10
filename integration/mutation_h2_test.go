package integration

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"sterling/internal/proxytest"
)

// Mutations of field lists, DATA and trailers reach the backend as what they are,
// or not at all, whatever streams are beside them.
func TestMutatedStreamsNeverBecomeOthersOverHTTP2(t *testing.T) {
	t.Parallel()
	m := mutants{total: ofLength(4_000, 200_000), protocol: "https", truth: oracle{scheme: "https", streams: true}}
	if proxytest.Engine() == "standard" { // the door is shown cookies that were put together, and no Trailer
		m.truth.overlooks = []string{proxytest.HiddenSpace}
	}
	from := streamSeeds()
	m.client = func(p *proxytest.Sterling, addr string) func(*rand.Rand) trial {
		c := &mutantH2{p: p, addr: addr}
		return func(r *rand.Rand) trial { return c.try(r, from) }
	}
	m.run(t)
}

// mutantH2 is a client with one connection at a time.
type mutantH2 struct {
	p    *proxytest.Sterling
	addr string
	conn *proxytest.RawH2
	last uint32 // stream
}

// try sends a few mutations side by side.
func (c *mutantH2) try(r *rand.Rand, from []fieldStream) trial {
	if c.conn == nil {
		conn, err := proxytest.OpenH2(c.addr, c.p.CA, "localhost")
		if err != nil {
			return trial{err: err}
		}
		c.conn, c.last = conn, 1 // the first could belong to an upgrade
	}
	_ = c.conn.SetDeadline(time.Now().Add(10 * time.Second))
	var tried trial
	var sent []string
	open := map[uint32]bool{}
	for range 1 + r.IntN(3) {
		s := mutateStream(r, from)
		sent = append(sent, s.String())
		tried.meant = append(tried.meant, proxytest.MeantStream("HTTP/2.0", s.fields, bytes.Join(s.data, nil), s.trailer, !s.open))
		c.last += 2
		if !s.open {
			open[c.last] = true // a cancelled one has no other end
		}
		if c.send(r, c.last, s) != nil {
			break // the door has ended the connection
		}
	}
	tried.sent = strings.Join(sent, "\n")
	// A stream that was reset may still be on its way to the backend a while later.
	tried.severed = true
	if c.await(open) || c.last > 2000 {
		_ = c.conn.Close() // it may be gone
		c.conn = nil
	}
	return tried
}

// send sends a stream, its fields in several frames and its DATA padded now and
// then. One without an end is cancelled.
func (c *mutantH2) send(r *rand.Rand, id uint32, s fieldStream) error {
	ends := len(s.data) == 0 && len(s.trailer) == 0 && !s.open
	err := c.block(r, id, ends, s.fields)
	for i, d := range s.data {
		if err != nil {
			return err
		}
		ends = i == len(s.data)-1 && len(s.trailer) == 0 && !s.open
		if r.IntN(4) == 0 {
			err = c.conn.WriteDataPadded(id, ends, d, make([]byte, r.IntN(9)))
		} else {
			err = c.conn.WriteData(id, ends, d)
		}
	}
	if err == nil && len(s.trailer) > 0 && !s.open {
		err = c.block(r, id, true, s.trailer)
	}
	if err == nil && s.open {
		err = c.conn.WriteRSTStream(id, http2.ErrCodeCancel)
	}
	return err
}

func (c *mutantH2) block(r *rand.Rand, id uint32, ends bool, fields []proxytest.Field) error {
	block, err := c.conn.Block(fields...)
	if err != nil || r.IntN(4) > 0 {
		return c.conn.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block, EndStream: ends, EndHeaders: true})
	}
	cut := r.IntN(len(block) + 1)
	if err := c.conn.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block[:cut], EndStream: ends}); err != nil {
		return err
	}
	return c.conn.WriteContinuation(id, true, block[cut:])
}

// await waits for the ends of streams, or of the connection. A PING behind them
// says that those that were cancelled are known to be.
func (c *mutantH2) await(open map[uint32]bool) (ended bool) {
	pinged := false
	_ = c.conn.WritePing(false, [8]byte{1}) // a dead connection shows in the next read
	for !pinged || len(open) > 0 {
		frame, err := c.conn.ReadFrame()
		if err != nil {
			return true
		}
		switch f := frame.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				_ = c.conn.WriteSettingsAck() // as above
			}
		case *http2.GoAwayFrame:
			if f.ErrCode != http2.ErrCodeNo {
				return true // some servers keep it for a while yet
			}
		case *http2.PingFrame:
			pinged = pinged || f.IsAck()
		case *http2.RSTStreamFrame:
			delete(open, f.StreamID)
		case *http2.MetaHeadersFrame:
			if f.StreamEnded() {
				delete(open, f.StreamID)
			}
		case *http2.DataFrame:
			if f.StreamEnded() {
				delete(open, f.StreamID)
			}
		}
	}
	return false
}
