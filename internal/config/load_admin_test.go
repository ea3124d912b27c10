package config

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTheAdminSideIsFoundInAFaultyFile(t *testing.T) {
	const admin = "[admin] # where\naddress = \"127.0.0.1:9180\"\ntoken = \"0123456789abcdef\"\n"
	for name, tt := range map[string]struct {
		text  string
		found bool
	}{
		"an unknown key":         {admin + "[log]\nnonsense = 1\n", true},
		"a fault of syntax":      {"[log]\nlevel = \n" + admin + "[[route]\n", true},
		"an open string at last": {admin + "[log]\noutput = \"std", true},
		"a fault in the table":   {admin + "address = \"again\"\n", false},
		"no table":               {"[log]\nlevel = \n", false},
		"empty":                  {"", false},
	} {
		path := filepath.Join(t.TempDir(), "sterling.toml")
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, problems := LoadAdmin(path)
		if problems.Errors() == 0 {
			t.Errorf("%s: no problem was found", name)
		}
		if found := got.Address == "127.0.0.1:9180" && got.Token == "0123456789abcdef"; found != tt.found || !found && got.Address != "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got, problems := LoadAdmin(filepath.Join(t.TempDir(), "none")); got.Address != "" || problems.Errors() != 1 {
		t.Errorf("no file: %+v, %v", got, problems)
	}
}
