package http1

import (
	"crypto/tls"
	"io"
	"testing"

	"sterling/internal/proxytest"
)

// Over TLS the end of the stream is a message, after which a program may read on.
func TestAnEndOfTLSIsNoProofWithoutAFIN(t *testing.T) {
	for name, tc := range map[string]struct {
		linger int // 0: reset without FIN
		proof  bool
	}{"reset": {0, false}, "closed": {-1, true}} {
		t.Run(name, func(t *testing.T) {
			near, far := tlsPair(t)
			c, _ := warm(t, near, far)
			acked, _ := c.acknowledged()
			if err := far.(*tls.Conn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			_ = tcp(far).SetLinger(tc.linger)
			if !tc.proof {
				_, _ = c.write([]byte("GET"), 0)
				if n, err := far.Read(make([]byte, 3)); n != 3 {
					t.Fatal(err)
				}
			}
			_ = tcp(far).Close()
			if tc.proof {
				_, _ = c.write([]byte("GET"), 0)
			}
			c.attend()
			if _, err := c.br.Peek(1); err != io.EOF {
				t.Fatal(err)
			}
			proxytest.Eventually(t, "the socket is closed", func() bool {
				_, state, _ := c.tcpInfo()
				return state == stateClosed
			})
			if c.refused(acked) != tc.proof {
				t.Errorf("a proof: %v", !tc.proof)
			}
		})
	}
}
