package integration

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// curl shows the answer that came while it was still sending.
func TestCurlSeesAnErrorBeforeItsUploadHasEnded(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("curl")
	if err != nil {
		proxytest.Skip(t, "no curl")
	}
	rec := proxytest.NewRecorder(t, func(*proxytest.Recorded) proxytest.Reply { return proxytest.Reply{Raw: proxytest.OK} })
	p := limited(t, "", "max_body = \"10KiB\"", rec)
	file := filepath.Join(t.TempDir(), "upload")
	if err := os.WriteFile(file, make([]byte, 20<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 5 {
		out, err := exec.CommandContext(ctx, program, "-q", "-sS", "-k", "--noproxy", "*", "--http2", "-X", "POST", "-T", file, //nolint:gosec // a test's
			"-o", filepath.Join(t.TempDir(), "answer"), "-w", "%{http_version} %{http_code}", "https://"+p.Addr("front")+"/").CombinedOutput()
		// From the standard server curl sometimes has no more than the status.
		if !strings.Contains(string(out), "2 413") || err != nil && proxytest.Engine() != "standard" {
			t.Fatalf("got %q, %v", out, err)
		}
	}
}
