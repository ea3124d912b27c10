package proxy

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func bound(t *testing.T, limits *connectionLimits) *listener {
	t.Helper()
	l, err := bind("127.0.0.1:0", limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func dial(t *testing.T, l *listener) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestDrainHandsOutWhatTheKernelAccepted(t *testing.T) {
	l := bound(t, newConnectionLimits(100, 0))
	const waiting = 20
	for range waiting {
		dial(t, l)
	}
	l.drain()
	got := 0
	for {
		c, err := l.Accept()
		if err != nil {
			if !errors.Is(err, errDrained) {
				t.Fatalf("Accept ended with %v", err)
			}
			break
		}
		_ = c.Close()
		got++
	}
	if got != waiting {
		t.Errorf("%d of %d accepted connections were handed out", got, waiting)
	}
}

func TestDrainWakesAnAcceptThatWaits(t *testing.T) {
	l := bound(t, newConnectionLimits(100, 0))
	ended := make(chan error)
	go func() {
		_, err := l.Accept()
		ended <- err
	}()
	l.drain()
	if err := <-ended; !errors.Is(err, errDrained) {
		t.Errorf("Accept ended with %v", err)
	}
}

func TestADrainingSocketTakesNobodyNew(t *testing.T) {
	l := bound(t, newConnectionLimits(100, 0))
	if !refuseNew(l.TCPListener) {
		t.Fatal("this kernel knows no way to refuse new connections")
	}
	c, err := net.DialTimeout("tcp", l.Addr().String(), 200*time.Millisecond)
	if err == nil {
		_ = c.Close()
		t.Error("a connection was accepted past the filter")
	}
}

func TestConnectionsOverTheLimitAreShed(t *testing.T) {
	l := bound(t, newConnectionLimits(1, 0))
	l.plain = true
	accepted := make(chan net.Conn, 2)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	dial(t, l)
	first := <-accepted
	second := dial(t, l)
	answer := make([]byte, 64)
	n, err := second.Read(answer)
	if err != nil || !strings.HasPrefix(string(answer[:n]), "HTTP/1.1 503 ") {
		t.Errorf("over the limit: read %q, %v", answer[:n], err)
	}
	if l.shed.Load() != 1 {
		t.Errorf("%d shed, want 1", l.shed.Load())
	}
	_ = first.Close()
	_ = first.Close() // a second Close gives nothing back
	if n := l.limits.open.Load(); n != 0 {
		t.Fatalf("%d connections counted after the close", n)
	}
	dial(t, l)
	_ = (<-accepted).Close()
}

func TestLimitPerAddress(t *testing.T) {
	l := newConnectionLimits(0, 2)
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	for range 2 {
		if !l.take(a) {
			t.Fatal("two are allowed")
		}
	}
	if l.take(a) {
		t.Error("a third is not")
	}
	if !l.take(b) {
		t.Error("another address has its own count")
	}
	l.give(a)
	if !l.take(a) {
		t.Error("a place that was given back can be taken")
	}
	l.give(a)
	l.give(a)
	l.give(b)
	if len(l.addresses) != 0 || l.open.Load() != 0 {
		t.Errorf("left over: %v, %d", l.addresses, l.open.Load())
	}
}

func TestATakenPortIsExplained(t *testing.T) {
	l := bound(t, newConnectionLimits(0, 0))
	_, err := bind(l.Addr().String(), l.limits)
	var b *BindError
	if !errors.As(err, &b) || !strings.Contains(b.Hint, "is taken") {
		t.Errorf("got %v", err)
	}
}

func TestNoPassedSocket(t *testing.T) {
	t.Setenv("LISTEN_PID", "1")
	_, err := bind("fd:web", newConnectionLimits(0, 0))
	if err == nil || !strings.Contains(err.Error(), "FileDescriptorName=web") {
		t.Errorf("got %v", err)
	}
}
