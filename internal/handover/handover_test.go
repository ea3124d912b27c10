package handover

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// behaviour tells the test binary, started as a new process, what to do.
const behaviour = "HANDOVER_TEST"

// TestMain lets the test binary be the new process.
func TestMain(m *testing.M) {
	if b := os.Getenv(behaviour); b != "" {
		os.Exit(heir(b))
	}
	os.Exit(m.Run())
}

// heir is a new process that answers each connection with its process id.
func heir(b string) int {
	if b == "foreign" {
		fmt.Fprintln(os.Stderr, "what is this?")
		return 3
	}
	h, err := Take()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	switch b {
	case "silent":
		select {}
	case "gives up":
		fmt.Fprintln(h.Complaints(), "the port is taken")
		return 1
	case "ends":
		return 0
	case "panics":
		panic("no way")
	}
	fmt.Fprintln(os.Stderr, "on the old one's standard error")
	l, err := net.FileListener(h.Sockets[0].File)
	if err != nil {
		fmt.Fprintln(h.Complaints(), err)
		return 1
	}
	if err := h.Ready(); err != nil {
		return 1
	}
	<-h.LetGo()
	for {
		c, err := l.Accept()
		if err != nil {
			return 0
		}
		s := h.Sockets[0]
		fmt.Fprintf(c, "%d %d %s %s %s", os.Getpid(), h.From, s.Name, s.Address, os.Getenv(variable)+os.Getenv("LISTEN_PID")+os.Getenv("WATCHDOG_PID"))
		_ = c.Close()
		if b == "once" {
			return 0
		}
	}
}

// handOver starts the test binary as a new process that behaves as b, and gives
// it a socket.
func handOver(t *testing.T, b string, out io.Writer) (*Child, *net.TCPListener) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	tcp := ln.(*net.TCPListener)
	f, err := File(tcp, "front")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(behaviour, b)
	t.Setenv("LISTEN_PID", "1")
	t.Setenv("WATCHDOG_PID", "1")
	c, err := Start(Options{Program: self, Sockets: []Socket{{Name: "front", Address: "here:1", File: f}}, Output: out})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill()
		<-c.Gone()
	})
	return c, tcp
}

func within20s(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestTheNewProcessServesTheSocket(t *testing.T) {
	c, ln := handOver(t, "serves", nil)
	if err := c.Wait(within20s(t)); err != nil {
		t.Fatal(err)
	}
	c.LetGo()
	_ = ln.Close()
	for range 3 {
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(conn)
		_ = conn.Close()
		if want := fmt.Sprintf("%d %d front here:1 ", c.PID(), os.Getpid()); string(got) != want || err != nil {
			t.Fatalf("answered %q, %v; want %q", got, err, want)
		}
	}
}

func TestWhatNobodyHasAcceptedIsTheNewProcesss(t *testing.T) {
	c, ln := handOver(t, "serves", nil)
	conn, err := net.Dial("tcp", ln.Addr().String()) // nobody accepts here
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := c.Wait(within20s(t)); err != nil {
		t.Fatal(err)
	}
	c.LetGo()
	_ = ln.Close()
	if got, err := io.ReadAll(conn); err != nil || !strings.HasPrefix(string(got), strconv.Itoa(c.PID())) {
		t.Errorf("answered %q, %v", got, err)
	}
}

func TestTheNewProcessWaitsUntilTheOldOneHasLetGo(t *testing.T) {
	c, ln := handOver(t, "serves", nil)
	if err := c.Wait(within20s(t)); err != nil {
		t.Fatal(err)
	}
	_ = ln.Close()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	if n, err := conn.Read(make([]byte, 1)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("it has gone on: read %d bytes, %v", n, err)
	}
	c.LetGo()
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	if got, err := io.ReadAll(conn); err != nil || len(got) == 0 {
		t.Errorf("answered %q, %v", got, err)
	}
}

// A socket that waits in the kernel could not be taken from an Accept.
func TestACopyThatIsPassedLeavesTheSocketAsItWas(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	f, err := File(ln.(*net.TCPListener), "front")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fd := f.Fd() // as the start of a process takes it
	if flags, _, _ := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_GETFL, 0); flags&syscall.O_NONBLOCK == 0 {
		t.Error("it has become a waiting one")
	}
	if flags, _, _ := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_GETFD, 0); flags&syscall.FD_CLOEXEC == 0 {
		t.Error("any program that is started would get it")
	}
}

