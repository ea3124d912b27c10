package session

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	return must(os.Stat(path))(t).Mode().Perm()
}

// onlyFile fails when anything but name is left in dir.
func onlyFile(t *testing.T, dir, name string) {
	t.Helper()
	entries := must(os.ReadDir(dir))(t)
	if len(entries) != 1 || entries[0].Name() != name {
		t.Errorf("%s holds %v, want only %s", dir, entries, name)
	}
}

func TestFirstStartMakesTheFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "state")
	path := filepath.Join(dir, "keys")
	made := must(LoadOrCreate(path))(t)
	if !made.Created() || made.Exposed() || len(made.IDs()) != 1 {
		t.Errorf("created %v, exposed %v, ids %q", made.Created(), made.Exposed(), made.IDs())
	}
	if m := mode(t, path); m != 0o600 {
		t.Errorf("file mode %o", m)
	}
	if m := mode(t, dir); m != 0o700 {
		t.Errorf("folder mode %o", m)
	}
	onlyFile(t, dir, "keys")
	again := must(LoadOrCreate(path))(t)
	if again.Created() || !slices.Equal(again.IDs(), made.IDs()) {
		t.Errorf("the second start: created %v, ids %q", again.Created(), again.IDs())
	}
	if _, err := CreateKeys(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("creating it again: %v", err)
	}
	onlyFile(t, dir, "keys")
}

func TestAFolderThatIsThereKeepsItsMode(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	must(LoadOrCreate(filepath.Join(dir, "keys")))(t)
	if m := mode(t, dir); m != 0o755 {
		t.Errorf("folder mode %o", m)
	}
}

// Several processes that start at once end up with one file, and all use it.
func TestRaceOfFirstStarts(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "keys")
	const n = 16
	var (
		wg    sync.WaitGroup
		start = make(chan struct{})
		all   [n]*Affinity
		made  [n]bool
	)
	for i := range n {
		wg.Go(func() {
			<-start
			k, err := LoadOrCreate(path)
			if err != nil {
				t.Error(err)
				return
			}
			made[i] = k.Created()
			if all[i], err = New(Options{Pool: "app", Keys: k}); err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	wg.Wait()
	if t.Failed() {
		return
	}
	makers := 0
	for i := range n {
		if made[i] {
			makers++
		}
		wantVerdict(t, all[(i+1)%n], cookies(issue(t, all[i], "b1", true)), true, Valid)
	}
	if makers != 1 {
		t.Errorf("%d made the file, want 1", makers)
	}
	onlyFile(t, dir, "keys")
}

// With one file replicas honour each other's cookies; with two, nobody gets an
// error, only a new assignment.
func TestReplicas(t *testing.T) {
	dir := t.TempDir()
	load := func(name string) *Affinity {
		return newAffinity(t, func(o *Options) { o.Keys = must(LoadOrCreate(filepath.Join(dir, name)))(t) })
	}
	one, two, stranger := load("shared"), load("shared"), load("own")
	wantVerdict(t, two, cookies(issue(t, one, "b1", true)), true, Valid)
	wantVerdict(t, stranger, cookies(issue(t, one, "b1", true)), true, UnknownKey)
}

func TestClaimNewReplacesNothing(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(from, "new")
	if err := claimNew(from, to); err != nil {
		t.Fatal(err)
	}
	write(from, "newer")
	if err := claimNew(from, to); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v", err)
	}
	if got := string(must(os.ReadFile(to))(t)); got != "new" {
		t.Errorf("the file holds %q", got)
	}
}

func TestAFolderThatTakesNoFileIsNamed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	k := must(firstKeys())(t)
	err := k.Save(filepath.Join(dir, "keys"))
	if want := "saving key file: making a file in " + dir + ": no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestExposed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	must(CreateKeys(path))(t)
	for m, want := range map[fs.FileMode]bool{0o600: false, 0o400: false, 0o640: true, 0o604: true, 0o644: true} {
		if err := os.Chmod(path, m); err != nil {
			t.Fatal(err)
		}
		if got := must(LoadKeys(path))(t).Exposed(); got != want {
			t.Errorf("mode %o: exposed %v", m, got)
		}
	}
}

func TestSaveKeepsModeAndLink(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "keys"), filepath.Join(t.TempDir(), "link")
	k := must(CreateKeys(path))(t)
	if err := errors.Join(os.Chmod(path, 0o640), os.Symlink(path, link)); err != nil {
		t.Fatal(err)
	}
	k = must(k.Rotate(3))(t)
	if err := k.Save(link); err != nil {
		t.Fatal(err)
	}
	if m := mode(t, path); m != 0o640 {
		t.Errorf("mode %o", m)
	}
	if got := must(LoadKeys(link))(t).IDs(); !slices.Equal(got, k.IDs()) {
		t.Errorf("ids %q, want %q", got, k.IDs())
	}
	if stat := must(os.Lstat(link))(t); stat.Mode()&fs.ModeSymlink == 0 {
		t.Error("the link became a file")
	}
	onlyFile(t, dir, "keys")
}

func TestSaveWhereNothingIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	if err := must(firstKeys())(t).Save(path); err != nil {
		t.Fatal(err)
	}
	if m := mode(t, path); m != 0o600 {
		t.Errorf("mode %o", m)
	}
	if err := (&Keys{}).Save(path); err == nil {
		t.Error("no keys were saved")
	}
}

func TestFileErrorsNameTheFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x:y\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, missing := LoadKeys(filepath.Join(dir, "missing"))
	_, folder := LoadKeys(dir)
	_, under := LoadOrCreate(filepath.Join(file, "keys"))
	_, bad := LoadOrCreate(file)
	for name, err := range map[string]error{filepath.Join(dir, "missing"): missing, dir: folder, filepath.Join(file, "keys"): under, file + ":1": bad} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
	if !errors.Is(missing, fs.ErrNotExist) {
		t.Errorf("%v is not ErrNotExist", missing)
	}
}
