package accesslog

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestScannerReadsBackWhatWasWritten(t *testing.T) {
	want := []*Record{sample(), {Time: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)}, sample()}
	var text []byte
	for _, r := range want {
		text = appendJSON(text, r)
	}
	s := NewScanner(bytes.NewReader(text))
	var got Record
	for i, r := range want {
		if err := s.Next(&got); err != nil {
			t.Fatal(err)
		}
		exp := *r
		exp.Time = exp.Time.UTC().Truncate(time.Millisecond)
		if !reflect.DeepEqual(got, exp) {
			t.Errorf("record %d\ngot  %+v\nwant %+v", i, got, exp)
		}
	}
	if err := s.Next(&got); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
}

func TestScannerRefusesWhatIsNotOurs(t *testing.T) {
	good := strings.TrimSuffix(string(appendJSON(nil, sample())), "\n")
	edit := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in the line", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	for name, bad := range map[string]string{
		"empty line":        "",
		"no object":         "[]",
		"cut":               good[:len(good)-1],
		"something after":   good + "{}",
		"garbage after":     good + " x",
		"missing key":       edit(`"id":"0198f3a2",`, ""),
		"doubled key":       edit(`"id":`, `"id":"a","id":`),
		"unknown key":       edit(`"id":`, `"idd":"","id":`),
		"key in upper case": edit(`"id":`, `"ID":`),
		"null":              edit(`"id":"0198f3a2"`, `"id":null`),
		"null duration":     edit(`"connect_ms":0.34`, `"connect_ms":null`),
		"wrong type":        edit(`"status":200`, `"status":"200"`),
		"fraction":          edit(`"status":200`, `"status":200.5`),
		"negative duration": edit(`"duration_ms":23.456`, `"duration_ms":-1`),
		"endless duration":  edit(`"duration_ms":23.456`, `"duration_ms":1e300`),
		"bad time":          edit(`2026-03-09T`, `2026-03-09 `),
		"attempt, more":     edit(`"ms":20,`, `"ms":20,"x":1,`),
		"attempt, less":     edit(`"ms":20,`, ``),
		"too long":          strings.Repeat("x", maxLine+100<<10),
	} {
		s := NewScanner(strings.NewReader(good + "\n" + bad + "\n" + good + "\n"))
		var r Record
		if err := s.Next(&r); err != nil {
			t.Fatalf("%s: line before: %v", name, err)
		}
		err := s.Next(&r)
		var lineErr *LineError
		if !errors.As(err, &lineErr) || lineErr.Line != 2 || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s: got %v", name, err)
		}
		if err := s.Next(&r); err != nil || r.ID != "0198f3a2" {
			t.Errorf("%s: line after: %v", name, err)
		}
		if err := s.Next(&r); !errors.Is(err, io.EOF) {
			t.Errorf("%s: end: %v", name, err)
		}
	}
}

func TestScannerRefusesALineWithoutItsEnd(t *testing.T) {
	good := strings.TrimSuffix(string(appendJSON(nil, sample())), "\n")
	var r Record
	s := NewScanner(strings.NewReader(good))
	if err := s.Next(&r); !errors.Is(err, errCutLine) {
		t.Errorf("got %v", err)
	}
	if err := s.Next(&r); !errors.Is(err, io.EOF) {
		t.Errorf("then %v", err)
	}
}

func TestScannerReadsLinesLongerThanItsBuffer(t *testing.T) {
	in := sample()
	in.Query = strings.Repeat("q", 300<<10)
	text := append(appendJSON(nil, in), appendJSON(nil, sample())...)
	s := NewScanner(bytes.NewReader(text))
	var r Record
	if err := s.Next(&r); err != nil || r.Query != in.Query {
		t.Errorf("long line: %v", err)
	}
	if err := s.Next(&r); err != nil || r.Query != "x=1&y=2" {
		t.Errorf("line after it: %v", err)
	}
}

func TestScannerPassesOnTheReadersError(t *testing.T) {
	broken := errors.New("broken disk")
	s := NewScanner(io.MultiReader(bytes.NewReader(appendJSON(nil, sample())), failing{broken}))
	var r Record
	if err := s.Next(&r); err != nil {
		t.Fatal(err)
	}
	if err := s.Next(&r); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func FuzzScanner(f *testing.F) {
	f.Add(appendJSON(nil, sample()))
	f.Add(appendJSON(appendJSON(nil, new(Record)), sample()))
	f.Add([]byte("{}\n[]\n\n"))
	f.Add([]byte(`{"time":"2026-03-09T06:05:04.098Z","id":`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := NewScanner(bytes.NewReader(text))
		lines := 0
		for {
			var r, again Record
			err := s.Next(&r)
			if errors.Is(err, io.EOF) {
				break
			}
			lines++
			var lineErr *LineError
			if errors.As(err, &lineErr) {
				if lineErr.Line != lines {
					t.Fatalf("line %d is called %d", lines, lineErr.Line)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			// What was read can be written and read again, from then on the same.
			first := appendJSON(nil, &r)
			if err := NewScanner(bytes.NewReader(first)).Next(&again); err != nil && r.Time.UTC().Year() <= 9999 && r.Time.UTC().Year() >= 0 {
				t.Fatalf("%q: %v", first, err)
			}
		}
		if most := bytes.Count(text, []byte{'\n'}) + 1; lines > most {
			t.Fatalf("%d records from %d lines", lines, most)
		}
	})
}
