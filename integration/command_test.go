package integration

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// command runs the program to its end.
func command(t testing.TB, dir string, args ...string) (out string, code int) {
	t.Helper()
	cmd := exec.Command(proxytest.Program(t), args...) //nolint:gosec,noctx // the program under test
	cmd.Dir = dir
	b, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatalf("running the program: %v", err)
	}
	return string(b), cmd.ProcessState.ExitCode()
}

const goodFile = `[[tls.certificate]]
cert = "cert.pem"
key = "cert.key"
[[listener]]
name = "front"
address = "127.0.0.1:0"
protocol = "https"
[[route]]
name = "portal"
pool = "app"
[[pool]]
name = "app"
[[pool.backend]]
name = "b1"
url = "http://127.0.0.1:9101"
`

func TestCheckNamesFileAndLineOfEveryProblem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	proxytest.NewCA(t).Files(dir, "cert", "localhost")
	file := filepath.Join(dir, "sterling.toml")
	writeFile(t, file, goodFile)
	if out, code := command(t, dir, "check", "-c", file); code != 0 {
		t.Errorf("a good file: exit code %d\n%s", code, out)
	}
	bad := strings.NewReplacer(`"https"`, `"htps"`, `url = "http:`, `url = "ftp:`, `pool = "app"`, `pol = "app"`, `cert = "cert.pem"`, `cert = "nowhere.pem"`).Replace(goodFile)
	writeFile(t, file, bad)
	out, code := command(t, dir, "check", "-c", file)
	if code != 1 {
		t.Errorf("a bad file: exit code %d", code)
	}
	for line, key := range map[string]string{"7": "protocol", "10": "pol", "15": "url"} {
		if !regexp.MustCompile(`(?m)^\S*sterling\.toml:` + line + `: .*` + key).MatchString(out) {
			t.Errorf("no problem of %s in line %s:\n%s", key, line, out)
		}
	}
	out, code = command(t, dir, "run", "-c", file)
	if code != 1 || !strings.Contains(out, "sterling.toml:7: ") {
		t.Errorf("run on a bad file: exit code %d\n%s", code, out)
	}
	writeFile(t, file, strings.Replace(goodFile, "cert.pem", "nowhere.pem", 1))
	if out, code := command(t, dir, "check", "-c", file); code != 1 || !regexp.MustCompile(`sterling\.toml:2: .*nowhere\.pem`).MatchString(out) {
		t.Errorf("a missing certificate: exit code %d\n%s", code, out)
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for args, want := range map[string]int{
		"version": 0, "--help": 0, "run --help": 0, "nonsense": 2, "run": 2, "check": 2, "check -c nowhere.toml": 1, "run -c nowhere.toml": 1, "run --nonsense": 2, "": 2,
	} {
		if out, code := command(t, dir, strings.Fields(args)...); code != want {
			t.Errorf("sterling %s: exit code %d, want %d\n%s", args, code, want, out)
		}
	}
}

func TestATakenPortIsNamed(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	dir := t.TempDir()
	proxytest.NewCA(t).Files(dir, "cert", "localhost")
	writeFile(t, filepath.Join(dir, "sterling.toml"), strings.Replace(goodFile, "127.0.0.1:0", l.Addr().String(), 1))
	out, code := command(t, dir, "run", "-c", "sterling.toml")
	if code != 1 || !strings.Contains(out, l.Addr().String()) || !strings.Contains(out, "front") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

func TestCommandsThatSpeakToARunningProcess(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1")
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", c.addrs...)})
	if out, code := command(t, p.Dir, "status", "-c", p.File); code != 0 || !strings.Contains(out, "app") || !strings.Contains(out, "b1") {
		t.Errorf("status: exit code %d\n%s", code, out)
	}
	if out, code := command(t, p.Dir, "reload", "-c", p.File); code != 0 {
		t.Errorf("reload: exit code %d\n%s", code, out)
	}
	if g := p.Status().Generation; g != 2 {
		t.Errorf("generation %d", g)
	}
	if out, code := command(t, p.Dir, "status", "--admin", "unix:"+filepath.Join(p.Dir, "admin.sock")); code != 0 {
		t.Errorf("status --admin: exit code %d\n%s", code, out)
	}
	p.Stop()
	if out, code := command(t, p.Dir, "status", "-c", p.File); code != 1 {
		t.Errorf("status of a process that is gone: exit code %d\n%s", code, out)
	}
	if _, err := os.Stat(filepath.Join(p.Dir, "admin.sock")); err == nil {
		t.Error("the admin socket is left behind")
	}
}

func TestTheAdminSocketIsForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1")
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", c.addrs...)})
	for file, mode := range map[string]os.FileMode{"admin.sock": 0o600, "state/affinity.keys": 0o600} {
		st, err := os.Stat(filepath.Join(p.Dir, file))
		if err != nil || st.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", file, st, err)
		}
	}
	for path, want := range map[string]int{"/livez": 200, "/readyz": 200, "/api/v1/status": 200, "/nowhere": 404} {
		if code, body := p.Admin("GET", path); code != want {
			t.Errorf("GET %s: %d %s", path, code, body)
		}
	}
	if code, _ := p.Admin("GET", "/api/v1/reload"); code != 405 {
		t.Errorf("GET of reload: %d, want 405", code)
	}
}

func TestDemoServesAndEndsCleanly(t *testing.T) {
	t.Parallel()
	front, plain := proxytest.FreeAddr(t), proxytest.FreeAddr(t)
	help, _ := command(t, t.TempDir(), "demo", "--help")
	args := []string{"demo"}
	flags := regexp.MustCompile(`--(\S+)`).FindAllStringSubmatch(help, -1)
	for _, f := range flags {
		switch f[1] {
		case "https":
			args = append(args, "--https", front)
		case "http":
			args = append(args, "--http", plain)
		}
	}
	if len(args) != 5 {
		t.Fatalf("demo has no flags for its addresses:\n%s", help)
	}
	p := proxytest.Start(t, proxytest.Options{Args: args, Unready: true, Bare: true})
	client := p.Client(false)
	proxytest.Eventually(t, "the demo to answer", func() bool {
		a, err := try(client, request(t, "GET", "http://"+plain+"/", ""))
		return err == nil && a.StatusCode < 400
	})
	p.Signal(syscall.SIGINT)
	if code := p.Exit(30 * time.Second); code != 0 {
		t.Errorf("exit code %d after Ctrl-C\n%s", code, p.Log())
	}
	if _, err := net.Dial("tcp", plain); err == nil {
		t.Error("somebody still listens")
	}
}
