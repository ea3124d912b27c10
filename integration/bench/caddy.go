package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// caddy writes Caddy as a candidate. It sets X-Forwarded-* by itself.
func caddy(path string, s site) (program, error) {
	_, plain, _ := strings.Cut(s.plain, ":")
	_, secure, _ := strings.Cut(s.secure, ":")
	log := ""
	if s.log != "" {
		log = fmt.Sprintf("  log {\n    output file %s {\n      roll_disabled\n    }\n    format json\n  }\n", s.log)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "{\n  admin off\n  auto_https off\n  storage file_system %s\n  default_bind 127.0.0.1\n"+
		"  servers {\n    protocols h1 h2\n    timeouts {\n      idle 300s\n    }\n  }\n}\n", s.dir)
	fmt.Fprintf(&b, "(app) {\n%s  reverse_proxy %s {\n    lb_policy cookie srv secret\n    header_up X-Request-Id {http.request.uuid}\n"+
		"    transport http {\n      keepalive_idle_conns_per_host 128\n    }\n  }\n}\n", log, strings.Join(s.backends, " "))
	fmt.Fprintf(&b, "http://:%s {\n  import app\n}\nhttps://:%s {\n  tls %s %s\n  import app\n}\n", plain, secure, s.cert, s.key)
	file := filepath.Join(s.dir, "Caddyfile")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		return program{}, fmt.Errorf("writing the configuration of Caddy: %w", err)
	}
	return program{argv: []string{path, "run", "--adapter", "caddyfile", "--config", file}, env: []string{"HOME=" + s.dir, "XDG_CONFIG_HOME=" + s.dir, "XDG_DATA_HOME=" + s.dir}}, nil
}
