package accesslog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// parse decodes the one object of a line. encoding/json alone would take a key
// twice, in any case, or not at all.
func parse(line []byte, r *Record) error {
	dec := json.NewDecoder(bytes.NewReader(line))
	if token, err := dec.Token(); err != nil || token != json.Delim('{') {
		return errors.New("it is no JSON object")
	}
	seen := make(map[string]bool, len(fields))
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string) // a key is always a string
		field, ok := fields[key]
		if !ok || seen[key] {
			return fmt.Errorf("unexpected key %q", key)
		}
		seen[key] = true
		if err := decode(dec, field(r)); err != nil {
			return fmt.Errorf("key %q: %w", key, err)
		}
	}
	if _, err := dec.Token(); err != nil {
		return err
	}
	if len(seen) != len(fields) {
		return fmt.Errorf("%d of %d keys are missing", len(fields)-len(seen), len(fields))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands after the object")
	}
	if len(r.Attempts) == 0 {
		r.Attempts = nil
	}
	return nil
}

// decode reads the next value into v. encoding/json would pass over a null.
func decode(dec *json.Decoder, v any) error {
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return err
	}
	if string(raw) == "null" {
		return errors.New("it is null")
	}
	return json.Unmarshal(raw, v)
}

// fields tells where each key of a line is decoded to.
var fields = map[string]func(*Record) any{
	"time":        func(r *Record) any { return &r.Time },
	"id":          func(r *Record) any { return &r.ID },
	"listener":    func(r *Record) any { return &r.Listener },
	"route":       func(r *Record) any { return &r.Route },
	"pool":        func(r *Record) any { return &r.Pool },
	"backend":     func(r *Record) any { return &r.Backend },
	"affinity":    func(r *Record) any { return &r.Affinity },
	"attempts":    func(r *Record) any { return &r.Attempts },
	"end":         func(r *Record) any { return &r.End },
	"client":      func(r *Record) any { return &r.Client },
	"method":      func(r *Record) any { return &r.Method },
	"host":        func(r *Record) any { return &r.Host },
	"path":        func(r *Record) any { return &r.Path },
	"query":       func(r *Record) any { return &r.Query },
	"proto":       func(r *Record) any { return &r.Proto },
	"status":      func(r *Record) any { return &r.Status },
	"bytes_in":    func(r *Record) any { return &r.BytesIn },
	"bytes_out":   func(r *Record) any { return &r.BytesOut },
	"duration_ms": func(r *Record) any { return (*milliseconds)(&r.Duration) },
	"connect_ms":  func(r *Record) any { return (*milliseconds)(&r.Connect) },
	"header_ms":   func(r *Record) any { return (*milliseconds)(&r.Header) },
	"user_agent":  func(r *Record) any { return &r.UserAgent },
	"referer":     func(r *Record) any { return &r.Referer },
	"not_retried": func(r *Record) any { return &r.NotRetried },
	"queued_ms":   func(r *Record) any { return (*milliseconds)(&r.Queued) },
	"held_ms":     func(r *Record) any { return (*milliseconds)(&r.Held) },
	"client_cert": func(r *Record) any { return &r.ClientCert },
}

// UnmarshalJSON reads an attempt of a JSON line.
func (a *Attempt) UnmarshalJSON(b []byte) error {
	var wire struct {
		Backend *string       `json:"backend"`
		MS      *milliseconds `json:"ms"`
		Outcome *string       `json:"outcome"`
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&wire); err != nil {
		return err
	}
	if wire.Backend == nil || wire.MS == nil || wire.Outcome == nil {
		return errors.New("an attempt lacks a key")
	}
	*a = Attempt{*wire.Backend, time.Duration(*wire.MS), *wire.Outcome}
	return nil
}

// milliseconds is a duration that JSON has as a number of milliseconds.
type milliseconds time.Duration

func (m *milliseconds) UnmarshalJSON(b []byte) error {
	var ms float64
	if err := json.Unmarshal(b, &ms); err != nil {
		return err
	}
	us := math.Round(ms * 1000)
	if us < 0 || us > math.MaxInt64/1000 || string(b) == "null" {
		return fmt.Errorf("%s is no duration", b)
	}
	*m = milliseconds(time.Duration(us) * time.Microsecond)
	return nil
}
