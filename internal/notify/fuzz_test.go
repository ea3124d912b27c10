package notify

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// The service manager reads lines of UTF-8: a status is one, whatever it tells of.
func FuzzStatusLine(f *testing.F) {
	for _, s := range []string{"serving", "a\nMAINPID=1", "\x00\r\t\x7f", "\xff\xfe", "é ✓", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		line := statusLine(s)
		text, ok := strings.CutPrefix(line, "STATUS=")
		if !ok || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
			t.Fatalf("%q became %q", s, line)
		}
		if utf8.RuneCountInString(text) != utf8.RuneCountInString(s) {
			t.Fatalf("%q became %q, of another length", s, line)
		}
	})
}

// Whoever is watched knows the time that was set, and nobody is watched by
// what is no time, or was meant for another process.
func FuzzWatchdog(f *testing.F) {
	self := strconv.Itoa(os.Getpid())
	for _, s := range [][2]string{{"30000000", ""}, {"30000000", self}, {"1", "1"}, {"0", ""}, {"-5", ""}, {"9223372036854775807", ""}, {"1e6", ""}, {"+7", ""}, {" 7", ""}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, usec, pid string) {
		d := watchdog(usec, pid)
		if d < 0 || d > 24*time.Hour || d > 0 && pid != "" && pid != self {
			t.Fatalf("%q for %q: %v", usec, pid, d)
		}
		n, err := strconv.ParseUint(strings.TrimPrefix(usec, "+"), 10, 64)
		meant := err == nil && n > 0 && n <= 86_400_000_000 && (pid == "" || pid == self)
		if (d > 0) != meant || meant && uint64(d) != n*1000 {
			t.Fatalf("%q for %q: %v", usec, pid, d)
		}
	})
}
