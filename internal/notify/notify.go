// Package notify tells the service manager that started this process how it is
// (sd_notify(3)): that it is ready, that it reloads, stops or is alive, and
// which process has taken over from it.
//
// Start with [FromEnv]. A nil Service, which is what a process gets that no
// service manager waits for, takes every call and tells nobody. All methods may
// be called by any goroutine.
//
// The package never waits for an answer, and never changes the environment.
package notify

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// Service is the way to the service manager.
type Service struct {
	address  *net.UnixAddr
	watchdog time.Duration
}

// FromEnv reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. It returns nil
// where there is nobody to tell.
func FromEnv() *Service {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" || path[0] != '/' && path[0] != '@' {
		return nil
	}
	return &Service{
		address:  &net.UnixAddr{Name: path, Net: "unixgram"},
		watchdog: watchdog(os.Getenv("WATCHDOG_USEC"), os.Getenv("WATCHDOG_PID")),
	}
}

// watchdog reads the two variables of sd_watchdog_enabled(3). pid is empty for
// a process that was handed the place of the one that systemd started.
func watchdog(usec, pid string) time.Duration {
	if pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0
	}
	n, err := strconv.ParseInt(usec, 10, 64)
	if err != nil || n <= 0 || n > int64(24*time.Hour/time.Microsecond) {
		return 0
	}
	return time.Duration(n) * time.Microsecond
}

// Watchdog is the time within which Alive must be called again and again, best
// twice; 0: nobody watches.
func (s *Service) Watchdog() time.Duration {
	if s == nil {
		return 0
	}
	return s.watchdog
}

// Ready says that the process serves, after its start or a reload. status is
// for people.
func (s *Service) Ready(status string) error { return s.send("READY=1", statusLine(status)) }

// Reloading says that a reload has begun; Ready must follow, whatever came of it.
func (s *Service) Reloading() error {
	now, err := monotonic()
	if err != nil {
		return s.send("RELOADING=1")
	}
	return s.send("RELOADING=1", "MONOTONIC_USEC="+strconv.FormatInt(now.Microseconds(), 10))
}

// Stopping says that the end has begun. status is for people.
func (s *Service) Stopping(status string) error { return s.send("STOPPING=1", statusLine(status)) }

// Status is for people, and changes nothing else.
func (s *Service) Status(status string) error { return s.send(statusLine(status)) }

// Alive says that the process still answers.
func (s *Service) Alive() error { return s.send("WATCHDOG=1") }

// MainPID says that another process is the service from now on.
func (s *Service) MainPID(pid int) error { return s.send("MAINPID=" + strconv.Itoa(pid)) }

// statusLine is one line whatever s holds, or what follows would be taken for
// another assignment.
func statusLine(s string) string {
	return "STATUS=" + strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, s)
}

func (s *Service) send(lines ...string) error {
	if s == nil {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, s.address)
	if err != nil {
		return fmt.Errorf("telling the service manager: %w", err)
	}
	defer func() { _ = conn.Close() }() // the datagram has left
	// Never to wait for one that has stopped reading.
	_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write([]byte(strings.Join(lines, "\n"))); err != nil {
		return fmt.Errorf("telling the service manager: %w", err)
	}
	return nil
}
