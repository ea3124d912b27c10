package prove

import (
	"bytes"
	"encoding/json"
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
	Pool     string
	Backend  string
	Affinity string
	Query    string
	Attempts []struct{ Backend string }
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
