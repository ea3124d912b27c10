package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"unicode"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"

	"sterling/internal/config"
)

// processLog tells of the process: starts, reloads, backends that come and go.
type processLog struct {
	zerolog.Logger
	file *logFile // nil: a standard stream
}

// openProcessLog opens what the [log] table describes.
func openProcessLog(e env, c config.Log) (*processLog, error) {
	var (
		l   processLog
		out io.Writer
	)
	switch c.Output {
	case "", "stderr":
		out = e.stderr
	case "stdout":
		out = e.stdout
	default:
		file, err := openLogFile(c.Output)
		if err != nil {
			return nil, err
		}
		l.file, out = file, file
	}
	level, err := zerolog.ParseLevel(c.Level)
	if err != nil || c.Level == "" {
		level = zerolog.InfoLevel
	}
	if tty := onTerminal(out); c.Format == "console" || c.Format == "" && tty {
		out = zerolog.ConsoleWriter{Out: out, NoColor: !tty, TimeFormat: "15:04:05.000", FormatMessage: consoleMessage}
	}
	l.Logger = zerolog.New(out).Level(level).With().Timestamp().Logger()
	return &l, nil
}

// Reopen opens the log's file anew; a standard stream stays as it is.
func (l *processLog) Reopen() error {
	if l.file == nil {
		return nil
	}
	return l.file.reopen()
}

// Close closes the log's file.
func (l *processLog) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.close()
}

func onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// consoleMessage keeps control bytes off the terminal. zerolog quotes the
// fields by itself, but not the message.
func consoleMessage(v any) string {
	s, _ := v.(string)
	if strings.ContainsFunc(s, unicode.IsControl) {
		return strconv.Quote(s)
	}
	return s
}

// logFile is a file that a rotation may take away.
type logFile struct {
	path string
	mu   sync.Mutex // guards f
	f    *os.File
}

func openLogFile(path string) (*logFile, error) {
	l := &logFile{path: path}
	return l, l.reopen()
}

// Write appends p.
func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.f.Write(p)
}

// reopen goes over to the file that now has the log's name. If there is none
// to be had, the log goes on where it is.
func (l *logFile) reopen() error {
	// A named pipe without a reader is an error rather than a wait.
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NONBLOCK, 0o640)
	if errors.Is(err, syscall.ENXIO) {
		return fmt.Errorf("opening process log %s: nobody reads from this pipe: %w", l.path, err)
	}
	if err != nil {
		return fmt.Errorf("opening process log: %w", err)
	}
	l.mu.Lock()
	old := l.f
	l.f = f
	l.mu.Unlock()
	if old == nil {
		return nil
	}
	if err := old.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("closing process log: %w", err)
	}
	return nil
}

func (l *logFile) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.f.Close()
}
