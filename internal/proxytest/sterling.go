package proxytest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"
)

// Options describe a process under test.
type Options struct {
	// Config is the part of the file that the test is about: routes and pools,
	// and whatever else. Before it stand logs, an admin socket, a certificate
	// for localhost, *.example.org and 127.0.0.1, and two listeners on free
	// ports, "front" (https) and "plain" (http).
	Config string
	// Listener holds further keys for both listeners.
	Listener string
	// AccessLog holds the keys of [access_log]; "": a file in Dir.
	AccessLog string
	// Bare: Config is the whole file.
	Bare bool
	// Dir holds file, certificates and state; "": a new one. A process started
	// in the folder of another is that one started again.
	Dir string
	// CA signs the certificates; nil: a new one.
	CA *CA
	// Certificates are further ones, a list of hosts each.
	Certificates [][]string
	// Args come in place of "run -c FILE".
	Args []string
	// Program is run in place of the one under test; "": that one.
	Program string
	// Env holds further NAME=VALUE of the process.
	Env []string
	// Files are passed to it as descriptors from 3 on.
	Files []*os.File
	// Unready: do not wait for readiness.
	Unready bool
}

// Sterling is one process under test.
type Sterling struct {
	Dir  string
	File string // its configuration
	CA   *CA
	PID  int

	t     testing.TB
	o     Options
	certs []string
	heirs []int // processes that took over
	cmd   *exec.Cmd
	dead  chan struct{} // closed when the process is gone

	mu  sync.Mutex // guards log
	log bytes.Buffer
}

// Start runs the program until the end of the test at the latest and waits
// until it is ready.
func Start(t testing.TB, o Options) *Sterling {
	t.Helper()
	s := &Sterling{t: t, o: o, Dir: o.Dir, CA: o.CA}
	if s.CA == nil {
		s.CA = NewCA(t)
	}
	s.prepare()
	s.run()
	if !o.Unready {
		s.WaitReady()
	}
	return s
}

// prepare fills the folder.
func (s *Sterling) prepare() {
	s.t.Helper()
	if s.Dir == "" {
		s.Dir = ShortDir(s.t)
	}
	for i, hosts := range append([][]string{{"localhost", "*.example.org", "127.0.0.1"}}, s.o.Certificates...) {
		name := "cert" + itoa(i)
		s.certs = append(s.certs, name)
		if _, err := os.Stat(filepath.Join(s.Dir, name+".pem")); err != nil {
			s.CA.Files(s.Dir, name, hosts...)
		}
	}
	s.File = filepath.Join(s.Dir, "sterling.toml")
	s.Write(s.o.Config)
}

// Write replaces [Options.Config] in the configuration file.
func (s *Sterling) Write(config string) {
	s.t.Helper()
	s.o.Config = config
	if err := os.WriteFile(s.File, []byte(s.o.file(s.certs)), 0o600); err != nil {
		s.t.Fatalf("writing the configuration: %v", err)
	}
}

func (s *Sterling) run() {
	s.t.Helper()
	args := s.o.Args
	if args == nil {
		args = []string{"run", "-c", s.File}
	}
	program := s.o.Program
	if program == "" {
		program = Program(s.t)
	}
	s.cmd = exec.Command(program, args...) //nolint:gosec,noctx // the program under test; ended below
	s.cmd.Env = append(os.Environ(), s.o.Env...)
	s.cmd.ExtraFiles = s.o.Files
	s.cmd.Dir = s.Dir
	// A pipe of our own: processes that take over write to it, too, and the
	// first one's end must be seen all the same.
	out, in, err := os.Pipe()
	if err != nil {
		s.t.Fatalf("making a pipe: %v", err)
	}
	s.cmd.Stdout, s.cmd.Stderr = in, in
	s.cmd.SysProcAttr = noOrphan()
	if err := s.cmd.Start(); err != nil {
		s.t.Fatalf("starting the program: %v", err)
	}
	_ = in.Close() // the program has its own
	s.PID = s.cmd.Process.Pid
	s.dead = make(chan struct{})
	copied := make(chan struct{})
	go func() { // ends with the last process
		_, _ = io.Copy((*logWriter)(s), out)
		_ = out.Close() // only read
		close(copied)
	}()
	go func() {
		_ = s.cmd.Wait() // Exit tells how it ended
		select {
		case <-copied:
		case <-time.After(lastWords):
		}
		close(s.dead)
	}()
	s.t.Cleanup(func() {
		s.t.Helper()
		_ = s.cmd.Process.Kill() // it may be gone
		s.killHeirs()
		<-s.dead
		if log := s.Log(); crashed(log) {
			s.t.Errorf("the process log tells of a race or a panic:\n%s", tail(log, 20_000))
		} else if s.t.Failed() {
			s.t.Logf("process log:\n%s", tail(log, 6000))
		}
	})
}

