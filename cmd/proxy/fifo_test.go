package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Whoever opens a FIFO waits for one who writes to it.
func TestAFIFOIsRefusedForEveryFile(t *testing.T) {
	s := newSite(t)
	if err := syscall.Mkfifo(filepath.Join(s.dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	for key, more := range map[string]string{
		"tls.certificate[1].cert":  "[[tls.certificate]]\ncert = \"fifo\"\nkey = \"key.pem\"\n",
		"tls.certificate[1].key":   "[[tls.certificate]]\ncert = \"cert.pem\"\nkey = \"fifo\"\n",
		"tls.certificate[1].files": "[[tls.certificate]]\nfiles = \"fif?\"\n",
		"tls.ech[0]":               "[tls]\nech = [\"fifo\"]\n",
		"tls.acme.ca":              "[tls.acme]\naccept_terms = true\nca = \"fifo\"\n",
		"tls.client[0].ca":         "[[tls.client]]\ncertificate = \"required\"\nca = \"fifo\"\n",
		"tls.client[0].crl[0]":     "[[tls.client]]\ncertificate = \"required\"\nca = \"cert.pem\"\ncrl = [\"fifo\"]\n",
		"affinity.keys":            "[affinity]\nkeys = \"" + filepath.Join(s.dir, "fifo") + "\"\n",
		"pool[1].tls.ca":           pool("[pool.tls]\nca = \"fifo\"\n"),
		"pool[1].tls.cert":         pool("[pool.tls]\ncert = \"fifo\"\nkey = \"key.pem\"\n"),
		"pool[1].tls.key":          pool("[pool.tls]\ncert = \"cert.pem\"\nkey = \"fifo\"\n"),
		"pool[1].unavailable.file": pool("[pool.unavailable]\nfile = \"fifo\"\n"),
	} {
		s.configure(t, "first", more)
		code, _, stderr := call("check", "-c", s.file)
		if code != exitFailed || !strings.Contains(stderr, ": "+key+": ") || !strings.Contains(stderr, "it is a FIFO") {
			t.Errorf("%s: exit %d, %s", key, code, stderr)
		}
	}
}

// pool is one more, with an https backend.
func pool(more string) string {
	return fmt.Sprintf("[[pool]]\nname = \"other\"\n%s[[pool.backend]]\nname = \"b\"\nurl = \"https://localhost:1\"\n", more)
}
