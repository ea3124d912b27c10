package proxy

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A key that is used is the whole of what the file says. One that is damaged is
// never made good by guessing, and the error says what to do.
func FuzzResetKey(f *testing.F) {
	good := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	for _, s := range []string{good + "\n", good, "\n " + good + "\t", good[:40], good + good, "short\n", "", good[:20] + "\n" + good[20:], strings.TrimRight(good, "="), good[:42] + "x="} {
		f.Add([]byte(s))
	}
	path := filepath.Join(f.TempDir(), resetKeyFile)
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		key, err := readResetKey(path)
		if err != nil {
			if key != nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "remove it") {
				t.Fatalf("%q: %v, %v", text, key, err)
			}
			return
		}
		if again := base64.StdEncoding.EncodeToString(key[:]); again != string(bytes.TrimSpace(text)) {
			t.Fatalf("%q was read as %q", text, again)
		}
	})
}
