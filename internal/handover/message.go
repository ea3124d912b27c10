package handover

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// variable names the environment variable that holds the message to the new
// process.
const variable = "STERLING_HANDOVER"

// message says which descriptor is what.
type message struct {
	From    int      `json:"from"`   // process id of the old one
	Ready   int      `json:"ready"`  // a pipe, for one word
	Quit    int      `json:"quit"`   // a pipe that ends when the old process has let go
	Stderr  int      `json:"stderr"` // where descriptor 2 belongs
	Sockets []passed `json:"sockets"`
	// Links are sockets that lead to older processes, From among them.
	Links []passedLink `json:"links"`
}

type passedLink struct {
	PID int `json:"pid"` // of the process at the other end
	FD  int `json:"fd"`
}

type passed struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	FD      int    `json:"fd"`
}

// readyWord is what the new process writes when it can serve.
const readyWord = "ready\n"

// firstExtra is the number that a child's first further descriptor has.
const firstExtra = 3

// environment is environ for the new process: with the message, and without
// what was meant for this one alone.
func environment(environ []string, m message) ([]string, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("writing the message to the new process: %w", err)
	}
	out := make([]string, 0, len(environ)+1)
	for _, e := range environ {
		switch name, _, _ := strings.Cut(e, "="); name {
		case variable, "LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_PID":
		default:
			out = append(out, e)
		}
	}
	return append(out, variable+"="+string(text)), nil
}

// readMessage takes the message out of the environment; ok is false where there
// is none.
func readMessage() (m message, ok bool, err error) {
	text, ok := os.LookupEnv(variable)
	if !ok {
		return m, false, nil
	}
	if err := os.Unsetenv(variable); err != nil {
		return m, true, fmt.Errorf("reading the message of the old process: %w", err)
	}
	m, err = parseMessage(text)
	return m, true, err
}

// parseMessage takes no descriptor that is one of the standard streams, or that
// has a place already: closing one would close the other.
func parseMessage(text string) (message, error) {
	var m message
	bad := func(err error) (message, error) {
		return message{}, fmt.Errorf("reading the message of the old process: %w; %s is for it alone to set: start without", err, variable)
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return bad(err)
	}
	all := []int{m.Ready, m.Stderr}
	if m.Quit != 0 { // an old process may not say when it has let go
		all = append(all, m.Quit)
	}
	for _, s := range m.Sockets {
		all = append(all, s.FD)
	}
	for _, l := range m.Links {
		all = append(all, l.FD)
	}
	seen := make(map[int]bool, len(all))
	for _, fd := range all {
		if fd < firstExtra || seen[fd] {
			return bad(fmt.Errorf("descriptor %d is none that was passed, or in two places", fd))
		}
		seen[fd] = true
	}
	return m, nil
}
