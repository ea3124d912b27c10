package notify

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// manager listens as a service manager does, and names itself in the
// environment.
func manager(t *testing.T) *net.UnixConn {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return c
}

func receive(t *testing.T, c *net.UnixConn) string {
	t.Helper()
	b := make([]byte, 4096)
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	n, err := c.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

func TestEachMessageIsOneDatagram(t *testing.T) {
	c := manager(t)
	s := FromEnv()
	for _, tt := range []struct {
		send func() error
		want string
	}{
		{func() error { return s.Ready("serving\nMAINPID=1") }, `READY=1\nSTATUS=serving MAINPID=1`},
		{s.Reloading, `RELOADING=1\nMONOTONIC_USEC=[0-9]{4,}`},
		{func() error { return s.Stopping("draining") }, `STOPPING=1\nSTATUS=draining`},
		{func() error { return s.Status("handing over") }, `STATUS=handing over`},
		{s.Alive, `WATCHDOG=1`},
		{func() error { return s.MainPID(4711) }, `MAINPID=4711`},
	} {
		if err := tt.send(); err != nil {
			t.Fatal(err)
		}
		if got := receive(t, c); !regexp.MustCompile(`^` + tt.want + `$`).MatchString(got) {
			t.Errorf("sent %q, want %s", got, tt.want)
		}
	}
}

func TestWithoutAServiceManagerNothingIsTold(t *testing.T) {
	for _, path := range []string{"", "relative", "vsock:2:1"} {
		t.Setenv("NOTIFY_SOCKET", path)
		t.Setenv("WATCHDOG_USEC", "1000000")
		s := FromEnv()
		if s != nil || s.Watchdog() != 0 || s.Ready("") != nil || s.Alive() != nil {
			t.Errorf("NOTIFY_SOCKET %q: somebody was told", path)
		}
	}
}

func TestAManagerThatIsGoneIsAnError(t *testing.T) {
	c := manager(t)
	_ = c.Close()
	if err := FromEnv().Ready(""); err == nil {
		t.Error("nobody was told, and that is no error")
	}
}

func TestTheWatchdogIsForThisProcessAlone(t *testing.T) {
	manager(t)
	self := strconv.Itoa(os.Getpid())
	for _, tt := range []struct {
		usec, pid string
		want      time.Duration
	}{
		{"3000000", self, 3 * time.Second},
		{"3000000", "", 3 * time.Second},
		{"3000000", "1", 0},
		{"", "", 0},
		{"0", self, 0},
		{"-1", self, 0},
		{"9223372036854775807", self, 0},
	} {
		t.Setenv("WATCHDOG_USEC", tt.usec)
		t.Setenv("WATCHDOG_PID", tt.pid)
		if got := FromEnv().Watchdog(); got != tt.want {
			t.Errorf("WATCHDOG_USEC %q, WATCHDOG_PID %q: %v, want %v", tt.usec, tt.pid, got, tt.want)
		}
	}
}
