package main

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary be a server of the demo, and the front door and
// a backend of a rehearsal, as the real one is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && slices.Contains([]string{demoBackendName, proveBackendName, "run"}, os.Args[1]) {
		main()
	}
	os.Exit(m.Run())
}

// buffer is a bytes.Buffer that a command may write while a test reads.
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

// world is the env of a test: what a command wrote, and its signals.
type world struct {
	stdout, stderr buffer
	mu             sync.Mutex // guards signals
	signals        chan<- os.Signal
	ahead          atomic.Int64 // by how much the clock is, in nanoseconds
}

func (w *world) env() env {
	return env{
		stdin: strings.NewReader(""), stdout: &w.stdout, stderr: &w.stderr,
		notify: func(c chan<- os.Signal, sigs ...os.Signal) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if slices.Contains(sigs, os.Signal(syscall.SIGTERM)) {
				w.signals = c
			}
		},
		stop: func(chan<- os.Signal) {},
		now:  func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) },
	}
}

func (w *world) send(s os.Signal) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.signals <- s
}

// call runs one command to its end.
func call(args ...string) (code int, stdout, stderr string) {
	var w world
	code = run(args, w.env())
	return code, w.stdout.String(), w.stderr.String()
}

func TestExitCodes(t *testing.T) {
	for _, tt := range []struct {
		args   string
		code   int
		stderr string
	}{
		{"", exitUsage, "no command given"},
		{"nonsense", exitUsage, "unknown command"},
		{"run", exitUsage, "name one with -c FILE"},
		{"run extra", exitUsage, "unexpected argument \"extra\"; name the file with -c: sterling run -c extra\n"},
		{"check s.toml", exitUsage, "name the file with -c: sterling check -c s.toml\n"},
		{"status s.toml", exitUsage, "name the file with -c: sterling status -c s.toml\n"},
		{"check -c a b", exitUsage, "unexpected argument \"b\"\n"},
		{"validate", exitUsage, "unknown command \"validate\"; use \"sterling check -c FILE\""},
		{"configtest x.toml", exitUsage, "use \"sterling check -c FILE\""},
		{"stop", exitUsage, "send SIGTERM"},
		{"upgrade", exitUsage, "send SIGUSR2"},
		{"statsu", exitUsage, "unknown command \"statsu\"; did you mean \"sterling status\"?"},
		{"keys rotate", exitUsage, "\"sterling keys add\" and \"sterling reload\""},
		{"keys promot x", exitUsage, "did you mean \"sterling keys promote\"?"},
		{"certs renw x", exitUsage, "did you mean \"sterling certs renew\"?"},
		{"prove -c x --users 0", exitUsage, "write --users and --rate from 1 on"},
		{"prove -c x --rate -5", exitUsage, "write --users and --rate from 1 on"},
		{"prove -c x --time 0s", exitUsage, "0s is too short for a scenario"},
		{"prove -c x --only kil", exitUsage, "there is no scenario \"kil\"; the scenarios are "},
		{"prove -c x --only kill,", exitUsage, "there is no scenario \"\""},
		{"prove -c x --only=", exitUsage, "--only names no scenario"},
		{"drain", exitUsage, "no backend is named; write POOL/BACKEND, such as app/b2"},
		{"drain app app1", exitUsage, "write POOL/BACKEND, such as app/b2"},
		{"drain app/b1 app/b2", exitUsage, "there are 2 arguments, not 1; write POOL/BACKEND, such as app/b2"},
		{"drain app", exitUsage, "write POOL/BACKEND, such as app/b2"},
		{"drain app/b1 --mode idle --admin 127.0.0.1:0", exitUsage, "unknown mode \"idle\"; use keep, when-idle or now"},
		{"drain app/b1 --timeout -5s --admin 127.0.0.1:0", exitUsage, "a time cannot be negative"},
		{"drain app/b1 --mode when-idle --quiet -5s --admin 127.0.0.1:0", exitUsage, "a time cannot be negative"},
		{"drain app/b1 --quiet 5s --admin 127.0.0.1:0", exitUsage, "--quiet belongs to the mode when-idle"},
		{"weight app/b1", exitUsage, "write POOL/BACKEND, such as app/b2, and its weight"},
		{"weight app/b1 -1", exitUsage, "\"-1\" is no weight; a weight is a number from 0 to 1000"},
		{"weight app/b1 -x", exitUsage, "unknown shorthand flag"},
		{"weight app/b1 2000 --admin 127.0.0.1:0", exitUsage, "\"2000\" is no weight; a weight is a number from 0 to 1000"},
		{"run --nonsense", exitUsage, "unknown flag"},
		{"run -c", exitUsage, "needs an argument"},
		{"run -c /nonexistent/sterling.toml", exitFailed, "/nonexistent/sterling.toml"},
		{"check", exitUsage, "name one with -c FILE"},
		{"check -c /nonexistent/sterling.toml", exitFailed, "/nonexistent/sterling.toml"},
		{"status", exitUsage, "nothing says which process is meant; use -c FILE or --admin ADDRESS"},
		{"status --admin nonsense", exitUsage, "nonsense"},
		{"status --admin 127.0.0.1:1 --token a --token-file b", exitUsage, "token"},
		{"reload", exitUsage, "use -c FILE or --admin ADDRESS"},
		{"reload --admin unix:/nonexistent/admin.sock", exitFailed, "/nonexistent/admin.sock"},
		{"healthcheck --admin unix:/nonexistent/admin.sock", exitFailed, "/nonexistent/admin.sock"},
		{"keys", exitUsage, "list, add, promote, drop or ech"},
		{"keys list", exitUsage, "name one with -c FILE"},
		{"keys drop -c x", exitUsage, "arg"},
		{"prove", exitUsage, "name one with -c FILE"},
		{"prove -c /nonexistent/sterling.toml", exitFailed, "/nonexistent/sterling.toml"},
		{"version", exitGood, ""},
		{"--version", exitGood, ""},
		{"--help", exitGood, ""},
		{"help run", exitGood, ""},
	} {
		code, _, stderr := call(strings.Fields(tt.args)...)
		if code != tt.code || !strings.Contains(stderr, tt.stderr) {
			t.Errorf("sterling %s: exit %d, want %d; stderr %q, want %q in it", tt.args, code, tt.code, stderr, tt.stderr)
		}
	}
}

