package accesslog

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// pipeBuf is what Linux writes into a pipe in one piece (pipe(7), PIPE_BUF).
const pipeBuf = 4096

// fileOutput writes to a file, a device or a pipe.
type fileOutput struct {
	f    *os.File
	pipe bool
	rest []byte // of a line whose start was written before a write failed
}

func newFileOutput(f *os.File) *fileOutput {
	stat, err := f.Stat()
	return &fileOutput{f: f, pipe: err == nil && stat.Mode()&fs.ModeNamedPipe != 0}
}

// openFile opens a log file for appending, made with mode 0640 when there is
// none. A named pipe without a reader is an error rather than a wait.
func openFile(path string) (*os.File, error) {
	dir := filepath.Dir(path)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("opening access log %s: the folder %s does not exist", path, dir)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NONBLOCK, 0o640)
	if errors.Is(err, syscall.ENXIO) {
		return nil, fmt.Errorf("opening access log %s: nobody reads from this pipe: %w", path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("opening access log: %w", err)
	}
	if staysInsideLine(path) {
		// A process that was killed while it wrote; a failure shows with the first line.
		_, _ = f.Write([]byte{'\n'})
	}
	return f, nil
}

// glance is how long the one write call may take whose beginning was seen.
const glance = 100 * time.Millisecond

// staysInsideLine reports whether the file ends inside a line that nobody is
// about to complete: another process may have it open, and be writing.
func staysInsideLine(path string) bool {
	before, inside := endsInsideLine(path)
	if !inside {
		return false
	}
	time.Sleep(glance)
	now, inside := endsInsideLine(path)
	return inside && now == before
}

func endsInsideLine(path string) (size int64, inside bool) {
	stat, err := os.Stat(path)
	if err != nil || !stat.Mode().IsRegular() || stat.Size() == 0 {
		return 0, false
	}
	f, err := os.Open(path)
	if err != nil {
		return 0, false
	}
	defer func() { _ = f.Close() }() // read only
	var end [1]byte
	_, err = f.ReadAt(end[:], stat.Size()-1)
	return stat.Size(), err == nil && end[0] != '\n'
}

func (o *fileOutput) write(lines []byte) (written, lost int, err error) {
	if len(o.rest) > 0 {
		n, err := o.f.Write(o.rest)
		o.rest = o.rest[n:]
		if err != nil {
			return 0, countLines(lines), fmt.Errorf("writing access log: %w", err)
		}
		written++
	}
	for len(lines) > 0 {
		n, err := o.f.Write(o.portion(lines))
		written += countLines(lines[:n])
		if err != nil {
			lines = o.keepRest(lines, n)
			return written, countLines(lines), fmt.Errorf("writing access log: %w", err)
		}
		lines = lines[n:]
	}
	return written, 0, nil
}

// portion is how much of lines one write call takes. A pipe may have other
// writers, our own process log for one: whole lines up to what a pipe takes in
// one piece do not mix with theirs.
func (o *fileOutput) portion(lines []byte) []byte {
	if !o.pipe || len(lines) <= pipeBuf {
		return lines
	}
	if end := bytes.LastIndexByte(lines[:pipeBuf], '\n'); end >= 0 {
		return lines[:end+1]
	}
	return lines[:bytes.IndexByte(lines, '\n')+1]
}

// keepRest keeps the rest of a line that was cut after n bytes of lines, and
// returns the lines after it.
func (o *fileOutput) keepRest(lines []byte, n int) []byte {
	if n == 0 || lines[n-1] == '\n' {
		return lines[n:]
	}
	end := n + bytes.IndexByte(lines[n:], '\n') + 1
	o.rest = append(o.rest[:0], lines[n:end]...)
	return lines[end:]
}

func (o *fileOutput) interrupt() {
	_ = o.f.SetWriteDeadline(time.Unix(1, 0)) // an error: this kind of file knows no deadline
}

func (o *fileOutput) close() (written, lost int, err error) {
	if len(o.rest) > 0 {
		if written, _, err = o.write(nil); err != nil {
			lost = 1
		}
	}
	if closeErr := o.f.Close(); closeErr != nil && err == nil {
		err = fmt.Errorf("closing access log: %w", closeErr)
	}
	return written, lost, err
}
