package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Should the program come to have a use of its own for the signal, this fails.
func TestAProfiledRunLeavesAProfile(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // it builds the program
	defer cancel()
	dir := t.TempDir()
	var progress bytes.Buffer
	err := run(ctx, []string{"-case", "tls-new", "-peers", "sterling", "-n", "1", "-time", "1s", "-cores", "both", "-profile", dir}, &progress, &progress)
	if err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	profile, err := os.ReadFile(filepath.Join(dir, "tls-new-sterling-1.pprof"))
	if err != nil || !bytes.HasPrefix(profile, []byte{0x1f, 0x8b}) { // compressed, as profiles are
		t.Errorf("a profile of %d bytes, %v", len(profile), err)
	}
}
