package config

import "strings"

// LoadAdmin reads of the file at path no more than how a process that runs it is
// spoken to. The rest of the file may be faulty, for somebody is at work on it:
// the problems are those of [Load], and the Admin is what could be read in spite
// of them.
func LoadAdmin(path string) (Admin, Problems) {
	cfg, problems := Draft(path)
	if cfg != nil {
		return cfg.Admin, problems
	}
	data, err := readFile(path)
	if err != nil {
		return Admin{}, problems
	}
	if cfg, _ = parse(path, []byte(tableText(string(data), "admin"))); cfg == nil {
		return Admin{}, problems
	}
	return cfg.Admin, problems
}

// tableText cuts a table out of a text that cannot be read as a whole: its
// header, which stands alone in its line, and what follows up to the next one.
func tableText(text, name string) string {
	var b strings.Builder
	inside := false
	for line := range strings.Lines(text) {
		bare, _, _ := strings.Cut(line, "#")
		if bare = strings.TrimSpace(bare); strings.HasPrefix(bare, "[") {
			inside = bare == "["+name+"]"
		}
		if inside {
			b.WriteString(line)
		}
	}
	return b.String()
}
