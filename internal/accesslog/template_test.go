package accesslog

import (
	"strings"
	"testing"
)

func line(t *testing.T, name string, templates map[string]string, r *Record) string {
	t.Helper()
	f, err := newFormat(name, templates)
	if err != nil {
		t.Fatal(err)
	}
	return string(f(nil, r))
}

func TestNCSAFormats(t *testing.T) {
	const common = `192.0.2.7 - - [09/Mar/2026:06:05:04 +0000] "GET /a/b?x=1&y=2 HTTP/1.1" 200 872`
	if got := line(t, "common", nil, sample()); got != common+"\n" {
		t.Errorf("common: %s", got)
	}
	const combined = common + ` "https://www.example.org/\xc3\xa9" "Mozilla/5.0 \"quoted\""`
	if got := line(t, "combined", nil, sample()); got != combined+"\n" {
		t.Errorf("combined: %s", got)
	}
	const nothing = `- - - [01/Jan/0001:00:00:00 +0000] "-" 0 - "-" "-"`
	if got := line(t, "combined", nil, new(Record)); got != nothing+"\n" {
		t.Errorf("empty record: %s", got)
	}
}

func TestNCSALineCannotBeForged(t *testing.T) {
	r := sample()
	r.Path = "/x HTTP/1.1\" 200 5\n10.0.0.1 - - [09/Mar/2026:06:05:04 +0000] \"GET /"
	r.UserAgent = "\" \"\r\n\x1b[2J"
	got := line(t, "combined", nil, r)
	if strings.Count(got, "\n") != 1 || strings.ContainsAny(got, "\r\x1b") {
		t.Errorf("control bytes got through: %q", got)
	}
	if bare := strings.ReplaceAll(got, `\"`, ""); strings.Count(bare, `"`) != 6 {
		t.Errorf("quotes got through: %s", got)
	}
	request := strings.Split(strings.ReplaceAll(got, `\"`, ""), `"`)[1]
	if parts := strings.Split(request, " "); len(parts) != 3 {
		t.Errorf("the request line splits into %d parts: %s", len(parts), request)
	}
}

func TestTemplateValues(t *testing.T) {
	for template, want := range map[string]string{
		"fixed":                          "fixed",
		"$$5 $x $${id} 100%":             "$5 $x ${id} 100%",
		"${time}":                        "2026-03-09T06:05:04.098Z",
		"${attempts} [${backends}]":      "2 [b1,b2]",
		"${duration_ms}/${connect_ms}":   "23.456/0.34",
		"${bytes_in}+${bytes_out}":       "12+872",
		`"${user_agent}" ${user_agent}`:  `"Mozilla/5.0 \"quoted\"" Mozilla/5.0\x20\"quoted\"`,
		`${pool}"${request}"${listener}`: `app"GET /a/b?x=1&y=2 HTTP/1.1"front`,
		"${request}":                     `GET\x20/a/b?x=1&y=2\x20HTTP/1.1`,
		"$":                              "$",
		"${status}":                      "200",
		"tab\t${host}\té":                "tab\twww.example.org\té",
	} {
		if got := line(t, "mine", map[string]string{"mine": template}, sample()); got != want+"\n" {
			t.Errorf("%s: got %s want %s", template, got, want)
		}
	}
	if got := line(t, "mine", map[string]string{"mine": "${backends} ${id}"}, new(Record)); got != "- -\n" {
		t.Errorf("empty values: %s", got)
	}
}

func TestTemplateKnowsEveryKeyOfTheRecord(t *testing.T) {
	for key := range fields {
		if _, err := compile("${" + key + "}"); err != nil {
			t.Error(err)
		}
	}
}

func TestBadFormatsAreNamed(t *testing.T) {
	err := CheckFormat("jsn", map[string]string{
		"a":    "${usr_agent}",
		"b":    "${id",
		"c":    "",
		"d":    "two\nlines",
		"json": "${id}",
		"ok":   "${id}",
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		`"a": unknown key "${usr_agent}"; did you mean ${user_agent}?`,
		`"b": "${id" is not closed by }`,
		`"c": it is empty`,
		`"d": it holds a line break`,
		`"json" is built in`,
		`unknown access log format "jsn"; use json, combined, common, a, b, c, d, json or ok`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing from:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), `"ok"`) {
		t.Errorf("the good one is blamed: %v", err)
	}
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"${id}", "$${", "${", "a \"${path}\" $x", commonTemplate, combinedTemplate} {
		f.Add(s, "x\n\"")
	}
	f.Fuzz(func(t *testing.T, src, value string) {
		compiled, err := compile(src)
		if err != nil {
			return
		}
		got := compiled.append(nil, &Record{ID: value, Path: value, Host: value})
		if i := strings.IndexByte(string(got), '\n'); i != len(got)-1 {
			t.Fatalf("%q made %q", src, got)
		}
	})
}
