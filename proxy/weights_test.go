package proxy

import (
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

func (r *running) wantWeight(when string, want int) {
	r.t.Helper()
	if got := r.backend("b1").Weight; got != want {
		r.t.Errorf("%s: weight %d, want %d", when, got, want)
	}
}

// weighed is a front door whose b1 was given the weight 7 by hand, its
// configuration, and the same with the weight 2 for b1.
func weighed(t *testing.T) (r *running, one, two string) {
	t.Helper()
	a, b := named(t, "b1"), named(t, "b2")
	one = preamble + appPool(a.URL, b.URL)
	two = strings.Replace(one, a.URL+"\"", a.URL+"\"\nweight = 2", 1)
	r = startWith(t, one)
	if _, err := r.SetWeight("app", "b1", 7, false); err != nil {
		t.Fatal(err)
	}
	return r, one, two
}

func TestAWeightThatTheFileHasChangedIsForgottenForGood(t *testing.T) {
	r, one, two := weighed(t)
	r = r.again(two)
	r.wantWeight("started with another one in the file", 2)
	if _, err := r.Reload(r.parse(one)); err != nil {
		t.Fatal(err)
	}
	r.wantWeight("once the file has the first one again", 1)
}

func TestAReloadThatFailsForgetsNoWeight(t *testing.T) {
	r, one, two := weighed(t)
	if _, err := r.Reload(r.parse(strings.Replace(two, `"cert.pem"`, `"none.pem"`, 1))); err == nil {
		t.Fatal("a certificate that is not there was loaded")
	}
	if _, err := r.Reload(r.parse(one)); err != nil {
		t.Fatal(err)
	}
	r.wantWeight("after a reload that failed, and one that did not", 7)
}

func TestAWeightThatWasTakenBackDuringAnUpgradeStaysSo(t *testing.T) {
	r, one, _ := weighed(t)
	files, err := r.Files()
	if err != nil {
		t.Fatal(err)
	}
	next := &running{t: t, dir: r.dir, served: make(chan error, 1), log: new(logged)}
	if next.Server, err = New(next.parse(one), Options{Log: zerolog.New(next.log), Inherited: files}); err != nil {
		t.Fatal(err)
	}
	if err := next.Listen(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.SetWeight("app", "b1", 1, false); err != nil {
		t.Fatal(err)
	}
	r.Detach()
	next.Own()
	go func() { next.served <- next.Serve() }()
	t.Cleanup(next.stop)
	next.wantWeight("in the process that has taken over", 1)
}
