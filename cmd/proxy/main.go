// Command sterling is an HTTPS front door that keeps every visitor on the
// server that knows them.
//
// Start with "sterling demo", which needs no file, or with
// "sterling run -c FILE". The command only wires: it turns a configuration
// file, signals and flags into calls of the packages that do the work.
package main

import (
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/rs/zerolog"
)

// env is what a command sees of the world. Tests bring their own.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	// notify relays signals to a channel until stop is called with it.
	notify func(chan<- os.Signal, ...os.Signal)
	stop   func(chan<- os.Signal)
	now    func() time.Time
	// program and args are how this process was started, so that a new one can
	// be; "": it cannot.
	program string
	args    []string
	pid     int
}

func main() {
	// The process log and the access log write the time the same way.
	zerolog.TimeFieldFormat = "2006-01-02T15:04:05.000Z07:00"
	zerolog.TimestampFunc = func() time.Time { return time.Now().UTC() }
	os.Exit(run(os.Args[1:], env{
		stdin:  os.Stdin,
		stdout: os.Stdout,
		stderr: os.Stderr,
		notify: signal.Notify,
		stop:   signal.Stop,
		now:    time.Now,

		program: os.Args[0],
		args:    os.Args[1:],
		pid:     os.Getpid(),
	}))
}
