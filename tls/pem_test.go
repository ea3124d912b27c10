package tls

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What is lost with a damaged block may be the issuer that clients need, or the
// authority that a client's certificate is of. pem.Decode goes on behind it.
func TestDamagedBlocksAreNotPassedOver(t *testing.T) {
	ca := newAuthority(t)
	sub := ca.under("test intermediate")
	pair := sub.host("leaf", "leaf.example")
	leaf, issuer := string(read(t, pair.Cert)), string(encodeCertificate(sub.cert.Raw))
	lines := strings.Split(issuer, "\n")
	without := func(n int) string { return strings.Join(slices.Concat(lines[:n], lines[n+1:]), "\n") }
	end := len(lines) - 2 // behind it is the empty line
	const key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
	for name, tt := range map[string]struct {
		text string
		want string // of the fault; "": two certificates
	}{
		"whole":                    {leaf + issuer, ""},
		"words all around":         {"subject=x\n" + leaf + "\nissuer: y\n-----\n" + issuer + "\nthe end -----BEGIN\n", ""},
		"one that is commented":    {leaf + "#" + strings.ReplaceAll(strings.TrimSpace(issuer), "\n", "\n#") + "\n" + issuer, ""},
		"other blocks between":     {leaf + key + issuer, ""},
		"lines of other systems":   {strings.ReplaceAll(leaf+issuer, "\n", "\r\n"), ""},
		"no line end at the end":   {leaf + strings.TrimSpace(issuer), ""},
		"no end":                   {leaf + without(end), "PEM block 2, which begins in line LEAF, is not whole"},
		"no end, and another one":  {leaf + without(end) + issuer, "PEM block 2, which begins in line LEAF, is not whole"},
		"no beginning":             {leaf + without(0), "has lost its beginning"},
		"no beginning, first":      {without(0) + leaf, "has lost its beginning"},
		"a dash too few":           {leaf + issuer[1:], "has lost its beginning"},
		"a dash too few at last":   {leaf + strings.TrimSpace(issuer)[:len(issuer)-2] + "\n", "PEM block 2"},
		"another character within": {leaf + strings.Replace(issuer, lines[3], "*"+lines[3][1:], 1), "PEM block 2"},
		"a character less":         {leaf + strings.Replace(issuer, lines[3], lines[3][1:], 1), "PEM block 2"},
		"indented":                 {leaf + "  " + issuer, "PEM block 2"},
		"behind a byte order mark": {"\ufeff" + leaf + issuer, "PEM block 1, which begins in line 1,"},
		"cut within":               {leaf + issuer[:len(issuer)/2], "PEM block 2"},
		"cut in the last line":     {leaf + issuer[:len(issuer)-5], "PEM block 2"},
		"cut in the first line":    {leaf + issuer[:8], "where a PEM block begins"},
		"another block is damaged": {leaf + issuer + strings.Replace(key, "AAAA", "A", 1), "PEM block 3"},
	} {
		want := strings.ReplaceAll(tt.want, "LEAF", strconv.Itoa(strings.Count(leaf, "\n")+1))
		chain, err := parseChain([]byte(tt.text))
		if want == "" {
			if err != nil || len(chain) != 2 {
				t.Errorf("%s: %d certificates, %v", name, len(chain), err)
			}
			continue
		}
		if !errors.Is(err, errDamaged) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
		// And so say all who read such files.
		file := ca.write("damaged.pem", []byte(tt.text))
		s, faults := Load([]Pair{{file, pair.Key}})
		if s != nil || len(faults) != 1 || faults[0].Field != "cert" || !strings.Contains(faults[0].Error(), want) || !strings.Contains(faults[0].Hint, "whole copy") {
			t.Errorf("%s: as a pair %v", name, faults)
		}
		c, errs := LoadClients([]ClientPolicy{{Mode: RequireCertificate, CA: file}})
		if c != nil || len(errs) != 1 || errs[0].Field != "ca" || !strings.Contains(errs[0].Error(), file) || !strings.Contains(errs[0].Error(), want) || errs[0].Hint == "" {
			t.Errorf("%s: as authorities of clients %v", name, errs)
		}
		for _, o := range []ClientOptions{{CA: file}, {Cert: file, Key: pair.Key}} {
			if _, err := ClientConfig(o); err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: towards backends %v", name, err)
			}
		}
	}
}
