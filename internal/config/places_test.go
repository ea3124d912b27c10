package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// placesOf parses a configuration in a folder and looks at its places; those
// below a name that begins with "closed" nobody may write to.
func placesOf(t *testing.T, dir, text string) string {
	t.Helper()
	cfg, problems := Parse(filepath.Join(dir, "s.toml"), []byte(text+`
[[listener]]
address = ":8080"
protocol = "http"
[[route]]
pool = "app"
[[pool]]
name = "app"
[pool.affinity]
by = "cookie"
[[pool.backend]]
name = "b1"
url = "http://app:8080"
`))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	c := placeCheck{fileCheck: fileCheck{cfg: cfg}, may: func(path string, _ uint32) error {
		if strings.Contains(path, "closed") {
			return unix.EACCES
		}
		return nil
	}}
	c.all()
	c.found.Sort()
	text = strings.ReplaceAll(c.found.Error(), dir+"/s.toml:", "")
	return strings.ReplaceAll(strings.ReplaceAll(text, dir, "DIR"), "by user "+userName(), "by user ME")
}

func TestPlacesThatCannotBeWrittenTo(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"all in order": {"[log]\noutput = \"open/log\"\n[access_log]\noutput = \"open/access\"\n[admin]\naddress = \"unix:open/sock\"\n", ""},
		"a folder as log": {
			"[access_log]\noutput = \"open\"\n",
			"2: access_log.output: DIR/open is a folder; name a file in it",
		},
		"a log's folder": {
			"[log]\noutput = \"closed/log\"\n",
			"2: log.output: DIR/closed cannot be written to by user ME; chown it, or name another",
		},
		"a log": {
			"[access_log]\noutput = \"open/closed.log\"\n",
			"2: access_log.output: DIR/open/closed.log cannot be written to by user ME; chown it, or name another",
		},
		"a link, whose file is to be made": {"[access_log]\noutput = \"closed/link\"\n", ""},
		"an admin socket's folder": {
			"[admin]\naddress = \"unix:closed/sock\"\n",
			"2: admin.address: DIR/closed cannot be written to by user ME; chown it, or name another",
		},
		"the state folder": {
			"[state]\ndir = \"closed\"\n",
			"2: state.dir: DIR/closed cannot be written to by user ME; chown it, or name another",
		},
		"a state folder to be made": {
			"[state]\ndir = \"closed/a/b\"\n",
			"2: state.dir: DIR/closed/a/b cannot be made: DIR/closed cannot be written to by user ME; chown it, or name another",
		},
		"the state folder, with keys elsewhere": {
			"[state]\ndir = \"closed\"\n[affinity]\nkeys = \"DIR/open/keys\"\n",
			"2: state.dir: warning: DIR/closed cannot be written to by user ME; health, drains and weights would be forgotten at a restart; chown it, or name another",
		},
		"the folder of keys elsewhere": {
			"[affinity]\nkeys = \"DIR/closed/keys\"\n",
			"2: affinity.keys: DIR/closed cannot be written to by user ME; chown it, or name another",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, folder := range []string{"open", "closed"} {
				if err := os.Mkdir(filepath.Join(dir, folder), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(filepath.Join(dir, "open", "closed.log"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(filepath.Join(dir, "open", "target"), filepath.Join(dir, "closed", "link")); err != nil {
				t.Fatal(err)
			}
			if got := placesOf(t, dir, strings.ReplaceAll(tt.text, "DIR", dir)); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}
