package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// The answers of the backends, by path: "/", "/1m", and "/who", which says
// which backend answers.
const (
	smallSize = 872
	largeSize = 1 << 20
)

var (
	smallBody = bytes.Repeat([]byte("abcdefg\n"), smallSize/8)
	largeBody = bytes.Repeat([]byte("0123456789abcdef"), largeSize/16)
)

// startBackends starts servers at the addresses, named b1, b2 and so on, and
// says what they are: nginx or, where there is none, this program itself.
func (s *stage) startBackends(ctx context.Context, dir string, addresses []string, cores []int) (r *process, kind string, err error) {
	files := filepath.Join(dir, "files")
	if err := errors.Join(os.MkdirAll(files, 0o700), os.WriteFile(filepath.Join(files, "1m"), largeBody, 0o600)); err != nil {
		return nil, "", fmt.Errorf("writing the backends' files: %w", err)
	}
	p := program{dir: dir, cores: cores}
	if path, err := find("nginx"); err == nil {
		kind = "nginx"
		p.argv, err = nginxArgs(path, dir, nginxBackends(files, addresses))
		if err != nil {
			return nil, "", err
		}
	} else {
		kind = "a small server of the bench itself, for nginx is not installed"
		self, err := os.Executable()
		if err != nil {
			return nil, "", fmt.Errorf("finding this program: %w", err)
		}
		p.argv = append([]string{self, "backend"}, addresses...)
	}
	r, err = s.start(p)
	if err != nil {
		return nil, "", err
	}
	for _, a := range []string{addresses[0], addresses[len(addresses)-1]} {
		if err := ready(ctx, r, "http://"+a+"/"); err != nil {
			return nil, "", fmt.Errorf("the backend at %s: %w", a, err)
		}
	}
	return r, kind, nil
}

// nginxBackends is the configuration of backends: a server for each address.
func nginxBackends(files string, addresses []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%saccess_log off;\nsendfile on;\nopen_file_cache max=10;\n", nginxHead(1))
	for i, a := range addresses {
		fmt.Fprintf(&b, `server {
  listen %s;
  default_type text/plain;
  location = / { return 200 "%s"; }
  location = /who { return 200 "b%d"; }
  location = /1m { root %s; }
}
`, a, smallBody, i+1, files)
	}
	b.WriteString("}\n")
	return b.String()
}

// serveBackend is the role of a backend where there is no nginx.
func serveBackend(addresses []string, _ io.Writer) error {
	failed := make(chan error)
	for i, a := range addresses {
		l, err := net.Listen("tcp", a)
		if err != nil {
			return err
		}
		mux := http.NewServeMux()
		for path, body := range map[string][]byte{"/{$}": smallBody, "/who": []byte("b" + strconv.Itoa(i+1)), "/1m": largeBody} {
			mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/plain")
				w.Header().Set("Content-Length", strconv.Itoa(len(body)))
				_, _ = w.Write(body) // the client may be gone
			})
		}
		s := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
		go func() { failed <- s.Serve(l) }()
	}
	return <-failed
}

// addresses returns n free addresses of this machine.
func addresses(n int) ([]string, error) {
	var found []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("looking for a free port: %w", err)
		}
		defer l.Close() //nolint:errcheck // only now, or the next could be the same
		found = append(found, l.Addr().String())
	}
	return found, nil
}

// find finds an installed program, also where only administrators look.
func find(name string) (string, error) {
	path, err := exec.LookPath(name)
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin"} {
		if err == nil {
			break
		}
		path, err = exec.LookPath(filepath.Join(dir, name))
	}
	return path, err
}
