package accesslog

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"
	"unicode/utf8"
)

func TestJSONLine(t *testing.T) {
	const want = `{"time":"2026-03-09T06:05:04.098Z","id":"0198f3a2","listener":"front","route":"portal","pool":"app","backend":"b2",` +
		`"affinity":"moved","attempts":[{"backend":"b1","ms":1.5,"outcome":"connect_failed"},{"backend":"b2","ms":20,"outcome":"ok"}],` +
		`"end":"ok","client":"192.0.2.7","method":"GET","host":"www.example.org","path":"/a/b","query":"x=1&y=2","proto":"HTTP/1.1",` +
		`"status":200,"bytes_in":12,"bytes_out":872,"duration_ms":23.456,"connect_ms":0.34,"header_ms":22,` +
		`"user_agent":"Mozilla/5.0 \"quoted\"","referer":"https://www.example.org/é","not_retried":"budget","queued_ms":7.5,"held_ms":2000,"client_cert":"CN=ann"}` + "\n"
	if got := string(appendJSON(nil, sample())); got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

func TestJSONLineOfNothingHasEveryKey(t *testing.T) {
	const want = `{"time":"0001-01-01T00:00:00.000Z","id":"","listener":"","route":"","pool":"","backend":"","affinity":"","attempts":[],` +
		`"end":"","client":"","method":"","host":"","path":"","query":"","proto":"","status":0,"bytes_in":0,"bytes_out":0,` +
		`"duration_ms":0,"connect_ms":0,"header_ms":0,"user_agent":"","referer":"","not_retried":"","queued_ms":0,"held_ms":0,"client_cert":""}` + "\n"
	if got := string(appendJSON(nil, new(Record))); got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

func TestEveryRecordFieldReachesTheLine(t *testing.T) {
	empty := appendJSON(nil, new(Record))
	full := reflect.ValueOf(*sample())
	for i := range full.NumField() {
		var one Record
		reflect.ValueOf(&one).Elem().Field(i).Set(full.Field(i))
		if bytes.Equal(appendJSON(nil, &one), empty) {
			t.Errorf("%s changes nothing in the line", full.Type().Field(i).Name)
		}
	}
}

func FuzzJSON(f *testing.F) {
	f.Add("id", "GET", "/a b", "q=\"\\", "agent\n", "b1\xff", 200, int64(7), int64(1234567))
	f.Add("", "", "\u2028", "\x00\x1f\x7f", "é漢😀", "", -1, int64(-5), int64(-1))
	f.Fuzz(func(t *testing.T, id, method, path, query, agent, backend string, status int, count, nanos int64) {
		in := Record{
			Time: time.UnixMilli(1767225600123).UTC(), ID: id, Method: method, Path: path, Query: query, UserAgent: agent,
			Status: status, BytesOut: count, Duration: time.Duration(nanos),
			Attempts: []Attempt{{backend, time.Duration(nanos), method}},
		}
		line := appendJSON(nil, &in)
		if bytes.IndexByte(line, '\n') != len(line)-1 || !json.Valid(line) || !utf8.Valid(line) {
			t.Fatalf("not one line of JSON: %q", line)
		}
		var out Record
		if err := NewScanner(bytes.NewReader(line)).Next(&out); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		for _, s := range []*string{&in.ID, &in.Method, &in.Path, &in.Query, &in.UserAgent, &in.Attempts[0].Backend, &in.Attempts[0].Outcome} {
			*s = string([]rune(*s)) // invalid bytes become U+FFFD one by one
		}
		in.Duration = max(in.Duration.Truncate(time.Microsecond), 0)
		in.Attempts[0].Duration = in.Duration
		if in.Duration > 1<<52*time.Microsecond {
			return // beyond what a float64 holds exactly
		}
		if !reflect.DeepEqual(in, out) {
			t.Fatalf("wrote %+v\nread  %+v", in, out)
		}
	})
}
