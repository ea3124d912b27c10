package config

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// Five thousand damaged copies of a full file: none may make Parse panic, and
// each problem must name a line that the file has, and a key or a fault of syntax.
func TestDamagedFilesAreRefusedWithALine(t *testing.T) {
	const seed, shards, each = 20240607, 4, 1250
	good := readGood(t, "full.toml")
	for shard := range uint64(shards) {
		t.Run(fmt.Sprintf("seed %d,%d", seed, shard), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, shard))
			refused := 0
			for i := range each {
				text := good
				for range 1 + rnd.IntN(3) {
					text = mutate(rnd, text)
				}
				_, problems := Parse("x.toml", []byte(text))
				if problems.Errors() > 0 {
					refused++
				}
				if err := wellFormed(problems, text); err != nil {
					t.Fatalf("mutation %d: %v\n%s", i, err, text)
				}
			}
			if refused < each/2 {
				t.Errorf("only %d of %d were refused: the mutations do not bite", refused, each)
			}
		})
	}
}

// wellFormed says what is wrong with problems found in a text.
func wellFormed(problems Problems, text string) error {
	for _, p := range problems {
		switch {
		case p.Line < 1 || p.Line > lineCount(strings.TrimPrefix(text, "\xef\xbb\xbf")):
			return fmt.Errorf("no such line: %v", p)
		case p.Key == "" && !strings.HasPrefix(p.Text, "syntax error: "):
			return fmt.Errorf("neither key nor syntax: %v", p)
		case p.Text == "" || strings.ContainsAny(p.String(), "\n\r\x00\x1b"):
			return fmt.Errorf("no text of one line: %q", p)
		}
	}
	return nil
}

var (
	values    = regexp.MustCompile(`= .*`)
	bareWords = regexp.MustCompile(`(?m)^[a-z_]+`)
)

// mutate damages a text in one place.
func mutate(rnd *rand.Rand, text string) string {
	lines := strings.Split(text, "\n")
	i, j := rnd.IntN(len(lines)), rnd.IntN(len(lines))
	switch rnd.IntN(7) {
	case 0: // flip a bit
		if len(text) == 0 {
			return text
		}
		b := []byte(text)
		b[rnd.IntN(len(b))] ^= 1 << rnd.IntN(8)
		return string(b)
	case 1: // drop a line
		lines = append(lines[:i:i], lines[i+1:]...)
	case 2: // write a line again elsewhere
		lines = append(lines[:i:i], append([]string{lines[j]}, lines[i:]...)...)
	case 3: // swap two lines
		lines[i], lines[j] = lines[j], lines[i]
	case 4: // give a key the value of another
		if v := values.FindString(lines[j]); v != "" {
			lines[i] = values.ReplaceAllLiteralString(lines[i], v)
		}
	case 5: // misspell a key
		lines[i] = bareWords.ReplaceAllStringFunc(lines[i], func(word string) string {
			k := rnd.IntN(len(word))
			return word[:k] + string(rune('a'+rnd.IntN(26))) + word[k+rnd.IntN(2):]
		})
	case 6: // end the file early
		return text[:rnd.IntN(len(text)+1)]
	}
	return strings.Join(lines, "\n")
}
