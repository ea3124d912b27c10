package tls

import "strings"

// canonical brings a name as a client may write it into the form in which
// names are compared: lower case, without the dot at the end. It allocates
// only for a name that has upper case.
func canonical(name string) string {
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// wildcard returns what follows "*." in a name of a certificate. Only a whole
// first label may be a wildcard (RFC 6125, section 6.4.3).
func wildcard(name string) (parent string, ok bool) {
	parent, ok = strings.CutPrefix(name, "*.")
	return parent, ok && parent != "" && !strings.Contains(parent, "*")
}