// lastWords is how long what a process has written may take to arrive.
const lastWords = 200 * time.Millisecond

// logWriter collects what the process writes to its standard streams.
type logWriter Sterling

func (w *logWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(p)
}

// Log is what the process wrote to its standard streams so far.
func (s *Sterling) Log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// Signal sends a signal.
func (s *Sterling) Signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatalf("sending %v: %v", sig, err)
	}
}

// Exit waits until the process has ended by itself and returns its exit code.
func (s *Sterling) Exit(limit time.Duration) int {
	s.t.Helper()
	select {
	case <-s.dead:
		return s.cmd.ProcessState.ExitCode()
	case <-time.After(limit):
		s.t.Fatalf("the process has not ended after %v", limit)
		return -1
	}
}

// Stop sends SIGTERM and fails the test unless the process exits with 0.
func (s *Sterling) Stop() {
	s.t.Helper()
	s.Signal(syscall.SIGTERM)
	if code := s.Exit(40 * time.Second); code != 0 {
		s.t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
}

// Gone reports whether the process has ended.
func (s *Sterling) Gone() bool {
	select {
	case <-s.dead:
		return true
	default:
		return false
	}
}

// Client is an HTTP client that trusts the process's CA and never follows
// redirects or keeps cookies. h2 picks HTTP/2 over TLS, which a plain listener
// does not have. Its idle connections end with the test.
func (s *Sterling) Client(h2 bool) *http.Client {
	tr := &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: s.CA.Pool(), ServerName: "localhost"},
		MaxIdleConnsPerHost: 100,
		DisableCompression:  true,
		Protocols:           new(http.Protocols),
	}
	tr.Protocols.SetHTTP1(!h2)
	tr.Protocols.SetHTTP2(h2)
	s.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{
		Transport:     tr,
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Client3 is Client over HTTP/3.
func (s *Sterling) Client3() *http.Client {
	tr := &http3.Transport{
		TLSClientConfig:    &tls.Config{RootCAs: s.CA.Pool(), ServerName: "localhost", MinVersion: tls.VersionTLS13},
		DisableCompression: true,
	}
	s.t.Cleanup(func() { _ = tr.Close() })
	return &http.Client{
		Transport:     tr,
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Lines is the access log so far, when it is in the default place.
func (s *Sterling) Lines() []Line {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.Dir, "access.log"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.t.Fatalf("reading the access log: %v", err)
	}
	lines, err := ParseLines(data)
	if err != nil {
		s.t.Fatal(err)
	}
	return lines
}

// WaitLines waits until the access log has n lines that match, which may be
// nil for all, and fails when it has more.
func (s *Sterling) WaitLines(n int, match func(Line) bool) []Line {
	s.t.Helper()
	var got []Line
	full := func() bool {
		got = got[:0]
		for _, l := range s.Lines() {
			if match == nil || match(l) {
				got = append(got, l)
			}
		}
		return len(got) >= n
	}
	if !Within(patience, full) || len(got) > n {
		s.t.Fatalf("%d lines in the access log, want %d: %+v", len(got), n, got)
	}
	return got
}

// crashed reports whether a process log tells of something that must not be.
func crashed(log string) bool {
	for _, mark := range []string{"WARNING: DATA RACE", "a request panicked", "panic serving", "goroutine 1 [", "fatal error: "} {
		if strings.Contains(log, mark) {
			return true
		}
	}
	return false
}

func tail(s string, n int) string {
	if len(s) > n {
		return "…" + s[len(s)-n:]
	}
	return s
}
