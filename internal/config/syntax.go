package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// maxFile is more than any configuration needs, and little enough that a wrong
// file is refused at once.
const maxFile = 4 << 20

// decode reads the TOML text. A problem is one of syntax, without file name.
func decode(data []byte) (map[string]any, *positions, *Problem) {
	if len(data) > maxFile {
		return nil, nil, syntaxProblem(1, fmt.Sprintf("the file is longer than %d MiB", maxFile>>20), "is it a configuration?")
	}
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, nil, syntaxProblem(1, "the file is UTF-16", "save it as UTF-8")
	}
	text := string(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	scanned := scan(text)
	if scanned.deepLine > 0 {
		return nil, nil, syntaxProblem(scanned.deepLine, "nested too deeply", fmt.Sprintf("%d levels are the limit", maxDepth))
	}
	tree := make(map[string]any)
	err := decodeTOML(text, &tree)
	var fault toml.ParseError
	switch {
	case err == nil:
		return tree, scanned.pos, nil
	case errors.As(err, &fault):
		number := faultLine(text, fault, scanned)
		return nil, nil, syntaxProblem(number, faultText(fault), cmp.Or(habitOf(lineOf(text, number)), faultHint(fault)))
	default:
		return nil, nil, syntaxProblem(1, err.Error(), "")
	}
}

// decodeTOML turns what the library takes for a bug of its own into an error.
func decodeTOML(text string, tree *map[string]any) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("the text cannot be read as TOML")
		}
	}()
	_, err = toml.Decode(text, tree)
	return err
}

func syntaxProblem(line int, text, hint string) *Problem {
	return &Problem{Line: line, Text: "syntax error: " + text, Hint: hint}
}

// faultLine is the line that holds the fault. The library counts a line end
// that it did not want as part of the next line, and where the end of the text
// came too early it names the end, not what was left open.
func faultLine(text string, fault toml.ParseError, scanned *scanner) int {
	line := fault.Position.Line
	switch {
	case strings.Contains(fault.Message, "unexpected EOF") && scanned.openLine > 0:
		line = scanned.openLine
	case strings.Contains(fault.Message, `'\n'`):
		line = 1 + strings.Count(text[:min(max(fault.Position.Start, 0), len(text))], "\n")
	}
	return max(1, min(line, lineCount(text)))
}

// lineCount is the number of lines; what follows the last line end counts only
// when it is not empty.
func lineCount(text string) int {
	n := strings.Count(text, "\n")
	if !strings.HasSuffix(text, "\n") {
		n++
	}
	return max(n, 1)
}

// faultText is the library's message in our form. It may quote a value, which
// must not be that of a secret.
func faultText(fault toml.ParseError) string {
	if secretKey(fault.LastKey) {
		return "the value of " + printable(fault.LastKey) + " cannot be read"
	}
	text := strings.TrimSuffix(fault.Message, ".")
	r, size := utf8.DecodeRuneInString(text)
	if unicode.IsUpper(r) && !strings.HasPrefix(text, "TOML") {
		return string(unicode.ToLower(r)) + text[size:]
	}
	return text
}

func faultHint(fault toml.ParseError) string {
	switch m := fault.Message; {
	case strings.Contains(m, "already been defined"):
		return "remove one of the two; of several entries, each begins with [[name]], such as [[listener]]"
	case strings.Contains(m, "cannot be used as an array"):
		return "write either [name] once or [[name]] each time"
	case strings.Contains(m, "cannot contain newlines"):
		return "close the string with the quote that it began with"
	case strings.Contains(m, "expected value but found '"):
		return "write a value after the equals sign"
	case strings.Contains(m, "expected value but found"), strings.Contains(m, "expected a top-level item to end"):
		return "put quotes around a text"
	case strings.Contains(m, "expected '.' or '='"):
		return "this is not TOML: write key = value, under a [table], and comments behind #"
	case strings.Contains(m, "unexpected EOF"):
		return "what begins in this line is never closed"
	case strings.Contains(m, "invalid escape"):
		return "write the text in single quotes to keep a backslash as it is"
	}
	return ""
}
