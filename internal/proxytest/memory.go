package proxytest

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// ResidentMemory reads how much memory a process really has, in bytes.
func ResidentMemory(t testing.TB, pid int) int64 {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatalf("reading the memory of a process: %v", err)
	}
	for line := range strings.Lines(string(data)) {
		rest, ok := strings.CutPrefix(line, "VmRSS:")
		if !ok {
			continue
		}
		kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
		if err != nil {
			t.Fatalf("reading VmRSS: %v", err)
		}
		return kb << 10
	}
	t.Fatal("/proc has no VmRSS")
	return 0
}
