package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sterling/internal/admin"
	"sterling/internal/proxytest"
)

func TestRunServesUntilASignal(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		s := newSite(t)
		client := s.run(t)
		if got := s.get(t, client); got != "first" {
			t.Errorf("answer %q, want that of the backend", got)
		}
		if code := s.end(t, signal); code != exitGood {
			t.Errorf("%v: exit %d, stderr %s", signal, code, s.stderr.String())
		}
		if err := client.Ready(t.Context()); err == nil {
			t.Errorf("%v: still answers after its end", signal)
		}
	}
}

func TestReloadTakesUpTheFile(t *testing.T) {
	s := newSite(t)
	client := s.run(t)
	s.configure(t, "second", "")
	s.send(syscall.SIGHUP)
	eventually(t, "SIGHUP changed nothing", func() bool { return s.get(t, client) == "second" })
	s.waitLog(t, `"reloaded"`)

	s.configure(t, "third", "")
	code, stdout, stderr := call("reload", "-c", s.file)
	if code != exitGood || !strings.Contains(stdout, "generation 3") || !strings.Contains(stdout, "third") {
		t.Errorf("reload: exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if got := s.get(t, client); got != "third" {
		t.Errorf("after the command: %q", got)
	}
}

func TestBadFileLeavesTheOldConfigurationServing(t *testing.T) {
	s := newSite(t)
	client := s.run(t)
	s.configure(t, "second", "[[nonsense]]\n[limits]\nconnections = \"many\"\n")
	s.send(syscall.SIGHUP)
	s.waitLog(t, "reload refused; the old configuration still serves")
	for _, part := range []string{"nonsense", "limits.connections"} {
		if !strings.Contains(s.logged(), part) {
			t.Errorf("the log does not name %s:\n%s", part, s.logged())
		}
	}
	if got := s.get(t, client); got != "first" {
		t.Errorf("answer %q, want that of the old configuration", got)
	}

	var refusal *admin.Refusal
	if _, err := client.Reload(t.Context()); !errors.As(err, &refusal) || refusal.Status != 422 || len(refusal.Problems) < 2 {
		t.Errorf("reload by the API: %v, %+v", err, refusal)
	}
	code, _, stderr := call("reload", "--admin", s.socket)
	if code != exitFailed || !strings.Contains(stderr, "limits.connections") || !strings.Contains(stderr, "still serves") {
		t.Errorf("reload: exit %d, stderr %q", code, stderr)
	}
	if code := s.end(t, syscall.SIGTERM); code != exitGood {
		t.Errorf("exit %d", code)
	}
}

func TestSignalReopensBothLogs(t *testing.T) {
	s := newSite(t)
	client := s.run(t)
	for _, name := range []string{"access.log", "process.log"} {
		if err := os.Rename(filepath.Join(s.dir, name), filepath.Join(s.dir, name+".1")); err != nil {
			t.Fatal(err)
		}
	}
	s.send(syscall.SIGUSR1)
	s.waitLog(t, "logs reopened")
	s.get(t, client)
	if code := s.end(t, syscall.SIGTERM); code != exitGood {
		t.Fatalf("exit %d", code)
	}
	lines, err := os.ReadFile(filepath.Join(s.dir, "access.log"))
	if err != nil || strings.Count(string(lines), "\n") != 1 {
		t.Errorf("the new access log holds %q, %v; want one line", lines, err)
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	s := newSite(t)
	held, entered := make(chan struct{}), make(chan struct{})
	slow := holding(t, entered, held)
	s.configure(t, "first", "[[pool.backend]]\nname = \"slow\"\nurl = \"http://"+slow+"\"\n")
	client := s.run(t)
	status, err := client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Several requests, of which at least one goes to the backend that does not answer.
	for range 4 {
		go func() {
			resp, err := httpClient(t, s.dir).Get("https://" + status.Listeners[0].Address + "/")
			if err == nil {
				_ = resp.Body.Close()
			}
		}()
	}
	<-entered
	s.send(syscall.SIGTERM)
	s.waitLog(t, "stopping: finishing what has begun")
	proxytest.Eventually(t, "readiness to end", func() bool { return client.Ready(t.Context()) != nil })
	s.send(syscall.SIGTERM) // of the same moment: one wish with the first
	s.send(syscall.SIGUSR1)
	s.waitLog(t, "logs reopened") // so that has been seen by now
	if strings.Contains(s.logged(), "stopping at once") {
		t.Error("two signals in the same moment cut what was under way")
	}
	s.ahead.Store(int64(oneWish))
	if code := s.end(t, syscall.SIGTERM); code != exitFailed {
		t.Errorf("exit %d after two signals, want %d", code, exitFailed)
	}
	close(held)
}

// holding is a server that announces its first request and answers none until
// held is closed.
func holding(t *testing.T, entered chan<- struct{}, held <-chan struct{}) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	first := make(chan struct{}, 1)
	first <- struct{}{}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-first:
			close(entered)
		default:
		}
		select {
		case <-held:
		case <-r.Context().Done():
		}
		_, _ = io.WriteString(w, "late")
	})}
	go func() { _ = server.Serve(ln) }()
	t.Cleanup(func() { _ = server.Shutdown(context.WithoutCancel(t.Context())) })
	return ln.Addr().String()
}

