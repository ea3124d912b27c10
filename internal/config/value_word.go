package config

import (
	"encoding/base64"
	"path/filepath"
	"slices"
	"strings"
)

// maxName bounds the names that a file gives to things.
const maxName = 64

// words is one of a few fixed texts.
func words(known ...string) kind[string] {
	return kind[string]{
		name: "one of " + strings.Join(known, ", "), example: `"` + known[0] + `"`,
		parse: func(s string) (string, *fault) {
			if slices.Contains(known, s) {
				return s, nil
			}
			if hint := elsewhereHint(s, known); hint != "" {
				return "", faultf(hint, "%q is not known", s)
			}
			if best := nearest(s, known); best != "" {
				return "", faultf("did you mean \""+best+"\"?", "%q is not known", s)
			}
			return "", faultf("use "+either(known), "%q is not known", s)
		},
	}
}

// planned refuses words of the design that are not built, with a plain reason.
func planned(k kind[string], later ...string) kind[string] {
	parse := k.parse
	k.parse = func(s string) (string, *fault) {
		if slices.Contains(later, s) {
			f := notYet(`"` + s + `"`)
			f.hint = "use " + either(strings.Split(strings.TrimPrefix(k.name, "one of "), ", "))
			return "", f
		}
		return parse(s)
	}
	return k
}

// either lists words as people do: "a, b or c".
func either(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// bodyWords are looked for at the beginning of an answer's body.
var bodyWords = kind[string]{name: "word", example: `"drain"`, parse: func(s string) (string, *fault) {
	switch {
	case s == "":
		return "", faultf("leave it out, if no word asks for a drain", "is empty")
	case len(s) > maxName:
		return "", faultf("", "is longer than %d characters", maxName)
	case strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return "", faultf("use letters, digits and signs of ASCII", "%q is not one word", s)
	}
	return s, nil
}}

// names are what users call their listeners, routes, pools and backends. They
// stand in logs, cookies and paths of the API, so they are plain.
var names = kind[string]{name: "name", example: `"front"`, parse: func(s string) (string, *fault) {
	switch {
	case s == "":
		return "", faultf("", "is empty")
	case len(s) > maxName:
		return "", faultf("", "is longer than %d characters", maxName)
	}
	for _, r := range s {
		if r > 127 || !bareKey(byte(r)) && r != '.' {
			return "", faultf("use letters, digits, dot, underscore and hyphen", "%q holds a character that a name must not have: %q", s, r)
		}
	}
	return s, nil
}}

// references are names of things defined elsewhere in the file.
var references = kind[string]{name: "name", example: `"front"`, parse: names.parse}

// files are paths of files and folders.
var files = kind[string]{name: "path", example: `"file.pem"`, parse: func(s string) (string, *fault) {
	return s, plain(s)
}}

// patterns are paths in which *, ? and [a-z] stand for parts of names.
var patterns = kind[string]{name: "path pattern", example: `"certs/*.pem"`, parse: func(s string) (string, *fault) {
	if _, err := filepath.Match(s, ""); err != nil {
		return "", faultf("a [ needs its ]", "%q is not a pattern", s)
	}
	return s, plain(s)
}}

// secrets are never shown, not even in part.
var secrets = kind[string]{name: "secret", example: `"text"`, secret: true, parse: func(s string) (string, *fault) {
	return s, plain(s)
}}

func plain(s string) *fault {
	switch {
	case s == "":
		return faultf("", "is empty")
	case printable(s) != s:
		return faultf("", "holds a control character")
	}
	return nil
}

// logFiles are where the process log goes.
var logFiles = kind[string]{name: "stderr, stdout or a path", example: `"stderr"`, parse: func(s string) (string, *fault) {
	if s == "off" || s == "syslog" {
		return "", faultf("use stderr, stdout or a file path", "%q is for the access log only", s)
	}
	return s, plain(s)
}}

// accessLogFiles are where the access log goes.
var accessLogFiles = kind[string]{name: "stdout, stderr, off, syslog or a path", example: `"stdout"`, parse: files.parse}

// builtinFormats are the formats of the access log that need no template.
var builtinFormats = []string{"json", "combined", "common"}

// formatNames is a built-in format or a name of [access_log.formats].
var formatNames = kind[string]{name: "json, combined, common or a name of formats", example: `"json"`, parse: names.parse}

// formatName accepts the name of a template.
func formatName(name string) *fault {
	if slices.Contains(builtinFormats, name) {
		return faultf("choose another name", "%q is built in", name)
	}
	_, f := names.parse(name)
	return f
}

// texts are taken as they are.
var texts = kind[string]{name: "text", example: `"text"`, parse: func(s string) (string, *fault) { return s, plain(s) }}

// emails are looked at as far as a slip shows.
var emails = kind[string]{name: "email address", example: `"ops@example.org"`, parse: func(s string) (string, *fault) {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || strings.ContainsAny(s, " <>,;:") {
		return "", faultf(`write it as "ops@example.org"`, "%q is not an email address", s)
	}
	return s, hostName(domain)
}}

// encodedSecrets are bytes in base64url, as an authority hands them out. They are
// never shown, not even in part.
var encodedSecrets = kind[[]byte]{name: "secret in base64url", example: `"c2VjcmV0"`, secret: true, parse: func(s string) ([]byte, *fault) {
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
	if err != nil || len(data) == 0 {
		return nil, faultf("copy the HMAC key as the authority shows it", "is not base64url")
	}
	return data, nil
}}

// called gives a kind a shorter name than its list of words.
func (k kind[T]) called(name string) kind[T] { k.name = name; return k }

// suites are those of TLS 1.2 that the package tls knows by these names.
var suites = words("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
	"ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305").called("cipher suite")

// curves are key exchanges that the package tls knows by these names.
var curves = words("X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024", "X25519", "P-256", "P-384", "P-521").called("curve")

// lineVersions are those of the PROXY protocol; 0 is off.
var lineVersions = kind[int]{name: "one of off, v1, v2", example: `"v2"`, parse: func(s string) (int, *fault) {
	switch s {
	case "off":
		return 0, nil
	case "v1":
		return 1, nil
	case "v2":
		return 2, nil
	}
	return 0, faultf("use off, v1 or v2", "%q is not known", s)
}}
