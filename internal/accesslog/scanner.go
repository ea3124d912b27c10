package accesslog

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// Scanner reads lines of the JSON format back into records. Make one with
// [NewScanner]; it is not for concurrent use.
type Scanner struct {
	r    *bufio.Reader
	line int
}

// LineError says which line could not be read, and why.
type LineError struct {
	Line int // from 1
	Err  error
}

func (e *LineError) Error() string {
	return fmt.Sprintf("reading access log line %d: %v", e.Line, e.Err)
}

func (e *LineError) Unwrap() error { return e.Err }

// maxLine bounds the memory that one line may cost.
const maxLine = 1 << 20

var (
	errLongLine = errors.New("it is longer than 1 MiB")
	errCutLine  = errors.New("it has no end")
)

// NewScanner returns a scanner of the lines that r gives.
func NewScanner(r io.Reader) *Scanner { return &Scanner{r: bufio.NewReaderSize(r, 64<<10)} }

// Next reads one line into r, all of it. At the end it returns io.EOF. A line
// that is not exactly one of ours (every key once, no other key, nothing after
// the object, a newline) is a [*LineError]; the following call goes on with the
// line after it. Any other error is that of the reader.
func (s *Scanner) Next(r *Record) error {
	line, err := s.next()
	switch {
	case errors.Is(err, io.EOF) && len(line) == 0:
		return io.EOF
	case errors.Is(err, io.EOF):
		err = errCutLine
	case err != nil && !errors.Is(err, errLongLine):
		return fmt.Errorf("reading access log after line %d: %w", s.line, err)
	}
	s.line++
	*r = Record{}
	if err == nil {
		err = parse(line, r)
	}
	if err != nil {
		return &LineError{s.line, err}
	}
	return nil
}

// next returns a line without its newline, io.EOF with what stands after the
// last newline, or errLongLine after skipping the line.
func (s *Scanner) next() ([]byte, error) {
	var long []byte
	for {
		part, err := s.r.ReadSlice('\n')
		switch {
		case err == nil && long == nil:
			return part[:len(part)-1], nil
		case err == nil:
			long = append(long, part...)
			return long[:len(long)-1], nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return append(long, part...), err
		}
		if long = append(long, part...); len(long) > maxLine {
			return nil, s.skip()
		}
	}
}

func (s *Scanner) skip() error {
	for {
		_, err := s.r.ReadSlice('\n')
		switch {
		case err == nil, errors.Is(err, io.EOF):
			return errLongLine
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}
