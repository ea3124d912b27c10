package accesslog

import (
	"strconv"
	"testing"
	"time"
)

func TestMillisHaveUpToThreeDecimals(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                             "0",
		999 * time.Nanosecond:         "0",
		time.Microsecond:              "0.001",
		10 * time.Microsecond:         "0.01",
		100 * time.Microsecond:        "0.1",
		101 * time.Microsecond:        "0.101",
		1234567 * time.Nanosecond:     "1.234",
		time.Millisecond:              "1",
		12 * time.Second:              "12000",
		-time.Second:                  "0",
		1200*time.Millisecond + 50000: "1200.05",
		time.Duration(1<<63 - 1):      "9223372036854.775",
	} {
		if got := string(appendMillis(nil, d)); got != want {
			t.Errorf("%d: got %s, want %s", d, got, want)
		}
	}
}

func TestMillisAgreeWithStrconv(t *testing.T) {
	for us := range int64(5000) {
		want := strconv.FormatFloat(float64(us)/1000, 'f', -1, 64)
		if got := string(appendMillis(nil, time.Duration(us)*time.Microsecond)); got != want {
			t.Fatalf("%d µs: got %s, want %s", us, got, want)
		}
	}
}
