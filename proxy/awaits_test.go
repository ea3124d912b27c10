package proxy

import (
	"strings"
	"testing"
	"time"
)

// A process that has just begun cannot know who comes back, and says for how long.
func TestADrainSaysWhatItWaitsFor(t *testing.T) {
	a, b := named(t, "b1"), named(t, "b2")
	r := start(t, strings.Replace(appPool(a.URL, b.URL), "by = \"cookie\"\n", "by = \"cookie\"\nidle = \"1h\"\n", 1))
	r.up("b1", "b2")
	if st := r.backend("b1"); st.Awaits != "" || st.AwaitsUntil != nil {
		t.Errorf("one that serves awaits %q until %v", st.Awaits, st.AwaitsUntil)
	}
	st, err := r.Drain("app", "b1", DrainOptions{Mode: "keep"})
	if err != nil || st.SafeToStop || !strings.HasPrefix(st.Awaits, "visitors who came before") {
		t.Fatalf("awaits %q, %v", st.Awaits, err)
	}
	if want := st.SessionsSince.Add(time.Hour); st.AwaitsUntil == nil || !st.AwaitsUntil.Equal(want) {
		t.Errorf("until %v, want %v", st.AwaitsUntil, want)
	}
	st, err = r.Drain("app", "b1", DrainOptions{Mode: "keep", Timeout: 10 * time.Minute})
	if err != nil || st.AwaitsUntil == nil || !st.AwaitsUntil.Equal(*st.Order.Until) {
		t.Errorf("with a timeout: until %v, %v", st.AwaitsUntil, err)
	}
	r.snapshot.Load().byName["app"].places["b1"].Assigned(time.Now().Add(2 * time.Hour)) // later than all others
	if st := r.backend("b1"); !strings.HasPrefix(st.Awaits, "somebody who was just sent there") {
		t.Errorf("awaits %q", st.Awaits)
	}
	if st, err := r.Drain("app", "b1", DrainOptions{Mode: "now"}); err != nil || !st.SafeToStop || st.Awaits != "" {
		t.Errorf("one that is safe to stop: %v, awaits %q, %v", st.SafeToStop, st.Awaits, err)
	}
}
