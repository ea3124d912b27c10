package main

import (
	"strings"
	"testing"
)

func TestWrkReportIsReadBehindWhatWrkPrints(t *testing.T) {
	out := "Running 1s test @ http://127.0.0.1:1/\n  {not this}\n\n" +
		`{"requests":200,"bytes":215400,"micros":1500000,"connect":0,"read":0,"write":0,"status":0,"timeout":0,"p50":1840,"p99":4100}` + "\n"
	o, err := parseWrk([]byte(out))
	if err != nil {
		t.Fatal(err)
	}
	if want := (outcome{Requests: 200, Bytes: 215400, Seconds: 1.5, P50: 1.84, P99: 4.1}); o != want {
		t.Errorf("got %+v, want %+v", o, want)
	}
}

func TestWrkReportOfErrorsIsAFailure(t *testing.T) {
	good := `{"requests":200,"bytes":1,"micros":1,"connect":0,"read":0,"write":0,"status":0,"timeout":0,"p50":1,"p99":4}`
	for _, key := range []string{"connect", "read", "write", "status", "timeout"} {
		bad := strings.Replace(good, `"`+key+`":0`, `"`+key+`":7`, 1)
		if _, err := parseWrk([]byte("\n" + bad)); err == nil || !strings.Contains(err.Error(), "7") {
			t.Errorf("7 errors of kind %s: %v", key, err)
		}
	}
	for _, out := range []string{"", "Requests/sec: 12\n", "\n{", "\n{\"requests\":\"x\"}"} {
		if _, err := parseWrk([]byte(out)); err == nil {
			t.Errorf("no error for %q", out)
		}
	}
}

func TestAnswersThatAreTooShortAreAFailure(t *testing.T) {
	for _, c := range []struct {
		o    outcome
		size int64
		good bool
	}{
		{outcome{Requests: 10, Bytes: 8720}, 872, true},
		{outcome{Requests: 10, Bytes: 11000}, 872, true},
		{outcome{Requests: 10, Bytes: 8719}, 872, false},
		{outcome{}, 872, false},
	} {
		if err := c.o.check(c.size); (err == nil) != c.good {
			t.Errorf("%+v: %v", c.o, err)
		}
	}
}
