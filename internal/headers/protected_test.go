package headers

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestProtectedNames(t *testing.T) {
	for _, name := range []string{
		"X-Forwarded-For", "x-forwarded-for", "X-FORWARDED-HOST", "X-Forwarded-Client-Cert", "X-Forwarded-Anything",
		"X_Forwarded_For", "X-Forwarded_Proto", "x_ssl_client_verify", "X.Forwarded.For", "X~Real~Ip", "X-Forwarded-" + strings.Repeat("a", 200),
		"Forwarded", "X-Real-Ip", "X-Ssl-Client-Dn", "X-Client-Cert", "X-Client-Certificate", "Ssl-Client-Verify", "Client-Cert",
		"True-Client-Ip", "Remote_User", "X-Original-Url", "X-Request-Id",
	} {
		if !Protected(name) {
			t.Errorf("%q is not protected", name)
		}
	}
	for _, name := range []string{
		"", "X-Forward", "XForwardedFor", "Accept", "Host", "Via", "X-Real-Ip2", "X-Requested-With", "Cookie", "Authorization", "X-Http-Method-Override",
		"Ssl", "User", strings.Repeat("a", 300),
	} {
		if Protected(name) {
			t.Errorf("%q is protected", name)
		}
	}
}

func TestNamesInTablesAreFolded(t *testing.T) {
	for _, table := range []*nameSet{protectedNames, neverSent, notInTrailers, notForRules} {
		for _, name := range table.names {
			if !table.has(name) || !table.has(strings.ToUpper(name)) {
				t.Errorf("%q can never be found", name)
			}
		}
	}
	for _, p := range protectedPrefixes {
		if !foldedAlike(p, p) {
			t.Errorf("%q can never be found", p)
		}
	}
}

// TestDocumentationNamesEveryProtectedName holds the list in the comment of
// Protected against the table.
func TestDocumentationNamesEveryProtectedName(t *testing.T) {
	src, err := os.ReadFile("protected.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(src), "// Protected are: ")
	doc, _, _ := strings.Cut(rest, "\nfunc ")
	documented := make(map[string]bool)
	for _, name := range regexp.MustCompile(`[A-Za-z0-9-]+\*?`).FindAllString(doc, -1) {
		documented[strings.ToLower(name)] = true
	}
	for _, name := range protectedNames.names {
		if !documented[name] {
			t.Errorf("%q is not in the comment of Protected", name)
		}
		delete(documented, name)
	}
	for _, p := range protectedPrefixes {
		if !documented[p+"*"] {
			t.Errorf("%q is not in the comment of Protected", p+"*")
		}
		delete(documented, p+"*")
	}
	for name := range documented {
		t.Errorf("%q is in the comment of Protected only", name)
	}
}
