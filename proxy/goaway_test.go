package proxy

import (
	"bytes"
	"crypto/tls"
	"io"
	"math/rand/v2"
	"net"
	"testing"

	"golang.org/x/net/http2"
)

// frames writes a few frames of random sizes.
func frames(t *testing.T, r *rand.Rand, n int) []byte {
	t.Helper()
	var out bytes.Buffer
	f := http2.NewFramer(&out, nil)
	if err := f.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	for range n {
		if err := f.WriteData(1, false, make([]byte, r.IntN(300))); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func TestFirstGoAwayIsPutBetweenFrames(t *testing.T) {
	pair, err := tls.X509KeyPair(testCertificate(t))
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		stream := frames(t, r, 20)
		server, client := net.Pipe()
		tlsServer := tls.Server(server, &tls.Config{Certificates: []tls.Certificate{pair}})
		tlsClient := tls.Client(client, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // the certificate is not what is tested
		c := &http2Conn{Conn: tlsServer}
		go func() {
			at := r.IntN(len(stream))
			for sent := 0; sent < len(stream); {
				n := min(1+r.IntN(100), len(stream)-sent)
				if _, err := c.Write(stream[sent : sent+n]); err != nil {
					break
				}
				if sent <= at && at < sent+n {
					c.goAway()
				}
				sent += n
			}
			_ = tlsServer.Close()
		}()
		data, away := readFrames(t, tlsClient)
		if data != 20 || away != 1 {
			t.Errorf("seed %d: read %d DATA and %d GOAWAY frames, want 20 and 1", seed, data, away)
		}
		_ = client.Close()
	}
}

func readFrames(t *testing.T, from io.Reader) (data, away int) {
	t.Helper()
	f := http2.NewFramer(nil, from)
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return data, away
		}
		switch frame := frame.(type) {
		case *http2.DataFrame:
			data++
		case *http2.GoAwayFrame:
			away++
			if frame.LastStreamID != 1<<31-1 || frame.ErrCode != http2.ErrCodeNo {
				t.Errorf("GOAWAY says stream %d, %v", frame.LastStreamID, frame.ErrCode)
			}
		}
	}
}

func TestNoGoAwayBeforeTheFirstFrame(t *testing.T) {
	c := &http2Conn{}
	c.goAway() // would dereference the missing connection
	if !c.due {
		t.Error("the GOAWAY was forgotten")
	}
}
