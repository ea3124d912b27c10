package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// nginxHead begins a configuration of nginx, up to inside the http block.
func nginxHead(workers int) string {
	var b strings.Builder
	if os.Getuid() == 0 {
		b.WriteString("user root;\n") // or the workers could not read the folder of the run
	}
	b.WriteString("daemon off;\n")
	if workers == 1 {
		// The same worker, without a parent that could die before it.
		b.WriteString("master_process off;\n")
	}
	fmt.Fprintf(&b, "worker_processes %d;\npid nginx.pid;\nerror_log stderr warn;\nevents { worker_connections 16384; }\nhttp {\n", workers)
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&b, "%s_temp_path temp_%s;\n", kind, kind)
	}
	b.WriteString("keepalive_timeout 300s;\nkeepalive_requests 1000000000;\n")
	return b.String()
}

// nginxArgs writes a configuration and returns the command line for it.
func nginxArgs(path, dir, config string) ([]string, error) {
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, fmt.Errorf("writing the configuration of nginx: %w", err)
	}
	return []string{path, "-p", dir, "-e", "stderr", "-c", file}, nil
}

// nginxProxy writes nginx as a candidate. Its sticky cookie is for
// subscribers, so three maps do what it does: a visitor who names a backend
// goes there, or to another one when it is down; who names none is spread, and
// told where they were.
func nginxProxy(path string, s site) (program, error) {
	var b strings.Builder
	b.WriteString(nginxHead(s.threads))
	if s.log == "" {
		b.WriteString("access_log off;\n")
	} else {
		fmt.Fprintf(&b, "access_log %s combined;\n", s.log)
	}
	nginxPins(&b, s.backends)
	fmt.Fprintf(&b, `server {
  listen %s;
  listen %s ssl http2;
  ssl_certificate %s;
  ssl_certificate_key %s;
  ssl_protocols TLSv1.2 TLSv1.3;
  location / {
    proxy_pass http://$target;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header X-Request-Id $request_id;
    add_header Set-Cookie $pin;
  }
}
}
`, s.plain, s.secure, s.cert, s.key)
	argv, err := nginxArgs(path, s.dir, b.String())
	return program{argv: argv}, err
}

// nginxPins writes the upstreams and the maps of the sticky sessions.
func nginxPins(b *strings.Builder, backends []string) {
	var target, pin, name strings.Builder
	upstream := func(title string, first int) {
		fmt.Fprintf(b, "upstream %s {\n  least_conn;\n", title)
		for i, a := range backends {
			backup := ""
			if first >= 0 && i != first {
				backup = " backup"
			}
			fmt.Fprintf(b, "  server %s%s;\n", a, backup)
		}
		b.WriteString("  keepalive 128;\n  keepalive_requests 1000000000;\n}\n")
	}
	upstream("app", -1)
	for i, a := range backends {
		upstream(fmt.Sprintf("b%d", i+1), i)
		fmt.Fprintf(&target, "  b%d b%d;\n", i+1, i+1)
		fmt.Fprintf(&pin, "  b%d \"\";\n", i+1)
		fmt.Fprintf(&name, "  %s b%d;\n", a, i+1)
	}
	fmt.Fprintf(b, "map $cookie_srv $target {\n%s  default app;\n}\n", target.String())
	fmt.Fprintf(b, "map $upstream_addr $name {\n%s}\n", name.String())
	fmt.Fprintf(b, "map $cookie_srv $pin {\n%s  default \"srv=$name; Path=/; HttpOnly\";\n}\n", pin.String())
}
