package integration

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/quic-go/quic-go"

	"sterling/internal/proxytest"
)

// overlooked is the fault that the server of quic-go does not see, nor can the door:
// a stream may end within a frame that has no meaning to a request.
var overlooked = []string{proxytest.CutFrame}

// Mutations of field lists and frames reach the backend as what they are, or not
// at all.
func TestMutatedStreamsNeverBecomeOthersOverHTTP3(t *testing.T) {
	t.Parallel()
	m := mutants{total: ofLength(4_000, 480_000), protocol: "https", truth: oracle{scheme: "https", streams: true, overlooks: overlooked}}
	from := streamSeeds()
	m.client = func(p *proxytest.Sterling, addr string) func(*rand.Rand) trial {
		var c *quic.Conn
		return func(r *rand.Rand) trial {
			if c == nil || c.Context().Err() != nil {
				var err error
				if c, err = proxytest.OpenH3(addr, p.CA, "localhost"); err != nil {
					return trial{err: err}
				}
			}
			s := mutateStream(r, from)
			sent := mutateFrames(r, framesOf(s))
			meant := proxytest.MeantH3(sent, !s.open)
			err := proxytest.SendH3(c, sent, !s.open)
			shown := fmt.Sprintf("%v as %q, which means %q %q", s, sent, meant.Fault, meant.Body)
			// A refusal may be answered before the backend has read what came before it.
			return trial{sent: shown, meant: []*proxytest.Recorded{meant}, severed: true, err: err}
		}
	}
	m.run(t)
}

func framesOf(s fieldStream) [][]byte {
	out := [][]byte{proxytest.H3Fields(s.fields...)}
	for _, d := range s.data {
		out = append(out, proxytest.H3Frame(proxytest.H3Data, d))
	}
	if len(s.trailer) > 0 {
		out = append(out, proxytest.H3Fields(s.trailer...))
	}
	return out
}

// mutateFrames changes half of them on their way: frames in another order, unknown
// ones and misplaced ones among them, and bytes.
func mutateFrames(r *rand.Rand, frames [][]byte) []byte {
	at := r.IntN(len(frames))
	switch r.IntN(12) {
	case 0: // a type that is reserved for that
		frames = slices.Insert(frames, at, proxytest.H3Frame(0x21+0x1f*uint64(r.IntN(9)), []byte("grease")))
	case 1:
		frames = slices.Insert(frames, at, proxytest.H3Frame(uint64(r.IntN(16)), []byte("x")))
	case 2:
		frames = append(frames, frames[at])
	case 3:
		other := r.IntN(len(frames))
		frames[at], frames[other] = frames[other], frames[at]
	}
	sent := slices.Concat(frames...)
	i := r.IntN(len(sent))
	switch r.IntN(12) {
	case 0:
		return sent[:i]
	case 1:
		sent[i] ^= 1 << r.IntN(8)
	}
	return sent
}
