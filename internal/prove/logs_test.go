package prove

import (
	"os"
	"path/filepath"
	"testing"
)

func TestALogIsReadFromWhereItWasLeft(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	write := func(text string) {
		t.Helper()
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	l := logReader{path: path}
	all := make(map[string][]entry)
	read := func() {
		t.Helper()
		if err := l.entries(all); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"query":"prove=a","pool":"app","attempts":[{"backend":"b1"},{"backend":"b2"}]}` + "\n" + `{"query":"other=1"}` + "\n" + `{"query":"pro`)
	read()
	if len(all) != 1 || len(all["a"]) != 1 || len(all["a"][0].Attempts) != 2 || all["a"][0].Attempts[1].Backend != "b2" {
		t.Errorf("%+v", all)
	}
	write(`ve=b"}` + "\n" + `{"query":"prove=a"}` + "\n")
	read()
	if len(all["b"]) != 1 || len(all["a"]) != 2 {
		t.Errorf("%+v", all)
	}
}

func TestWhoWasGivenUpIsReadFromTheProcessLog(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	text := `{"pool":"app","backend":"b1","from":"up","to":"down","reason":"timeout","message":"backend state"}
{"pool":"app","backend":"b1","from":"down","to":"up","message":"backend state"}
{"pool":"app","backend":"b2","reason":"5 failures in a row","message":"backend ejected"}
{"message":"listening"}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l := logReader{path: path}
	found, err := l.findings()
	if err != nil || len(found) != 2 || found[0].Backend != "b1" || found[1].Backend != "b2" {
		t.Errorf("%+v %v", found, err)
	}
}
