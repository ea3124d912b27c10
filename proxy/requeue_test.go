package proxy

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestAReloadIsHeededByThoseWhoWaitInTheQueue(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(toml string) string
		by     string // who answers the one that waited
	}{
		{"with more places", func(s string) string { return strings.Replace(s, "max_in_flight = 1", "max_in_flight = 100", 1) }, "200 one"},
		{"without a limit", func(s string) string { return strings.Replace(s, "max_in_flight = 1", "max_in_flight = 0", 1) }, "200 one"},
		{"without the backend", func(s string) string { return strings.Replace(s, `name = "b1"`, "name = \"b9\"\nweight = 0", 1) }, "200 two"},
		{"without affinity", func(s string) string {
			return strings.Replace(strings.Replace(s, "max_in_flight = 1", "max_in_flight = 100", 1), `by = "cookie"`, `by = "none"`, 1)
		}, "200 one"},
		{"without the queue", func(s string) string { return strings.Replace(s, "queue = 10", "queue = 0", 1) }, "200 two"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inAllModes(t, func(t *testing.T, m mode) {
				t.Parallel()
				one, two := stage(t, "one"), stage(t, "two")
				toml := narrow("queue = 10\nqueue_timeout = \"1m\"", one.url, two.url)
				r := start(t, toml)
				c := m.client(t)
				one.say <- 200
				if got := <-ask(t.Context(), t, c, r.url(m)); got != "200 one" {
					t.Fatalf("began with %s", got)
				}
				<-one.begun
				busy := ask(t.Context(), t, c, r.url(m)+"/busy")
				<-one.begun
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // rather than for ever
				defer cancel()
				waits := ask(ctx, t, c, r.url(m)+"/waits")
				r.waiting(1)
				if _, err := r.Reload(r.parse(preamble + tt.change(toml))); err != nil {
					t.Fatal(err)
				}
				next := map[string]*staged{"200 one": one, "200 two": two}[tt.by]
				<-next.begun // while the other one is under way
				one.say <- 200
				next.say <- 200
				if got := <-waits; got != tt.by {
					t.Errorf("%s, want %s", got, tt.by)
				}
				<-busy
				if lines := r.lines(); len(lines) != 3 {
					t.Errorf("%d lines in the log", len(lines))
				}
			})
		})
	}
}
