package config

import (
	"fmt"
	"strings"
	"testing"
)

func TestEverySecretOfTheSchemaIsMarked(t *testing.T) {
	marked := 0
	for _, row := range allRows() {
		for _, word := range []string{"secret", "token", "password"} {
			if (strings.Contains(row.kind, word) || strings.Contains(row.name, word)) && !row.secret && row.kind != "list of upgrade tokens" {
				t.Errorf("%s is not marked", row.path)
			}
		}
		if row.secret {
			marked++
		}
	}
	if marked < 6 {
		t.Errorf("%d keys are marked", marked)
	}
}

// What the TOML library cannot read, it likes to quote.
func TestNoFaultOfSyntaxShowsASecret(t *testing.T) {
	const quoted = "hunter2"
	said := 0
	for _, row := range allRows() {
		if !row.secret {
			continue
		}
		name := row.name
		if strings.HasPrefix(row.kind, "table") {
			name += ".X-A"
		}
		table := strings.TrimSuffix(strings.ReplaceAll(row.path, "[]", ""), "."+row.name)
		header := "[" + table + "]\n"
		if i := strings.LastIndexByte(row.path, ']'); i >= 0 {
			first, rest, _ := strings.Cut(row.path, "[]")
			header = fmt.Sprintf("[[%s]]\n[%s%s]\n", first, first, strings.TrimSuffix(rest, "."+row.name))
		}
		for _, value := range []string{
			quoted, quoted + "==", "1" + quoted, "1.5" + quoted, "0x1" + quoted, "0b1" + quoted, "1_" + quoted, "+0x" + quoted, "-" + quoted, "inf" + quoted,
			"true" + quoted, "nan" + quoted, `"` + quoted, `"` + quoted + `\q"`, `"\u` + quoted + `"`, `"\x` + quoted + `"`, "'" + quoted,
			`"a" "` + quoted + `"`, `"""` + quoted, "[" + quoted + "]", `["a" ` + quoted, "{ a = " + quoted + " }", "2026-01-01" + quoted, "1979-05-27T07:32:00" + quoted,
		} {
			for _, text := range []string{
				header + name + " = " + value,
				header + strings.ToUpper(name) + " = " + value + "\n",
				table + "." + name + " = " + value + "\n",
				table + " = { " + name + " = " + value + " }\n",
				table + " = { other = 1, " + name + " = " + value + ", more = 2 }\n",
			} {
				_, problems := Parse("sterling.toml", []byte(text))
				if strings.Contains(problems.Error(), quoted) || strings.Contains(problems.Error(), quoted[:3]) {
					t.Errorf("%s shows it:\n%v", text, problems)
				}
				if strings.Contains(problems.Error(), "cannot be read") {
					said++
				}
			}
		}
	}
	if said < 100 {
		t.Errorf("only %d faults were about the value", said)
	}
}
