package integration

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// serviceManager collects what it is told, as systemd does.
type serviceManager struct {
	path string
	mu   sync.Mutex // guards told
	told []string
}

func newServiceManager(t *testing.T) *serviceManager {
	t.Helper()
	m := &serviceManager{path: filepath.Join(t.TempDir(), "notify")}
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: m.path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			m.mu.Lock()
			m.told = append(m.told, string(b[:n]))
			m.mu.Unlock()
		}
	}()
	return m
}

// count tells how many messages begin with a line.
func (m *serviceManager) count(line string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, s := range m.told {
		if s == line || strings.HasPrefix(s, line+"\n") {
			n++
		}
	}
	return n
}

func (m *serviceManager) wait(t *testing.T, line string, n int) {
	t.Helper()
	proxytest.Eventually(t, fmt.Sprintf("%d times %s", n, line), func() bool { return m.count(line) >= n })
}

func TestTheServiceManagerIsToldHowItGoes(t *testing.T) {
	t.Parallel()
	m := newServiceManager(t)
	c := newCluster(t, "b1")
	config := "[shutdown]\nidle_grace = \"50ms\"\n[upgrade]\nidle_grace = \"50ms\"\n" + proxytest.Pool("app", c.addrs...)
	p := proxytest.Start(t, proxytest.Options{Config: config, Env: []string{"NOTIFY_SOCKET=" + m.path}})
	m.wait(t, "READY=1", 1)

	p.Reload()
	m.wait(t, "READY=1", 2)
	if n := m.count("RELOADING=1"); n != 1 {
		t.Errorf("told of %d reloads", n)
	}
	p.Write(config + "[[nonsense")
	p.Signal(syscall.SIGHUP)
	m.wait(t, "READY=1", 3) // a reload that is refused ends, too
	p.Write(config)

	pid := p.Upgrade()
	p.Exit(30 * time.Second)
	m.wait(t, fmt.Sprintf("MAINPID=%d", pid), 1)
	m.wait(t, "READY=1", 4)
	if n := m.count("STOPPING=1"); n != 0 {
		t.Error("the end of the old process was told as that of the service")
	}
	second := p.Upgrade()
	m.wait(t, fmt.Sprintf("MAINPID=%d", second), 1)
	p.StopHeirs()
	m.wait(t, "STOPPING=1", 1)
	if n := m.count("WATCHDOG=1"); n != 0 {
		t.Errorf("nobody asked for %d signs of life", n)
	}
}

func TestTheWatchdogIsFedByTheProcessThatServes(t *testing.T) {
	t.Parallel()
	m := newServiceManager(t)
	c := newCluster(t, "b1")
	ws := wsBackend(t)
	p := proxytest.Start(t, proxytest.Options{
		// As systemd does it: for this process id alone.
		Program: "/bin/sh", Args: []string{"-c", `WATCHDOG_PID=$$ exec "$0" run -c sterling.toml`, proxytest.Program(t)},
		Config: "[shutdown]\nidle_grace = \"50ms\"\n[upgrade]\nidle_grace = \"50ms\"\n" + routeTo("ws", `paths = ["/ws"]`, ws) + proxytest.Pool("app", c.addrs...),
		Env:    []string{"NOTIFY_SOCKET=" + m.path, "WATCHDOG_USEC=100000"},
	})
	m.wait(t, "WATCHDOG=1", 3)
	p.Signal(syscall.SIGSTOP)
	proxytest.Eventually(t, "silence", func() bool {
		n := m.count("WATCHDOG=1")
		return !proxytest.Within(300*time.Millisecond, func() bool { return m.count("WATCHDOG=1") > n })
	})
	p.Signal(syscall.SIGCONT)
	m.wait(t, "WATCHDOG=1", m.count("WATCHDOG=1")+2)

	openSocket(t, p) // so that the old process stays
	p.Upgrade()
	if p.Gone() {
		t.Fatal("the old process is gone")
	}
	m.wait(t, "WATCHDOG=1", m.count("WATCHDOG=1")+3)
	p.SignalHeir(syscall.SIGSTOP)
	proxytest.Eventually(t, "silence of the old process, when the new one hangs", func() bool {
		n := m.count("WATCHDOG=1")
		return !proxytest.Within(300*time.Millisecond, func() bool { return m.count("WATCHDOG=1") > n })
	})
	p.SignalHeir(syscall.SIGCONT)
	p.Signal(syscall.SIGTERM)
	p.StopHeirs()
}

func TestSocketsOfSystemdOutliveUpgrades(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1")
	files, addrs := make([]*os.File, 2), make([]string, 2)
	for i := range files {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		addrs[i] = l.Addr().String()
		if files[i], err = l.(*net.TCPListener).File(); err != nil {
			t.Fatal(err)
		}
		defer files[i].Close()
	}
	listener := func(name string) string {
		return fmt.Sprintf("[[listener]]\nname = %q\naddress = \"fd:%s\"\nprotocol = \"http\"\n", name, name)
	}
	config := "[shutdown]\nidle_grace = \"50ms\"\n[upgrade]\nidle_grace = \"50ms\"\n" + listener("web") + proxytest.Pool("app", c.addrs...)
	p := proxytest.Start(t, proxytest.Options{
		Program: "/bin/sh", Args: []string{"-c", `LISTEN_PID=$$ exec "$0" run -c sterling.toml`, proxytest.Program(t)},
		Config: config, Files: files, Env: []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=web:later"},
	})
	answers := func(addr string) {
		t.Helper()
		if a := do(t, p.Client(false), request(t, "GET", "http://"+addr+"/", "")); a.StatusCode != 200 {
			t.Errorf("status %d at %s", a.StatusCode, addr)
		}
	}
	answers(addrs[0])
	p.Upgrade()
	answers(addrs[0])
	// A socket that nobody used so far has come along.
	p.Write(strings.Replace(config, listener("web"), listener("web")+listener("later"), 1))
	p.Upgrade()
	answers(addrs[0])
	answers(addrs[1])
	p.StopHeirs()
	// They are systemd's, which goes on listening.
	for _, addr := range addrs {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Errorf("%s was closed: %v", addr, err)
			continue
		}
		_ = conn.Close()
	}
	p.Write(strings.Replace(config, "fd:web", "fd:wab", 1))
	out, code := command(t, p.Dir, "run", "-c", "sterling.toml")
	if code != 1 || !strings.Contains(out, "FileDescriptorName=wab") {
		t.Errorf("a socket that is not passed: exit code %d\n%s", code, out)
	}
}
