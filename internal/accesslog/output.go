package accesslog

import (
	"fmt"
	"log/syslog"
	"os"
)

// output is where the writer puts lines. Only the writer's goroutine calls it,
// but for interrupt.
type output interface {
	// write takes whole lines and tells how many of them were written and how
	// many it gave up. It may keep the rest of one half-written line, which is
	// counted by a later call.
	write(lines []byte) (written, lost int, err error)
	// interrupt makes a write that hangs fail, if that can be done.
	interrupt()
	// close gives back what the output holds.
	close() (written, lost int, err error)
}

// openOutput returns nil for "off".
func openOutput(name string) (output, error) {
	switch name {
	case "off":
		return nil, nil
	case "", "stdout":
		return standardStream(os.Stdout)
	case "stderr":
		return standardStream(os.Stderr)
	case "syslog":
		return openSyslog(syslog.New)
	}
	f, err := openFile(name)
	if err != nil {
		return nil, err
	}
	return newFileOutput(f), nil
}

// standardStream works on a descriptor of its own: closing it leaves the
// stream open for others, and a reader that went away is an error to report,
// where a write to descriptor 1 or 2 itself would end the process by SIGPIPE.
func standardStream(std *os.File) (output, error) {
	f, err := duplicate(std)
	if err != nil {
		return nil, fmt.Errorf("opening access log %s: %w", std.Name(), err)
	}
	return newFileOutput(f), nil
}
