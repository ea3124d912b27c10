package main

import (
	"fmt"
	"io"
	"os"
)

// roles are what this program is when it starts itself: processes of their
// own, so that they can be pinned and their time be told apart.
var roles = map[string]func(args []string, out io.Writer) error{
	"handshakes": shake,
	"arrivals":   arrive,
	"backend":    serveBackend,
}

func role(args []string) string {
	if len(args) < 2 {
		return ""
	}
	return args[1]
}

// play runs the role that the arguments name and returns the exit code.
func play(args []string) int {
	if err := roles[role(args)](args[2:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench", role(args)+":", err)
		return 1
	}
	return 0
}
