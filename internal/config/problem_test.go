package config

import (
	"errors"
	"testing"
)

func TestProblemIsOneReadableLine(t *testing.T) {
	for _, c := range []struct {
		problem Problem
		want    string
	}{
		{Problem{"sterling.toml", 14, "pool[0].backend[1].url", `scheme "ftp" is not supported`, "use http or https", false},
			`sterling.toml:14: pool[0].backend[1].url: scheme "ftp" is not supported; use http or https`},
		{Problem{"a.toml", 2, "", "syntax error: x", "", false}, `a.toml:2: syntax error: x`},
		{Problem{"a.toml", 2, "state.dir", "is not there", "", true}, `a.toml:2: state.dir: warning: is not there`},
		{Problem{"a\n.toml", 0, "x\x1b[31m", "one\r\ntwo", "\x00", false}, `a\n.toml:1: x\x1b[31m: one\r\ntwo; \x00`},
	} {
		if got := c.problem.String(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestWarningsAreNoError(t *testing.T) {
	problems := Problems{{Line: 3, Warning: true}}
	if err := problems.Err(); err != nil {
		t.Errorf("only a warning, yet %v", err)
	}
	problems = append(problems, Problem{Line: 1, Text: "x"})
	if problems.Errors() != 1 || problems.Warnings() != 1 {
		t.Errorf("%d errors, %d warnings, want 1 and 1", problems.Errors(), problems.Warnings())
	}
	var found Problems
	if err := problems.Err(); !errors.As(err, &found) || len(found) != 2 {
		t.Errorf("Err gave %v", err)
	}
	if problems.Sort(); problems[0].Line != 1 {
		t.Errorf("not in the order of the file: %v", problems)
	}
}

func TestALaterProblemIsPutAtItsKey(t *testing.T) {
	cfg, problems := Parse("x.toml", []byte(readGood(t, "sample.toml")))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	p := cfg.Problem("route[0].request.set.X-Front", "unknown placeholder", "")
	if p.File != "x.toml" || p.Line != 61 || p.Warning {
		t.Errorf("%+v", p)
	}
	if w := cfg.Warning("pool[0].tls.ca", "x", ""); !w.Warning || w.Line != 65 {
		t.Errorf("%+v", w)
	}
	if p := (&Config{}).Problem("route[0]", "x", ""); p.Line != 1 {
		t.Errorf("a Config that was made by hand: %+v", p)
	}
}
