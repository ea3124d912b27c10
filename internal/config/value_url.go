package config

import (
	"net/url"
	"strings"
)

// backendURLs is where a backend answers: a scheme and a host. What else a URL
// may hold is refused without being shown: it may be a password.
var backendURLs = kind[*url.URL]{name: "URL", example: `"http://127.0.0.1:8080"`, parse: func(s string) (*url.URL, *fault) {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return nil, faultf(`write it like "http://127.0.0.1:8080"`, "is not a URL: the scheme is missing")
	}
	if lower := strings.ToLower(scheme); lower != "http" && lower != "https" {
		return nil, faultf("use http or https", "scheme %q is not supported", scheme)
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?#\\"); i >= 0 {
		authority = rest[:i]
	}
	if strings.Contains(authority, "@") {
		return nil, faultf("set an Authorization header in [route.request.set]", "a URL of a backend holds no user name or password")
	}
	if tail := rest[len(authority):]; tail != "" && tail != "/" {
		return nil, faultf("write scheme, host and port alone", "a URL of a backend holds no %s", tailName(tail))
	}
	host, port, f := splitAuthority(authority)
	switch {
	case f != nil:
		return nil, f
	case host == "":
		return nil, faultf(`write it like "http://127.0.0.1:8080"`, "the host is missing")
	case port != "":
		f = portNumber(port, 1)
	}
	if f == nil {
		f = urlHost(host)
	}
	return &url.URL{Scheme: strings.ToLower(scheme), Host: strings.ToLower(authority)}, f
}}

func tailName(tail string) string {
	switch tail[0] {
	case '?':
		return "query"
	case '#':
		return "fragment"
	}
	return "path"
}

// directoryURLs are those of authorities: RFC 8555, section 6.1, wants HTTPS.
var directoryURLs = kind[string]{name: "https URL", example: `"https://ca.example.org/directory"`, parse: func(s string) (string, *fault) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "":
		return "", faultf(`write it as "https://ca.example.org/directory"`, "%q is not the URL of a directory", s)
	case u.Scheme != "https":
		return "", faultf("write https://", "%q is not https", s)
	}
	return s, nil
}}
