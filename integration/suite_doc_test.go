package integration

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// docs/failover.md has the lines of the suite, and says that Sterling holds them.
func TestTheSuiteIsWrittenDown(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/failover.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range lines {
		if want := fmt.Sprintf("| %d | %s | holds |", i+1, l.what); !strings.Contains(string(text), want) {
			t.Errorf("docs/failover.md lacks %q", want)
		}
	}
	if extra := fmt.Sprintf("\n| %d |", len(lines)+1); strings.Contains(string(text), extra) {
		t.Errorf("docs/failover.md has more than %d lines", len(lines))
	}
}
