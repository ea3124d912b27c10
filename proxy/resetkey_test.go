package proxy

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/quic-go/quic-go"
)

func TestResetKeyIsMadeOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	keys := make([]*quic.StatelessResetKey, 8)
	var tasks sync.WaitGroup
	for i := range keys {
		tasks.Go(func() {
			var err error
			if keys[i], err = loadResetKey(dir); err != nil {
				t.Error(err)
			}
		})
	}
	tasks.Wait()
	for _, k := range keys {
		if k == nil || *k != *keys[0] || *k == (quic.StatelessResetKey{}) {
			t.Fatalf("processes have different keys, or none: %v", keys)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Fatalf("the folder holds %v, %v", files, err)
	}
	if info, err := files[0].Info(); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestDamagedResetKeyIsNotUsed(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, resetKeyFile), []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if k, err := loadResetKey(dir); k != nil || err == nil || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("%v, %v", k, err)
	}
}
