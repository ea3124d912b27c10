package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// sterling returns what writes Sterling as a candidate, with the given engine
// ("": the default one).
func sterling(engine string) func(path string, s site) (program, error) {
	return func(path string, s site) (program, error) {
		file := filepath.Join(s.dir, "sterling.toml")
		if err := os.WriteFile(file, []byte(sterlingConfig(s, engine)), 0o600); err != nil {
			return program{}, fmt.Errorf("writing the configuration of Sterling: %w", err)
		}
		if engine != "" {
			out, err := exec.Command(path, "check", "-c", file).CombinedOutput() //nolint:gosec,noctx // what the bench built
			if bytes.Contains(out, []byte("engine")) {
				return program{}, fmt.Errorf("%w: this Sterling has no other engine", errAbsent)
			} else if err != nil {
				return program{}, fmt.Errorf("sterling check: %s", out)
			}
		}
		return program{argv: []string{path, "run", "-c", file}, env: []string{profileVariable + "=" + s.profile}}, nil
	}
}

func sterlingConfig(s site, engine string) string {
	var b strings.Builder
	log := s.log
	if log == "" {
		log = "off"
	}
	fmt.Fprintf(&b, `[log]
format = "json"
[access_log]
output = %q
format = "json"
[tls]
min_version = "1.2"
[[tls.certificate]]
cert = %q
key  = %q
`, log, s.cert, s.key)
	for _, l := range []struct{ name, address, protocol string }{{"plain", s.plain, "http"}, {"secure", s.secure, "https"}} {
		fmt.Fprintf(&b, "[[listener]]\nname = %q\naddress = %q\nprotocol = %q\nidle = \"300s\"\n", l.name, l.address, l.protocol)
		if engine != "" {
			fmt.Fprintf(&b, "engine = %q\n", engine)
		}
	}
	// The route that is asked for is in the middle of the others.
	for i := range s.routes {
		if i == s.routes/2 {
			b.WriteString("[[route]]\nname = \"site\"\npool = \"app\"\n")
		} else {
			fmt.Fprintf(&b, "[[route]]\nname = \"r%d\"\nhosts = [\"h%d.example\"]\npaths = [\"/a%d\", \"/b%d/c\"]\npool = \"app\"\n", i, i/2, i, i)
		}
	}
	b.WriteString("[[pool]]\nname = \"app\"\npolicy = \"least_requests\"\n[pool.affinity]\nby = \"cookie\"\n")
	for i, a := range s.backends {
		fmt.Fprintf(&b, "[[pool.backend]]\nname = \"b%d\"\nurl = \"http://%s\"\n", i+1, a)
	}
	return b.String()
}

// build builds the program into dir, with the overlay for profiles if it is
// to be profiled, and returns its path.
func build(ctx context.Context, dir string, profiled bool) (string, error) {
	path := filepath.Join(dir, "sterling")
	args := []string{"build", "-o", path}
	if profiled {
		overlay, err := profileOverlay(dir)
		if err != nil {
			return "", err
		}
		args = append(args, "-overlay", overlay)
	}
	out, err := exec.CommandContext(ctx, "go", append(args, "sterling/cmd/proxy")...).CombinedOutput() //nolint:gosec // what it is for
	if err != nil {
		return "", fmt.Errorf("building Sterling: %w: %s", err, out)
	}
	return path, nil
}
