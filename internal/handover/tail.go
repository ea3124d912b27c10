package handover

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"time"
)

const (
	keptLines = 10
	keptBytes = 4 << 10
	// lastMoment is how long a process that has closed its pipes may take to end.
	lastMoment = time.Second
)

// tail keeps the end of a text that goes through it.
type tail struct {
	mu   sync.Mutex // guards text
	text []byte
}

// taken is what a process writes when it has got hold of its standard error:
// what it says after that, it says there by itself.
const taken = 0

// follow copies r to out, which may be nil, until taken comes or r ends, and
// keeps what comes until it ends.
func (t *tail) follow(r io.Reader, out io.Writer) {
	b := make([]byte, 4096)
	for {
		n, err := r.Read(b)
		before, after, cut := bytes.Cut(b[:n], []byte{taken})
		t.keep(before)
		t.keep(after)
		if out != nil && len(before) > 0 {
			_, _ = out.Write(before) // nobody could be told
		}
		if cut {
			out = nil
		}
		if err != nil {
			return
		}
	}
}

func (t *tail) keep(b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if over := len(t.text) - keptBytes; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
}

// lines are the last ones that hold anything.
func (t *tail) lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []string
	for line := range strings.Lines(string(t.text)) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out[max(0, len(out)-keptLines):]
}
