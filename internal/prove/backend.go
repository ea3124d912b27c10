package prove

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// idKey is the query parameter that names a request.
	idKey = "prove"
	// whoHeader names the backend that answered, as pool/backend.
	whoHeader = "X-Prove-Backend"
	// workTime is how long a POST takes after it was recorded.
	workTime = 30 * time.Millisecond
	// endLimit is how long a backend that was told to end finishes requests.
	endLimit = 3 * time.Second
)

// played is a backend of a rehearsal. Its parent writes orders to its standard
// input, a line each, and reads from its standard output the address, and then
// the id of each POST that was run.
type played struct {
	name   string
	status int    // the answer to a check
	word   string // what the answer says while it wants to be drained

	slow   atomic.Int64 // nanoseconds added to every answer
	burst  atomic.Bool  // everything but checks is answered with 503
	leave  atomic.Bool  // checks are told that it wants to be drained
	record sync.Mutex   // guards out
	out    io.Writer
}

// Serve is the life of a backend's process. The arguments are its name, its
// address, the status that its health checks want, and the word that asks for a
// drain; "" is none. It ends with its input, or orderly with SIGTERM.
func Serve(args []string, in io.Reader, out io.Writer) error {
	if len(args) != 4 {
		return errors.New("wanted are NAME ADDRESS STATUS WORD")
	}
	signal.Ignore(syscall.SIGINT, syscall.SIGHUP) // Ctrl-C is for the parent
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	defer signal.Stop(term)
	status, err := strconv.Atoi(args[2])
	if err != nil {
		return fmt.Errorf("reading the status of checks: %w", err)
	}
	ln, err := net.Listen("tcp", args[1])
	if err != nil {
		return err
	}
	b := &played{name: args[0], status: status, word: args[3], out: out}
	b.tell(ln.Addr().String())
	server := &http.Server{Handler: b, ReadHeaderTimeout: 10 * time.Second, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(ln) }() // ends with the process
	parent := make(chan struct{})
	go func() { defer close(parent); b.obey(in) }() // ends with the process
	select {
	case err := <-failed:
		return err
	case <-parent:
		return server.Close()
	case <-term:
		ctx, cancel := context.WithTimeout(context.Background(), endLimit)
		defer cancel()
		return server.Shutdown(ctx)
	}
}

// obey follows orders until there are no more.
func (b *played) obey(in io.Reader) {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		order, value, _ := strings.Cut(lines.Text(), " ")
		switch order {
		case "slow":
			d, _ := time.ParseDuration(value) // the parent wrote it
			b.slow.Store(int64(d))
		case "burst":
			b.burst.Store(value == "on")
		case "leave":
			b.leave.Store(true)
		}
	}
}

func (b *played) tell(line string) {
	b.record.Lock()
	defer b.record.Unlock()
	_, _ = io.WriteString(b.out, line+"\n") // the parent is gone if this fails, and this process is next
}

func (b *played) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get(idKey)
	if id == "" {
		b.check(w)
		return
	}
	w.Header().Set(whoHeader, b.name)
	_, _ = io.Copy(io.Discard, r.Body) // a client that is gone is no concern of a backend's
	time.Sleep(time.Duration(b.slow.Load()))
	if b.burst.Load() {
		http.Error(w, "burst", http.StatusServiceUnavailable)
		return
	}
	if r.Method == http.MethodPost {
		b.tell(id)
		time.Sleep(workTime)
	}
	_, _ = io.WriteString(w, b.name+"\n")
}

func (b *played) check(w http.ResponseWriter) {
	leave := b.leave.Load()
	if leave {
		w.Header().Set("Sterling-Drain", "now")
	}
	w.WriteHeader(b.status)
	if leave && b.word != "" {
		_, _ = io.WriteString(w, b.word+"\n") // a status without a body has the header to say it
	}
}
