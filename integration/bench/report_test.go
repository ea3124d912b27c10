package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func sampled() *report {
	r := &report{Machine: []string{"a machine"}}
	r.add(trial{name: "h1", about: "plain"}, []sample{
		{Candidate: "sterling", Round: 1, Cost: 44, Rate: 100, Resident: 20 << 20},
		{Candidate: "haproxy", Round: 1, Cost: 40, Rate: 300},
		{Candidate: "nginx", Round: 1, Cost: 50},
		{Candidate: "caddy", Round: 1, Cost: 10},
		{Candidate: "sterling", Round: 2, Cost: 42, Rate: 200, Resident: 20 << 20},
		{Candidate: "sterling", Round: 3, Cost: 99, Rate: 300, Resident: 20 << 20},
	})
	return r
}

func TestRatioIsToTheBetterOfHAProxyAndNginx(t *testing.T) {
	rows := sampled().Cases[0].Rows
	if len(rows) != 4 || rows[0].Candidate != "sterling" || rows[0].Cost != 44 || rows[0].Rate != 200 || rows[0].Ratio != 1.1 {
		t.Errorf("got %+v", rows)
	}
	if rows[2].Ratio != 1.25 {
		t.Errorf("nginx: got %+v", rows[2])
	}
	var r report
	r.add(trial{}, []sample{{Candidate: "sterling", Cost: 44}, {Candidate: "caddy", Cost: 10}})
	if rows := r.Cases[0].Rows; rows[0].Ratio != 0 {
		t.Errorf("a ratio to nobody: %+v", rows[0])
	}
}

func TestRatioIsOfWhatTheCaseIsAbout(t *testing.T) {
	samples := []sample{
		{Candidate: "sterling", Cost: 9, Idle: 30, outcome: outcome{P99: 12}},
		{Candidate: "haproxy", Cost: 3, Idle: 20, outcome: outcome{P99: 10}},
		{Candidate: "nginx", Cost: 2, Idle: 15, outcome: outcome{P99: 8}},
	}
	for kind, want := range map[kind]float64{saturation: 4.5, idleMemory: 2, halfRate: 1.2} {
		var r report
		r.add(trial{kind: kind}, samples)
		if got := r.Cases[0].Rows[0].Ratio; got != want {
			t.Errorf("kind %d: got %v, want %v", kind, got, want)
		}
	}
	var r report
	r.add(trial{kind: growth}, []sample{{Candidate: smallSite, Cost: 30}, {Candidate: largeSite, Cost: 33}})
	if rows := r.Cases[0].Rows; rows[1].Ratio != 1.1 {
		t.Errorf("got %+v", rows)
	}
}

func TestFormats(t *testing.T) {
	for format, want := range map[string][]string{
		"text":     {"a machine\n", "\nh1: plain\n", "44.0   1.10", "–"},
		"markdown": {"a machine  \n", "\n**h1**: plain\n", "\n| sterling | 44.0 | 1.10 | 200 | – | – | 20 |\n", "| --- | ---: |"},
		"json":     {`"case": "h1"`, `"cpu_us": 99`, `"ratio": 1.1`},
	} {
		var b bytes.Buffer
		if err := sampled().print(&b, format); err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(b.String(), w) {
				t.Errorf("%s: no %q in\n%s", format, w, b.String())
			}
		}
	}
}

func TestJSONHasEverySample(t *testing.T) {
	var b bytes.Buffer
	if err := sampled().print(&b, "json"); err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(b.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Cases[0].Samples) != 6 || r.Cases[0].Samples[5].Cost != 99 {
		t.Errorf("got %+v", r.Cases[0].Samples)
	}
}
