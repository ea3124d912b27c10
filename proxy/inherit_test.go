package proxy

import (
	"context"
	"errors"
	"net"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
	"time"

	"sterling/backend"
	"sterling/internal/config"
	"sterling/internal/handover"
)

// passedSocket is a bound socket on its way to this process.
func passedSocket(t *testing.T, name, address string) (handover.Socket, *net.TCPListener) {
	t.Helper()
	tcp := bound(t, newConnectionLimits(0, 0)).TCPListener
	f, err := handover.File(tcp, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return handover.Socket{Name: name, Address: address, File: f}, tcp
}

func TestEachDoorGetsTheSocketThatIsItsOwn(t *testing.T) {
	var s Server
	for _, l := range []config.Listener{
		{Name: "renamed", Address: "127.0.0.1:0"}, {Name: "a", Address: "127.0.0.1:0"},
		{Name: "moved", Address: "127.0.0.1:2"}, {Name: "web", Address: "fd:web"},
	} {
		s.doors = append(s.doors, &door{name: l.Name, cfg: l})
	}
	add := func(name, address string) *os.File {
		p, _ := passedSocket(t, name, address)
		s.inherited = append(s.inherited, p)
		return p.File
	}
	own := add("a", "127.0.0.1:0")
	other := add("b", "127.0.0.1:0")
	left := add("moved", "127.0.0.1:1")
	web := add("", "fd:web")
	spare := add("", "fd:spare")
	got := s.heirs()
	want := []*os.File{other, own, nil, web}
	for i, d := range s.doors {
		if got[d].File != want[i] {
			t.Errorf("%s got %+v", d.name, got[d])
		}
	}
	if len(s.inherited) != 1 || s.inherited[0].File != spare {
		t.Errorf("kept %+v, want what systemd passed and nobody uses", s.inherited)
	}
	if _, err := left.Stat(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a socket that nobody wants stays open: %v", err)
	}
}

// lentListener is a listener over the socket of another one.
func lentListener(t *testing.T) (*listener, *net.TCPListener) {
	t.Helper()
	s, owner := passedSocket(t, "front", "127.0.0.1:0")
	l, err := inherit(s, newConnectionLimits(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l, owner
}

// canConnect reports whether the kernel takes connections to l.
func canConnect(l net.Listener) bool {
	c, err := net.DialTimeout("tcp", l.Addr().String(), 200*time.Millisecond)
	if err == nil {
		_ = c.Close()
	}
	return err == nil
}

func TestDrainingALentSocketIsNotFeltByItsOwner(t *testing.T) {
	l, owner := lentListener(t)
	l.drain()
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept ended with %v", err)
	}
	if !canConnect(owner) {
		t.Error("the owner's socket takes no connections any more")
	}
	l, owner = lentListener(t)
	(&Server{doors: []*door{{listener: l}}}).Own()
	l.drain()
	if canConnect(owner) {
		t.Error("what has become its own takes connections while it drains")
	}
}

func TestASocketOfSystemdIsNeverShut(t *testing.T) {
	s, owner := passedSocket(t, "", "fd:web")
	l, err := inherit(s, newConnectionLimits(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	l.drain()
	if !canConnect(owner) {
		t.Error("systemd's socket takes no connections any more")
	}
	_ = l.Close()
}

func TestWhatIsNoListeningSocketIsRefused(t *testing.T) {
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	var b *BindError
	if _, err := inherit(handover.Socket{Address: "fd:web", File: f}, nil); !errors.As(err, &b) || b.Hint == "" {
		t.Errorf("got %v", err)
	}
}

func TestFilesAreOfTheSameSockets(t *testing.T) {
	r := start(t, appPool("http://127.0.0.1:1"))
	files, err := r.Files()
	if err != nil {
		t.Fatal(err)
	}
	defer handover.Close(files)
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
		l, err := net.FileListener(f.File)
		if err != nil {
			t.Fatal(err)
		}
		if l.Addr().String() != r.Addr(f.Name).String() || f.Address != "127.0.0.1:0" {
			t.Errorf("%s: %s at %s, want %s", f.Name, f.Address, l.Addr(), r.Addr(f.Name))
		}
		_ = l.Close()
	}
	if !slices.Equal(names, []string{"front", "plain", "front-standard", "plain-standard"}) {
		t.Errorf("files of %q", names)
	}
}

func TestWarmWaitsForTheFirstChecks(t *testing.T) {
	well := httptest.NewServer(nil)
	defer well.Close()
	r := start(t, appPool(well.URL, "http://127.0.0.1:1"))
	r.Warm(t.Context())
	for _, m := range r.snapshot.Load().pools.All()[0].Members() {
		if m.Status().State == backend.Unproven {
			t.Errorf("%s is unproven", m.Name())
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	r.Warm(ended) // and returns
}
