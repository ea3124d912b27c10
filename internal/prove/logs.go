package prove

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// logReader reads what a log has grown by.
type logReader struct {
	path   string
	offset int64
}

// next returns the whole lines that came since the last call.
func (l *logReader) next() ([][]byte, error) {
	f, err := os.Open(l.path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	data, err := io.ReadAll(io.NewSectionReader(f, l.offset, 1<<40))
	if err != nil {
		return nil, err
	}
	data = data[:bytes.LastIndexByte(data, '\n')+1]
	l.offset += int64(len(data))
	return bytes.Split(data, []byte("\n")), nil
}

// entry is what counts of one line of the access log.
type entry struct {
	Time       time.Time
	Pool       string
	Backend    string
	Affinity   string
	Query      string
	Status     int
	Attempts   []attempt
	End        string
	NotRetried string  `json:"not_retried"`
	DurationMS float64 `json:"duration_ms"`
	QueuedMS   float64 `json:"queued_ms"`
	HeldMS     float64 `json:"held_ms"`
}

type attempt struct {
	Backend string
	Outcome string
	MS      float64
}

// why is what the front door says of the end of a request.
func (e entry) why() string {
	var tried []string
	for _, a := range e.Attempts {
		tried = append(tried, fmt.Sprintf("%s %s after %gms", a.Backend, a.Outcome, a.MS))
	}
	if tried == nil {
		tried = []string{"none"}
	}
	text := "end " + e.End + ", attempts: " + strings.Join(tried, ", ")
	if e.NotRetried != "" {
		text += ", not_retried " + e.NotRetried
	}
	return text
}

// entries reads new lines of the access log into those there are, by the id of
// the request.
func (l *logReader) entries(all map[string][]entry) error {
	lines, err := l.next()
	for _, line := range lines {
		var e entry
		if json.Unmarshal(line, &e) != nil {
			continue // the last one is empty
		}
		if id, ok := strings.CutPrefix(e.Query, idKey+"="); ok {
			all[id] = append(all[id], e)
		}
	}
	return err
}

// finding is a time at which the front door itself gave a backend up.
type finding struct {
	Time    time.Time
	Pool    string
	Backend string
	To      string
	Reason  string
	Message string
}

// findings reads new lines of the process log.
func (l *logReader) findings() ([]finding, error) {
	lines, err := l.next()
	var all []finding
	for _, line := range lines {
		var f finding
		if json.Unmarshal(line, &f) == nil && f.Backend != "" && (f.To == "down" || f.Message == "backend ejected") {
			all = append(all, f)
		}
	}
	return all, err
}
