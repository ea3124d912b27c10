package demo

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// Serve is the life of one server's process: it reads the page's token from
// its standard input, binds the address, prints it, and serves until the input
// ends, which it does with the parent.
func Serve(name, address string, in io.Reader, out io.Writer) error {
	// Ctrl-C is for the parent, which lets requests end first.
	signal.Ignore(syscall.SIGINT, syscall.SIGHUP)
	input := bufio.NewReader(in)
	token, err := input.ReadString('\n')
	if err != nil {
		return fmt.Errorf("reading the token: %w", err)
	}
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, ln.Addr()); err != nil {
		return err
	}
	s := &http.Server{
		Handler:           newApplication(name, os.Getpid(), strings.TrimSpace(token)).handler(),
		ReadHeaderTimeout: 10 * time.Second,
	}
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(ln) }()
	parent := make(chan struct{})
	go func() {
		defer close(parent)
		_, _ = io.Copy(io.Discard, input) // its end is all that matters
	}()
	select {
	case err := <-failed:
		return err
	case <-parent:
		return s.Close()
	}
}
