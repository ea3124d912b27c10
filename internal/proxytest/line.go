package proxytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// Line is one line of the access log in its JSON form.
type Line struct {
	Time      time.Time `json:"time"`
	ID        string    `json:"id"`
	Listener  string    `json:"listener"`
	Route     string    `json:"route"`
	Pool      string    `json:"pool"`
	Backend   string    `json:"backend"`
	Affinity  string    `json:"affinity"`
	Attempts  []Attempt `json:"attempts"`
	End       string    `json:"end"`
	Client    string    `json:"client"`
	Method    string    `json:"method"`
	Host      string    `json:"host"`
	Path      string    `json:"path"`
	Query     string    `json:"query"`
	Proto     string    `json:"proto"`
	Status    int       `json:"status"`
	BytesIn   int64     `json:"bytes_in"`
	BytesOut  int64     `json:"bytes_out"`
	Duration  float64   `json:"duration_ms"`
	Connect   float64   `json:"connect_ms"`
	Header    float64   `json:"header_ms"`
	UserAgent string    `json:"user_agent"`
	Referer   string    `json:"referer"`

	ClientCert string `json:"client_cert"`
}

// Attempt is one try of a request at a backend.
type Attempt struct {
	Backend string  `json:"backend"`
	MS      float64 `json:"ms"`
	Outcome string  `json:"outcome"`
}

// Keys are those that every line must have.
var Keys = []string{
	"time", "id", "listener", "route", "pool", "backend", "affinity", "attempts", "end", "client", "method", "host",
	"path", "query", "proto", "status", "bytes_in", "bytes_out", "duration_ms", "connect_ms", "header_ms", "user_agent", "referer",
}

// ParseLines reads an access log. A last line without its line feed is left
// out: it is still being written.
func ParseLines(data []byte) ([]Line, error) {
	var out []Line
	for {
		raw, rest, ok := bytes.Cut(data, []byte("\n"))
		if !ok {
			return out, nil
		}
		var l Line
		if err := json.Unmarshal(raw, &l); err != nil {
			return out, fmt.Errorf("reading access log line %d, %s: %w", len(out)+1, Quote(string(raw)), err)
		}
		out, data = append(out, l), rest
	}
}
