package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// haproxy writes HAProxy as a candidate. Its log goes to standard output, and
// that to a file: it writes to no file itself.
func haproxy(path string, s site) (program, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "global\n  nbthread %d\n  ssl-default-bind-options ssl-min-ver TLSv1.2\n", s.threads)
	if s.log != "" {
		b.WriteString("  log stdout format raw local0 info\n")
	}
	b.WriteString(`defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  timeout http-keep-alive 300s
  option forwardfor
  http-reuse always
  unique-id-format %[uuid()]
  unique-id-header X-Request-Id
`)
	if s.log != "" {
		b.WriteString("  log global\n  option httplog\n")
	}
	for _, f := range []struct{ name, bind, proto string }{
		{"plain", s.plain, "http"},
		{"secure", s.secure + " ssl crt " + s.pair + " alpn h2,http/1.1", "https"},
	} {
		fmt.Fprintf(&b, `frontend %s
  bind %s
  http-request set-header X-Forwarded-Proto %s
  http-request set-header X-Forwarded-Host %%[req.hdr(host)]
  default_backend app
`, f.name, f.bind, f.proto)
	}
	b.WriteString("backend app\n  balance leastconn\n  cookie SRV insert indirect nocache httponly\n")
	for i, a := range s.backends {
		fmt.Fprintf(&b, "  server b%d %s cookie b%d\n", i+1, a, i+1)
	}
	file := filepath.Join(s.dir, "haproxy.cfg")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		return program{}, fmt.Errorf("writing the configuration of HAProxy: %w", err)
	}
	return program{argv: []string{path, "-db", "-f", file}, stdout: s.log}, nil
}