func TestRunNamesWhatItCannotBind(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	s := newSite(t)
	s.configure(t, "first", "[[listener]]\nname = \"other\"\nprotocol = \"http\"\naddress = \""+ln.Addr().String()+"\"\n")
	code, _, stderr := call("run", "-c", s.file)
	if code != exitFailed || !strings.Contains(stderr, ln.Addr().String()) || !strings.Contains(stderr, "other") {
		t.Errorf("taken port: exit %d, stderr %q", code, stderr)
	}
	s = newSite(t)
	s.socket = "unix:" + filepath.Join(s.dir, "precious")
	s.put(t, "precious", "data")
	s.configure(t, "first", "")
	code, _, stderr = call("run", "-c", s.file)
	if code != exitFailed || !strings.Contains(stderr, "precious") {
		t.Errorf("taken admin socket: exit %d, stderr %q", code, stderr)
	}
}

func TestStatusCertsAndHealthcheckFindTheProcess(t *testing.T) {
	s := newSite(t)
	if code, _, _ := call("healthcheck", "-c", s.file); code != exitFailed {
		t.Errorf("healthcheck before the start: exit %d", code)
	}
	s.run(t)
	if code, _, stderr := call("healthcheck", "-c", s.file); code != exitGood {
		t.Errorf("healthcheck: exit %d, %s", code, stderr)
	}
	if code, stdout, _ := call("status", "-c", s.file); code != exitGood || !strings.Contains(stdout, "app   first") {
		t.Errorf("status: exit %d\n%s", code, stdout)
	}
	if code, stdout, _ := call("status", "--json", "--admin", s.socket); code != exitGood || !strings.Contains(stdout, `"generation": 1`) {
		t.Errorf("status --json: exit %d\n%s", code, stdout)
	}
	if code, stdout, _ := call("certs", "-c", s.file); code != exitGood || !strings.HasPrefix(stdout, "NAMES ") {
		t.Errorf("certs: exit %d\n%s", code, stdout)
	}
	if code, stdout, _ := call("certs", "--json", "--admin", s.socket); code != exitGood || !strings.Contains(stdout, `"unstored": null`) {
		t.Errorf("certs --json: exit %d\n%s", code, stdout)
	}
	if code := s.end(t, syscall.SIGTERM); code != exitGood {
		t.Errorf("exit %d", code)
	}
	if code, _, _ := call("healthcheck", "-c", s.file); code != exitFailed {
		t.Errorf("healthcheck after the end: exit %d", code)
	}
}

func TestRunPrintsEveryProblem(t *testing.T) {
	s := newSite(t)
	s.configure(t, "first", "[[nonsense]]\n[limits]\nconnections = \"many\"\n")
	code, _, stderr := call("run", "-c", s.file)
	if code != exitFailed || !strings.Contains(stderr, "nonsense") || !strings.Contains(stderr, "limits.connections") {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
}

func TestAReloadThatHangsHoldsUpNoStop(t *testing.T) {
	s := newSite(t)
	s.configure(t, "first", "")
	text, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	s.put(t, "sterling.toml", strings.Replace(string(text), "[shutdown]", "[shutdown]\ntimeout = \"100ms\"", 1))
	s.run(t)
	// The configuration file itself may be a pipe: it is read from one who writes.
	if err := errors.Join(os.Remove(s.file), syscall.Mkfifo(s.file, 0o600)); err != nil {
		t.Fatal(err)
	}
	s.send(syscall.SIGHUP)
	writer, err := os.OpenFile(s.file, os.O_WRONLY, 0) // returns once the reload reads, which then waits
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = writer.Close() }()
	if code := s.end(t, syscall.SIGTERM); code != exitGood {
		t.Errorf("exit %d", code)
	}
	if !strings.Contains(s.logged(), "a reload hangs") {
		t.Errorf("the log does not say it:\n%s", s.logged())
	}
}
