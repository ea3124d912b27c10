package accesslog

import (
	"bytes"
	"fmt"
	"log/syslog"
)

// syslogOutput sends each line as one message to the syslog of this machine.
type syslogOutput struct{ w *syslog.Writer }

func openSyslog(dial func(syslog.Priority, string) (*syslog.Writer, error)) (output, error) {
	w, err := dial(syslog.LOG_INFO|syslog.LOG_DAEMON, "sterling")
	if err != nil {
		return nil, fmt.Errorf("opening access log: no syslog answers on this machine (tried /dev/log, /var/run/syslog, /var/run/log): %w", err)
	}
	return &syslogOutput{w}, nil
}

// CheckSyslog reports whether the syslog of this machine takes messages. It sends
// none.
func CheckSyslog() error {
	o, err := openSyslog(syslog.New)
	if err != nil {
		return err
	}
	_, _, err = o.close()
	return err
}

// write goes on after a line that is refused, as one longer than the socket
// takes is.
func (o *syslogOutput) write(lines []byte) (written, lost int, err error) {
	for len(lines) > 0 {
		line, rest, _ := bytes.Cut(lines, []byte{'\n'})
		if _, lineErr := o.w.Write(line); lineErr != nil {
			lost++
			err = fmt.Errorf("writing access log to syslog: %w", lineErr)
		} else {
			written++
		}
		lines = rest
	}
	return written, lost, err
}

func (o *syslogOutput) interrupt() {}

func (o *syslogOutput) close() (written, lost int, err error) { return 0, 0, o.w.Close() }
