package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// wrkReport is a script for wrk that only speaks at the end, and so costs the
// load nothing: what wrk prints by itself is rounded.
const wrkReport = `function done(s, latency)
  io.write(string.format('\n{"requests":%d,"bytes":%d,"micros":%d,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d,"p50":%d,"p99":%d}\n',
    s.requests, s.bytes, s.duration, s.errors.connect, s.errors.read, s.errors.write, s.errors.status, s.errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
`

// wrkSettings makes wrk, through OpenSSL's configuration, agree on the same
// cipher and key exchange with every candidate.
const wrkSettings = `openssl_conf = init
[init]
ssl_conf = ssl
[ssl]
system_default = tls
[tls]
MinProtocol = TLSv1.3
Ciphersuites = TLS_AES_128_GCM_SHA256
Groups = X25519
`

// wrk is the command for a load over HTTP/1.1.
func wrk(l load) (program, error) {
	script, settings := filepath.Join(l.dir, "report.lua"), filepath.Join(l.dir, "openssl.cnf")
	if err := errors.Join(os.WriteFile(script, []byte(wrkReport), 0o600), os.WriteFile(settings, []byte(wrkSettings), 0o600)); err != nil {
		return program{}, fmt.Errorf("writing for wrk: %w", err)
	}
	argv := []string{"wrk", "-t1", "-c", strconv.Itoa(l.connections), "-d", seconds(l.time) + "s", "--timeout", "10s", "-s", script}
	for _, h := range l.header {
		argv = append(argv, "-H", h)
	}
	return program{argv: append(argv, l.url), env: []string{"OPENSSL_CONF=" + settings}}, nil
}

// parseWrk reads the line that wrkReport wrote.
func parseWrk(out []byte) (outcome, error) {
	var w struct {
		Requests, Bytes, Micros               int64
		Connect, Read, Write, Status, Timeout int64
		P50, P99                              float64 // microseconds
	}
	i := bytes.LastIndex(out, []byte("\n{"))
	if i < 0 {
		return outcome{}, fmt.Errorf("no report in what wrk printed: %.300q", out)
	}
	if err := json.Unmarshal(out[i:], &w); err != nil {
		return outcome{}, fmt.Errorf("reading wrk's report: %w", err)
	}
	if w.Status+w.Timeout+w.Connect+w.Write+w.Read > 0 {
		return outcome{}, fmt.Errorf("%d answers were errors, %d timed out; sockets: %d connect, %d read, %d write errors",
			w.Status, w.Timeout, w.Connect, w.Read, w.Write)
	}
	return outcome{
		Requests: w.Requests, Bytes: w.Bytes, Seconds: float64(w.Micros) / 1e6,
		P50: w.P50 / 1e3, P99: w.P99 / 1e3,
	}, nil
}

// seconds writes a duration in whole seconds, one at least, which is all that
// the tools understand.
func seconds(d time.Duration) string {
	return strconv.Itoa(max(1, int(d.Round(time.Second)/time.Second)))
}
