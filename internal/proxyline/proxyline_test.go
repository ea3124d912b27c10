package proxyline

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// pair is a connection over loopback: the balancer's end, and the door's.
func pair(t testing.TB) (balancer net.Conn, door *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	balancer, err = net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { balancer.Close(); c.Close() })
	return balancer, c.(*net.TCPConn)
}

var (
	four  = Ends{netip.MustParseAddrPort("192.0.2.7:4321"), netip.MustParseAddrPort("198.51.100.1:443")}
	mixed = Ends{netip.MustParseAddrPort("[2001:db8::7]:4321"), netip.MustParseAddrPort("198.51.100.1:443")}
	six   = Ends{netip.MustParseAddrPort("[2001:db8::7]:4321"), netip.MustParseAddrPort("[2001:db8::1]:443")}
)

func TestLinesAreReadToTheirLastByteAndNoFurther(t *testing.T) {
	const signature = "\r\n\r\n\x00\r\nQUIT\n"
	withTLV := Write(2, four)
	withTLV[15] += 7
	withTLV = append(withTLV, 0x04, 0, 4, 1, 2, 3, 4)
	for name, c := range map[string]struct {
		line string
		want Ends
	}{
		"v1, IPv4":        {"PROXY TCP4 192.0.2.7 198.51.100.1 4321 443\r\n", four},
		"v1, IPv6":        {"PROXY TCP6 2001:db8::7 2001:db8::1 4321 443\r\n", six},
		"v1, unknown":     {"PROXY UNKNOWN\r\n", Ends{}},
		"v1, unknown too": {"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", Ends{}},
		"v2, IPv4":        {string(Write(2, four)), four},
		"v2, IPv6":        {string(Write(2, six)), six},
		"v2, local":       {string(Write(2, Ends{})), Ends{}},
		"v2, more to say": {string(withTLV), four},
		"v2, a socket":    {signature + "\x21\x31\x00\xd8" + strings.Repeat("\x00", 216), Ends{}},
		"written, v1":     {string(Write(1, six)), six},
		"two families":    {string(Write(1, mixed)), mixed},
		"two families, 2": {string(Write(2, mixed)), mixed},
		"written, own":    {string(Write(1, Ends{})), Ends{}},
	} {
		for _, step := range []int{1, 5, 1000} {
			balancer, door := pair(t)
			_ = door.SetDeadline(time.Now().Add(5 * time.Second))
			go func() {
				for rest := []byte(c.line + "what follows"); len(rest) > 0; {
					n := min(step, len(rest))
					_, _ = balancer.Write(rest[:n])
					rest = rest[n:]
				}
				_ = balancer.(*net.TCPConn).CloseWrite()
			}()
			got, err := Read(door)
			if err != nil || got != c.want {
				t.Errorf("%s by %d: %+v, %v", name, step, got, err)
			}
			if rest, err := io.ReadAll(door); err != nil || string(rest) != "what follows" {
				t.Errorf("%s by %d: %q follows, %v", name, step, rest, err)
			}
		}
	}
}

func TestAClientIsNamedWhateverIsKnownOfTheDoor(t *testing.T) {
	for _, door := range []netip.AddrPort{{}, netip.MustParseAddrPort("[::]:443"), netip.MustParseAddrPort("0.0.0.0:443"), four.Door, six.Door} {
		for _, client := range []netip.AddrPort{four.Client, six.Client} {
			for _, version := range []int{1, 2} {
				if got, err := parse(Write(version, Ends{client, door})); err != nil || got.Client != client || got.Door.Port() != door.Port() {
					t.Errorf("version %d, client %v, door %v: %+v, %v", version, client, door, got, err)
				}
			}
		}
	}
}

func TestWhatIsNoLineIsLeftAlone(t *testing.T) {
	for _, text := range []string{"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "PROXYT", "\r\n\r\nGET"} {
		balancer, door := pair(t)
		_ = door.SetDeadline(time.Now().Add(500 * time.Millisecond))
		_, _ = io.WriteString(balancer, text)
		_ = balancer.(*net.TCPConn).CloseWrite()
		_, err := Read(door)
		if !errors.Is(err, ErrNone) {
			t.Errorf("%q: %v", text, err)
		}
		if rest, _ := io.ReadAll(door); string(rest) != text {
			t.Errorf("of %q %q is left", text, rest)
		}
	}
}

func TestAnEndWithinALineIsNoticedAtOnce(t *testing.T) {
	for _, text := range []string{"", "P", "PROX", "PROXY", "PROXY ", "PROXY TCP4 192", "\r", "\r\n\r\n\x00\r\nQUIT", string(Write(2, four)[:20])} {
		balancer, door := pair(t)
		_ = door.SetDeadline(time.Now().Add(10 * time.Second))
		read := make(chan error, 1)
		go func() { _, err := Read(door); read <- err }()
		_, _ = io.WriteString(balancer, text)
		_ = balancer.(*net.TCPConn).CloseWrite()
		if err := <-read; !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestMalformedLinesAreRefused(t *testing.T) {
	long := Write(2, four)
	long[14], long[15] = 0xff, 0xff
	short := Write(2, four)
	short[15] = 5
	for name, line := range map[string]string{
		"v1, too long":         "PROXY TCP4 " + strings.Repeat("1", 200) + "\r\n",
		"v1, no addresses":     "PROXY TCP4\r\n",
		"v1, a name":           "PROXY TCP4 localhost 198.51.100.1 1 2\r\n",
		"v1, families mixed":   "PROXY TCP4 2001:db8::1 198.51.100.1 1 2\r\n",
		"v1, a port too large": "PROXY TCP4 192.0.2.7 198.51.100.1 70000 443\r\n",
		"v1, a bare LF":        "PROXY TCP4 192.0.2.7 198.51.100.1 4321 443\nGET / HTTP/1.1\r\n",
		"v2, too long":         string(long) + strings.Repeat("x", 100),
		"v2, too short":        string(short),
		"v2, another version":  "\r\n\r\n\x00\r\nQUIT\n\x31\x11\x00\x00",
	} {
		balancer, door := pair(t)
		_ = door.SetDeadline(time.Now().Add(5 * time.Second))
		_, _ = io.WriteString(balancer, line)
		_ = balancer.(*net.TCPConn).CloseWrite()
		if got, err := Read(door); err == nil || errors.Is(err, ErrNone) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestALineThatNeverComesEndsWithTheDeadline(t *testing.T) {
	balancer, door := pair(t)
	_, _ = io.WriteString(balancer, "PROX")
	_ = door.SetDeadline(time.Now().Add(50 * time.Millisecond))
	var timeout net.Error
	if _, err := Read(door); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("got %v", err)
	}
}

// What can be parsed says the same when it is written and parsed again.
func FuzzParse(f *testing.F) {
	for _, line := range [][]byte{Write(1, four), Write(2, four), Write(1, six), Write(2, six), Write(1, Ends{}), Write(2, Ends{})} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		ends, err := parse(line)
		if err != nil {
			if ends != (Ends{}) {
				t.Errorf("%+v beside %v", ends, err)
			}
			return
		}
		if !bytes.HasPrefix(line, []byte(text)) && !bytes.HasPrefix(line, []byte(binary2)) {
			t.Fatalf("%q is no line", line)
		}
		if ends.Client.IsValid() != ends.Door.IsValid() {
			return
		}
		for _, version := range []int{1, 2} {
			if again, err := parse(Write(version, ends)); err != nil || again != ends {
				t.Errorf("%+v is written as %q, and read as %+v, %v", ends, Write(version, ends), again, err)
			}
		}
	})
}
