package tls

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"
)

// special signs a list with extensions of its own, and of its one entry.
func (a *authority) special(file string, ends time.Time, list, entry []pkix.Extension) string {
	a.t.Helper()
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(9), ThisUpdate: time.Now(), NextUpdate: ends, ExtraExtensions: list,
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(9), RevocationTime: time.Now(), ExtraExtensions: entry}},
	}, a.cert, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.write(file, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}))
}

func TestEachKeyOfAnAuthorityHasAListOfItsOwn(t *testing.T) {
	old, renewed := newAuthority(t), newAuthority(t) // of one name
	ca := old.write("both.pem", encodeCertificate(old.cert.Raw), encodeCertificate(renewed.cert.Raw))
	ends := time.Now().Add(200 * time.Hour)
	first, second := old.list("old.crl", 1, ends, 7), renewed.list("new.crl", 2, ends, 8)
	revoked, innocent := old.client("revoked", 7), renewed.client("innocent", 7)
	for _, lists := range [][]string{{first}, {first, second}, {second, first}} {
		policy := ClientPolicy{Hosts: []string{"a.example.org"}, Mode: RequireCertificate, CA: ca, CRLs: lists}
		m := newMeeting(t, old, policy)
		if _, err := m.greet("a.example.org", "revoked", revoked); err == nil || !strings.Contains(err.Error(), "revoked") {
			t.Errorf("%d lists, what one has revoked: %v", len(lists), err)
		}
		if _, err := m.greet("a.example.org", "innocent", innocent); err != nil {
			t.Errorf("%d lists, the same number of the other: %v", len(lists), err)
		}
		loaded, _ := LoadClients([]ClientPolicy{policy})
		if w := loaded.Warnings(); (len(w) == 1) != (len(lists) == 1) || len(w) == 1 && !strings.Contains(w[0].Error(), "with two keys") {
			t.Errorf("%d lists: %v", len(lists), w)
		}
	}
}

// Of a bundle of a root and what it has issued, chains may end at either.
func TestAnAuthorityInCaIsRevokedByTheOneThatIssuedIt(t *testing.T) {
	root := newAuthority(t)
	middle := root.under("middle")
	sub := middle.under("sub")
	var bundle [][]byte
	for _, a := range []*authority{sub, middle, root} {
		bundle = append(bundle, encodeCertificate(a.cert.Raw))
	}
	ca := root.write("bundle.pem", bundle...)
	ann := sub.client("ann", 7)
	ends := time.Now().Add(200 * time.Hour)
	for _, tt := range []struct{ name, list, want string }{
		{"of another number", root.list("root1.crl", 1, ends, 9), ""},
		{"that names what is two above", root.list("root2.crl", 2, ends, middle.cert.SerialNumber.Int64()), "revoked"},
		{"that names what is one above", middle.list("middle.crl", 3, ends, sub.cert.SerialNumber.Int64()), "revoked"},
		{"that has ended", root.list("root4.crl", 4, time.Now().Add(-time.Minute)), "ended"},
	} {
		policy := ClientPolicy{Hosts: []string{"a.example.org"}, Mode: RequireCertificate, CA: ca, CRLs: []string{tt.list}}
		_, err := newMeeting(t, root, policy).greet("a.example.org", "ann", ann)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("a list %s: %v", tt.name, err)
		}
	}
}

func TestListsThatSayLessThanAllAreRefused(t *testing.T) {
	a := newAuthority(t)
	ca := a.write("clients.pem", encodeCertificate(a.cert.Raw))
	ends := time.Now().Add(200 * time.Hour)
	base := a.list("base.crl", 1, ends, 7)
	extension := func(critical bool, value []byte, id ...int) []pkix.Extension {
		return []pkix.Extension{{Id: asn1.ObjectIdentifier(id), Critical: critical, Value: value}}
	}
	scope := []byte{0x30, 0x03, 0x82, 0x01, 0xff} // only authorities' own certificates
	for name, tc := range map[string]struct{ list, entry []pkix.Extension }{
		"is a delta list":                        {list: extension(true, []byte{2, 1, 1}, 2, 5, 29, 27)},
		"a part of its authority's certificates": {list: extension(true, scope, 2, 5, 29, 28)},
		"that is not known here (1.2.3)":         {list: extension(true, []byte{5, 0}, 1, 2, 3)},
		"that is not known here (2.5.29.29)":     {entry: extension(true, []byte{0x30, 0}, 2, 5, 29, 29)},
		"":                                       {list: extension(false, []byte{5, 0}, 1, 2, 3), entry: extension(false, []byte{5, 0}, 1, 2, 4)},
	} {
		other := a.special("other.crl", ends, tc.list, tc.entry)
		_, faults := LoadClients([]ClientPolicy{{Mode: RequireCertificate, CA: ca, CRLs: []string{base, other}}})
		switch {
		case name == "" && len(faults) > 0:
			t.Errorf("a full list is refused: %v", faults)
		case name != "" && (len(faults) != 1 || faults[0].Field != "crl[1]" || !strings.Contains(faults[0].Error(), name)):
			t.Errorf("%s: %v", name, faults)
		}
	}
}

func TestFilesOfListsThatAreCutAreRefused(t *testing.T) {
	a := newAuthority(t)
	read := func(path string) string {
		t.Helper()
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	ends := time.Now().Add(time.Hour)
	one, two := read(a.list("one.crl", 1, ends)), read(a.list("two.crl", 2, ends, 7))
	for name, tc := range map[string]struct {
		text  string
		lists int // 0: it is refused
	}{
		"both":                   {one + two, 2},
		"with blanks and words":  {"Certificate Revocation List (CRL):\n" + one + "\n \n" + two + "\n\n", 2},
		"cut in the second":      {one + two[:len(two)-60], 0},
		"cut in its last line":   {one + two[:len(two)-5], 0},
		"cut in its first line":  {one + two[:8], 0},
		"the first one damaged":  {one[:len(one)-60] + "\n" + two, 0},
		"something else at last": {one + "x", 0},
	} {
		lists, err := parseLists([]byte(tc.text))
		if len(lists) != tc.lists || (err == nil) != (tc.lists > 0) {
			t.Errorf("%s: %d lists, %v", name, len(lists), err)
		}
	}
}
