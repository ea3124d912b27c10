package accesslog

import (
	"bytes"
	"log/syslog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSyslogGetsOneMessageALine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	daemon, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer daemon.Close()
	w, err := syslog.Dial("unixgram", path, syslog.LOG_INFO|syslog.LOG_DAEMON, "sterling")
	if err != nil {
		t.Fatal(err)
	}
	o := &syslogOutput{w}
	huge := append(bytes.Repeat([]byte{'h'}, 8<<20), '\n')
	written, lost, err := o.write(append(append([]byte("first\n"), huge...), "second\n"...))
	if written != 2 || lost != 1 || err == nil {
		t.Errorf("%d written, %d lost, %v", written, lost, err)
	}
	if err := daemon.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	for _, want := range []string{"first", "second"} {
		n, err := daemon.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		got := string(buf[:n])
		if !strings.HasPrefix(got, "<30>") || !strings.Contains(got, "sterling[") || !strings.HasSuffix(strings.TrimSuffix(got, "\n"), ": "+want) {
			t.Errorf("message %q, want %q", got, want)
		}
	}
	if _, _, err := o.close(); err != nil {
		t.Error(err)
	}
}

func TestAMissingSyslogIsAnErrorAtOpen(t *testing.T) {
	nobody := func(p syslog.Priority, tag string) (*syslog.Writer, error) {
		return syslog.Dial("unixgram", filepath.Join(t.TempDir(), "none"), p, tag)
	}
	if _, err := openSyslog(nobody); err == nil || !strings.Contains(err.Error(), "no syslog answers") {
		t.Errorf("got %v", err)
	}
}
