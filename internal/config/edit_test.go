package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestAnEditKeepsWhatItDoesNotTouch(t *testing.T) {
	t.Parallel()
	const path = "testdata/good/full.toml"
	want, problems := Load(path)
	if want == nil {
		t.Fatal(problems)
	}
	text, err := Edit(path, func(tree map[string]any) {
		Table(tree, "upgrade")["timeout"] = "21s"
		Tables(tree, "pool")[1]["name"] = "rpc"
	})
	if err != nil {
		t.Fatal(err)
	}
	got, problems := Parse(path, text)
	if got == nil {
		t.Fatal(problems)
	}
	if got.Upgrade.Timeout.Seconds() != 21 {
		t.Errorf("upgrade.timeout is %v", got.Upgrade.Timeout)
	}
	got.Upgrade, got.positions, want.positions = want.Upgrade, nil, nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestAnEditOfWhatIsNoTOMLIsAProblemWithItsLine(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sterling.toml")
	if err := os.WriteFile(path, []byte("\n[log"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Edit(path, func(map[string]any) { t.Error("edited") })
	var p Problems
	if !errors.As(err, &p) || len(p) != 1 || p[0].Line != 2 {
		t.Errorf("%v", err)
	}
}
