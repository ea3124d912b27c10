package headers

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http/httpguts"
)

var someVars = Vars{
	Host: "www.example.org", Path: "/a%20b", Query: "c=d", Method: "GET", Scheme: "https", ClientIP: "192.0.2.1",
	RequestID: "id", Listener: "front", Route: "portal", Pool: "app", ServerName: "sni.example.org",
	TLSVersion: "TLS 1.3", TLSCipher: "TLS_AES_128_GCM_SHA256",
	Time: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.FixedZone("", 3600)), Backend: "b1", Status: 204,
}

func TestTemplatesExpand(t *testing.T) {
	for in, want := range map[string]string{
		"":                         "",
		"plain":                    "plain",
		"$$":                       "$",
		"$$$$5":                    "$$5",
		"$${host}":                 "${host}",
		"${host}":                  "www.example.org",
		"${host}>":                 "www.example.org>",
		"<${host}":                 "<www.example.org",
		"<${host}>":                "<www.example.org>",
		"${host}${path}?${query}":  "www.example.org/a%20b?c=d",
		"$$${method}$$":            "$GET$",
		"${scheme} ${client_ip}":   "https 192.0.2.1",
		"${request_id}":            "id",
		"${listener}/${route}":     "front/portal",
		"${pool}/${backend}":       "app/b1",
		"${server_name}":           "sni.example.org",
		"${tls_version}":           "TLS 1.3",
		"${tls_cipher}":            "TLS_AES_128_GCM_SHA256",
		"${time_iso}":              "2026-01-02T02:04:05.678Z",
		"${status}":                "204",
		"tab\tis fine, \u00fc too": "tab\tis fine, \u00fc too",
	} {
		tpl, err := Compile(Response, in)
		if err != nil {
			t.Errorf("Compile(%q): %v", in, err)
			continue
		}
		if got, ok := tpl.Expand(&someVars); got != want || !ok {
			t.Errorf("%q expands to %q, %v; want %q", in, got, ok, want)
		}
	}
}

func TestUnknownValuesExpandToNothing(t *testing.T) {
	tpl, err := Compile(Response, "<${host}${status}${time_iso}>")
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := tpl.Expand(&Vars{}); got != "<>" || !ok {
		t.Errorf("%q, %v", got, ok)
	}
}

func TestEveryPlaceholderHasAValue(t *testing.T) {
	for _, p := range placeholderNames {
		tpl, err := Compile(Response, "${"+p.name+"}")
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := tpl.Expand(&someVars); got == "" {
			t.Errorf("${%s} is empty", p.name)
		}
		if _, err := Compile(Request, "${"+p.name+"}"); (err != nil) != p.inAnswersOnly() {
			t.Errorf("${%s} in a request: %v", p.name, err)
		}
	}
}

func TestRefusedTemplates(t *testing.T) {
	for in, want := range map[string]string{
		"${clientip}":    "did you mean ${client_ip}?",
		"${Host}":        "did you mean ${host}?",
		"${hots}":        "did you mean ${host}?",
		"${zzzzzzzzzzz}": "there are ${host} ${path}",
		"${}":            "there are ${host} ${path}",
		"${ host }":      "did you mean ${host}?",
		"${host":         "a dollar sign begins no placeholder",
		"$":              "a dollar sign begins no placeholder",
		"$host":          "a dollar sign begins no placeholder",
		"a$$$":           "a dollar sign begins no placeholder",
		"${backend}":     "has no value before the answer",
		"a\r\nX: y":      "no control bytes",
		"a\nb":           "no control bytes",
		"\x00":           "no control bytes",
	} {
		_, err := Compile(Request, in)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Compile(%q): %v; want %q", in, err, want)
		}
	}
}

func TestUnsafeValuesAreNotExpanded(t *testing.T) {
	for _, in := range []string{"${path}", "x${path}", "${host}${path}"} {
		tpl, err := Compile(Request, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"a\rb", "a\nb", "a\x00b", "a\r\nX-Evil: 1", "\x7f", "\x1b[0m"} {
			if got, ok := tpl.Expand(&Vars{Path: bad}); ok || got != "" {
				t.Errorf("%q expands %q to %q", in, bad, got)
			}
		}
	}
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"${host}", "$$${path}", "a${status}b", "$", "${", "${}", "$${", "${host}${host"} {
		f.Add(s, "value")
		f.Add(s, "a\r\nb")
	}
	f.Fuzz(func(t *testing.T, s, value string) {
		tpl, err := Compile(Response, s)
		if err != nil {
			return
		}
		v := someVars
		v.Host, v.Path, v.Query = value, value, value
		got, ok := tpl.Expand(&v)
		if ok && !httpguts.ValidHeaderFieldValue(got) {
			t.Errorf("%q expands to %q", s, got)
		}
		if !strings.Contains(s, "$") && got != s {
			t.Errorf("%q expands to %q", s, got)
		}
	})
}

func TestExpandingCostsOneAllocationAtMost(t *testing.T) {
	for s, want := range map[string]float64{"static": 0, "${host}": 0, "${scheme}://${host}${path}": 1, "${status}": 1} {
		tpl, err := Compile(Response, s)
		if err != nil {
			t.Fatal(err)
		}
		n := testing.AllocsPerRun(100, func() {
			v := Vars{Scheme: "https", Host: "h", Path: "/a", Status: 204}
			tpl.Expand(&v)
		})
		if n != want {
			t.Errorf("%q: %v allocations, want %v", s, n, want)
		}
	}
}

func BenchmarkTemplate(b *testing.B) {
	for _, s := range []string{"static", "${host}", "${scheme}://${host}${path}"} {
		tpl, err := Compile(Request, s)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				tpl.Expand(&someVars)
			}
		})
	}
}
