package router

import (
	"strings"
	"testing"
)

func TestProblemsOfRoutes(t *testing.T) {
	front, plain := []string{"front"}, []string{"plain"}
	both := []string{"plain", "front"}
	host, app := []string{"www.example.org"}, []string{"/app"}
	for name, c := range map[string]struct {
		routes []Route
		want   []string // "route key: text" fragments; "warn " before a warning
	}{
		"none":                        {[]Route{{Name: "a"}, {Name: "b", Hosts: host}, {Name: "c", Paths: app}}, nil},
		"same host and path":          {[]Route{{Name: "a", Hosts: host}, {Name: "b", Hosts: []string{"WWW.example.org."}, Paths: []string{"/"}}}, []string{`1 : routes "a" and "b" cannot be told apart: both take / of www.example.org on listener "front"`}},
		"any host twice":              {[]Route{{Name: "a"}, {Name: "b", Hosts: []string{"*"}}}, []string{`1 : routes "a" and "b" cannot`}},
		"same prefix":                 {[]Route{{Name: "a", Paths: app}, {Name: "b", Paths: []string{"/%61pp/"}}}, []string{`1 : routes "a" and "b" cannot`}},
		"three of a kind":             {[]Route{{Name: "a"}, {Name: "b"}, {Name: "c"}}, []string{`1 : routes "a" and "b"`, `2 : routes "a" and "c"`}},
		"overlapping listeners":       {[]Route{{Name: "a", Listeners: front}, {Name: "b", Listeners: both}}, []string{`1 : routes "a" and "b" cannot be told apart: both take / of any host on listener "front"`}},
		"one pair, many places":       {[]Route{{Name: "a", Paths: []string{"/x", "/y"}}, {Name: "b", Paths: []string{"/x", "/y"}}}, []string{`1 : routes "a" and "b"`}},
		"different listeners":         {[]Route{{Name: "a", Listeners: front}, {Name: "b", Listeners: plain}}, nil},
		"restricted beside all":       {[]Route{{Name: "a"}, {Name: "b", Listeners: front}}, nil},
		"shadowed everywhere":         {[]Route{{Name: "a"}, {Name: "b", Listeners: both}}, []string{`warn 0 : route "a" can never match: route "b" takes`}},
		"shadowed by two":             {[]Route{{Name: "a"}, {Name: "b", Listeners: front}, {Name: "c", Listeners: plain}}, []string{`warn 0 : route "a" can never match`}},
		"one path shadowed":           {[]Route{{Name: "a", Paths: []string{"/x", "/app"}}, {Name: "b", Listeners: both, Paths: app}}, []string{`warn 0 paths[1]: /app can never match: route "b"`}},
		"one host shadowed":           {[]Route{{Name: "a", Hosts: []string{"x", "www.example.org"}}, {Name: "b", Listeners: both, Hosts: host}}, []string{`warn 0 hosts[1]: www.example.org can never match: route "b"`}},
		"unknown listener":            {[]Route{{Name: "a", Listeners: []string{"frnt"}}}, []string{`0 listeners[0]: there is no listener "frnt"`}},
		"listener twice":              {[]Route{{Name: "a", Listeners: []string{"front", "front"}}}, []string{`warn 0 listeners[1]: listener "front" is named twice`}},
		"host twice":                  {[]Route{{Name: "a", Hosts: []string{"h", "H."}}}, []string{`warn 0 hosts[1]: "H." is named twice`}},
		"path twice":                  {[]Route{{Name: "a", Paths: []string{"/x", "/x/"}}}, []string{`warn 0 paths[1]: "/x/" is named twice`}},
		"every problem, in order":     {[]Route{{Name: "a", Hosts: []string{"h:80"}, Paths: []string{"x"}}, {Name: "b", Hosts: []string{"a b"}}}, []string{"0 hosts[0]", "0 paths[0]", "1 hosts[0]"}},
		"indistinct beats shadowed":   {[]Route{{Name: "a", Listeners: front}, {Name: "b"}, {Name: "c"}}, []string{`2 : routes "b" and "c" cannot be told apart: both take / of any host on listener "plain"`}},
		"order is that of routes":     {[]Route{{Name: "a"}, {Name: "b", Listeners: both}, {Name: "c", Listeners: both}}, []string{`warn 0 : route "a" can never match`, `2 : routes "b" and "c"`}},
		"one place of many shadowed":  {[]Route{{Name: "a", Hosts: []string{"x", "y"}, Paths: []string{"/", "/app"}}, {Name: "b", Listeners: both, Hosts: []string{"x"}, Paths: app}}, nil},
		"wildcard is beside the name": {[]Route{{Name: "a", Hosts: []string{"*.example.org"}}, {Name: "b", Hosts: host}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := New([]string{"front", "plain"}, c.routes)
			var got []string
			for _, p := range problems {
				s := string(rune('0'+p.Route)) + " " + p.Key + ": " + p.Text
				if p.Warning {
					s = "warn " + s
				}
				if p.Hint == "" {
					t.Errorf("%s: no hint", s)
				}
				got = append(got, s)
			}
			for i := range max(len(got), len(c.want)) {
				if i >= len(got) || i >= len(c.want) || !strings.HasPrefix(got[i], c.want[i]) {
					t.Fatalf("problems:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
				}
			}
		})
	}
}

func TestProblemNamesTheOtherRoute(t *testing.T) {
	_, problems := New([]string{"front"}, []Route{{Name: "x", Hosts: []string{"h"}}, {Name: "a"}, {Name: "b"}})
	if len(problems) != 1 || problems[0].Route != 2 || problems[0].Other != 1 {
		t.Errorf("%+v", problems)
	}
}

func TestRefusedPatterns(t *testing.T) {
	for _, h := range []string{"", "h:80", "[::1]:80", "*.*.org", "a.*.org", "*a.org", "**", "*.", "*.192.0.2.1", "*.[::1]", "b\u00fccher.example", "a b", "http://h", "h/x", "."} {
		if got, err := parsePattern(h); err == nil {
			t.Errorf("parsePattern(%q) = %v", h, got)
		}
	}
	for _, p := range []string{"", "app", "/a/../b", "//a", "/a/./b", "/a;x", "/a?b", "/a#b", "/a*", "/%zz", "/a b", "/..", "/%00", `/a\b`} {
		if got, err := parsePrefix(p); err == nil {
			t.Errorf("parsePrefix(%q) = %q", p, got)
		}
	}
}