// buffer may be written while a test reads it.
type buffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func TestAProcessThatFailsIsGoneAndHasSaidWhy(t *testing.T) {
	for b, want := range map[string]struct {
		code int
		said string
	}{
		"foreign":  {3, "what is this?"},
		"gives up": {1, "the port is taken"},
		"panics":   {2, "panic: no way"},
	} {
		var out buffer
		c, _ := handOver(t, b, &out)
		err := c.Wait(within20s(t))
		var f *Failure
		if !errors.As(err, &f) || !strings.Contains(strings.Join(f.Said, "\n"), want.said) {
			t.Fatalf("%s: %v", b, err)
		}
		if code := c.cmd.ProcessState.ExitCode(); code != want.code || !strings.Contains(err.Error(), fmt.Sprint("exit status ", code)) {
			t.Errorf("%s: exit code %d, %v", b, code, err)
		}
		if passed := strings.Contains(out.String(), want.said); passed != (b == "foreign") {
			t.Errorf("%s: passed on %q, and what a process says by itself must not be", b, out.String())
		}
	}
	c, _ := handOver(t, "ends", nil)
	if err := c.Wait(within20s(t)); !errors.Is(err, errEndedWell) {
		t.Errorf("one that ends: %v", err)
	}
}

func TestAProcessThatIsLateIsKilled(t *testing.T) {
	c, _ := handOver(t, "silent", nil)
	late := errors.New("too late")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(late)
	if err := c.Wait(ctx); !errors.Is(err, late) {
		t.Errorf("%v", err)
	}
	select {
	case <-c.Gone():
	default:
		t.Error("it lives")
	}
}

func TestTheEndOfAProcessThatServedIsSeen(t *testing.T) {
	c, ln := handOver(t, "once", nil)
	if err := c.Wait(within20s(t)); err != nil {
		t.Fatal(err)
	}
	c.LetGo()
	_ = ln.Close()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	select {
	case <-c.Gone():
	case <-within20s(t).Done():
		t.Error("it is not seen")
	}
}

func TestAProgramThatIsNotThereIsNamed(t *testing.T) {
	if _, err := Start(Options{Program: filepath.Join(t.TempDir(), "sterling")}); err == nil || !strings.Contains(err.Error(), "sterling") {
		t.Errorf("%v", err)
	}
	file := filepath.Join(t.TempDir(), "sterling")
	if err := os.WriteFile(file, []byte("no program"), 0o700); err != nil { //nolint:gosec // to be run
		t.Fatal(err)
	}
	if _, err := Start(Options{Program: file}); !errors.Is(err, syscall.ENOEXEC) {
		t.Errorf("%v", err)
	}
}

func TestAProcessToWhichNothingWasPassedHasNothing(t *testing.T) {
	t.Setenv("LISTEN_PID", "1")
	t.Setenv("LISTEN_FDS", "1")
	t.Setenv("LISTEN_FDNAMES", "web")
	h, err := Take()
	if err != nil || len(h.Sockets) != 0 || h.From != 0 {
		t.Fatalf("%+v, %v", h, err)
	}
	if err := h.Ready(); err != nil {
		t.Error(err)
	}
	if _, err := io.WriteString(h.Complaints(), "nobody hears"); err != nil {
		t.Error(err)
	}
	t.Setenv(variable, "{nonsense")
	if _, err := Take(); err == nil {
		t.Error("nonsense was understood")
	}
	if _, there := os.LookupEnv(variable); there {
		t.Error("the next process would get the message, too")
	}
}

func TestTheTailIsBounded(t *testing.T) {
	var text tail
	text.follow(strings.NewReader(strings.Repeat("line\n\n", 5000)+"the end"), nil)
	got := text.lines()
	if len(got) != keptLines || got[keptLines-1] != "the end" || len(text.text) > keptBytes {
		t.Errorf("kept %d bytes, lines %q", len(text.text), got)
	}
}
