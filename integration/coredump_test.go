package integration

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"sterling/internal/proxytest"
)

func TestNoCoreFileIsEverLeft(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1")
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", c.addrs...)})
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", p.PID))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^Max core file size +0 +0 `).Match(limits) {
		t.Errorf("the limits of the process:\n%s", limits)
	}
}
