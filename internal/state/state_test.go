package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

var sample = File{
	Version: Version, Saved: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	Pools: map[string]Pool{"app": {
		"b1": {URL: "http://127.0.0.1:1", Health: "up", Since: time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)},
		"b2": {
			URL: "http://127.0.0.1:2", Health: "down", Reason: "connection refused", Since: time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC),
			Order: &Order{
				Duty: "draining", Mode: "when_idle", Quiet: Duration(5 * time.Minute),
				Since: time.Date(2026, 1, 2, 3, 1, 0, 0, time.UTC), Until: time.Date(2026, 1, 2, 4, 0, 0, 0, time.UTC),
			},
			Word:   &Order{Duty: "draining", Mode: "keep", Since: time.Date(2026, 1, 2, 3, 2, 0, 0, time.UTC)},
			Weight: &Weight{Given: 3, Configured: 1},
		},
	}},
}

func TestWhatIsSavedIsLoaded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	for range 2 { // the second replaces the first
		if err := Save(path, sample); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Load(path)
	if err != nil || !reflect.DeepEqual(got, sample) {
		t.Errorf("got %+v, %v", got, err)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestNoFileIsAnEmptyState(t *testing.T) {
	f, err := Load(filepath.Join(t.TempDir(), "state.json"))
	if err != nil || f.Version != Version || len(f.Pools) != 0 {
		t.Errorf("got %+v, %v", f, err)
	}
}

func TestADamagedFileIsSetAside(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "cut": `{"version":1,"pools":{"app":{"b1":`, "no version": `{"pools":{}}`,
		"a later version": `{"version":2}`, "another form": `{"version":1,"pools":[1,2]}`, "a bad duration": `{"version":1,"pools":{"a":{"b":{"order":{"quiet":"5x"}}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.json")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := Load(path)
			var damaged *DamagedError
			if !errors.As(err, &damaged) || len(f.Pools) != 0 || f.Version != Version {
				t.Fatalf("got %+v, %v", f, err)
			}
			if kept, err := os.ReadFile(damaged.Aside); err != nil || string(kept) != text {
				t.Errorf("set aside: %q, %v", kept, err)
			}
			if !strings.Contains(err.Error(), damaged.Aside) {
				t.Errorf("the message does not say where: %v", err)
			}
			if err := Save(path, sample); err != nil {
				t.Errorf("saving afterwards: %v", err)
			}
		})
	}
}

func TestAFailedSaveLeavesTheOldFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "state.json")
	if err := os.Mkdir(path, 0o700); err != nil { // nothing can be renamed to it
		t.Fatal(err)
	}
	if err := Save(path, sample); err == nil {
		t.Error("saved over a folder")
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := Load(path); err == nil {
		t.Error("loaded a folder")
	}
}

func TestSavesAtATimeLeaveAWholeFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 5 {
				if err := Save(path, sample); err != nil {
					t.Error(err)
				}
				if f, err := Load(path); err != nil || len(f.Pools) != 1 {
					t.Errorf("%+v, %v", f, err)
				}
			}
		})
	}
	all.Wait()
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"version":1,"saved":"2026-01-02T03:04:05Z","pools":{"a":{"b":{"url":"http://h","health":"up","order":{"duty":"draining","quiet":"5m"}}}}}`))
	f.Add([]byte(`{"version":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := parse(b)
		if err != nil {
			return
		}
		path := filepath.Join(t.TempDir(), "s")
		if err := Save(path, got); err != nil {
			t.Skip() // years beyond 9999, for one
		}
		again, err := Load(path)
		was, _ := json.Marshal(got) // it was saved
		is, errIs := json.Marshal(again)
		if err != nil || errIs != nil || !bytes.Equal(was, is) {
			t.Errorf("%s became %s, %v", was, is, err)
		}
	})
}