func TestCommandsOfLaterAreKnownButNotListed(t *testing.T) {
	_, help, _ := call("--help")
	for _, name := range []string{"explain", "sessions", "report", "import"} {
		code, _, stderr := call(name, "--flag", "argument")
		if code != exitUsage || stderr != "sterling "+name+": not supported yet\n" {
			t.Errorf("%s: exit %d, stderr %q", name, code, stderr)
		}
		if strings.Contains(help, "\n  "+name+" ") {
			t.Errorf("--help lists %s", name)
		}
	}
	for _, name := range []string{"run", "check", "demo", "prove", "reload", "status", "keys", "version", "drain", "disable", "enable", "weight"} {
		if !strings.Contains(help, "\n  "+name+" ") {
			t.Errorf("--help does not list %s:\n%s", name, help)
		}
	}
	for _, name := range []string{"healthcheck", demoBackendName, proveBackendName, "completion"} {
		if strings.Contains(help, "\n  "+name) {
			t.Errorf("--help lists %s", name)
		}
	}
}

func TestVersionSaysWhatItWasBuiltWith(t *testing.T) {
	_, stdout, _ := call("version")
	if _, alias, _ := call("--version"); alias != stdout {
		t.Errorf("--version printed %q, version %q", alias, stdout)
	}
	for _, want := range []string{"sterling ", "revision ", "go1."} {
		if !strings.Contains(stdout, want) {
			t.Errorf("version printed %q, want %q in it", stdout, want)
		}
	}
}
