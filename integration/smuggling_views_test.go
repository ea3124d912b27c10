package integration

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// reading is a whole request as a server behind the door has understood it.
type reading struct {
	Method, Target, Body string
	Header               map[string]string // by names in lower case; nil: it is not compared
}

func (r reading) String() string {
	return fmt.Sprintf("%s %s with %.60q", r.Method, r.Target, r.Body)
}

// view is a server that reads requests in its own way, of which another author
// thought well.
type view struct {
	name string
	addr string
	// take returns what was read since it was called last, once nothing is under way.
	take func(*testing.T) []reading
	// refuses are the requests that it is too strict for.
	refuses []string
}

// views are the servers that are here. The first one is as strict as can be.
func views(t *testing.T, ca *proxytest.CA) []view {
	t.Helper()
	all := []view{{name: "strict", take: nil}, viewOfNetHTTP(t)}
	rec := proxytest.NewRecorder(t, nil)
	all[0].addr, all[0].take = rec.Addr, taking(rec, true)
	if python, ok := viewOfPython(t); ok {
		all = append(all, python)
	}
	behind := proxytest.NewRecorder(t, nil)
	for i, d := range otherDoors(t, ca, behind)[:2] {
		if d.plain != "" {
			all = append(all, view{
				name: []string{"haproxy", "nginx"}[i], addr: d.plain, take: taking(behind, false),
				refuses: [][]string{{"a name that begins as the length's", "name of 10 KiB"}, {"method in small letters", "name of 10 KiB"}}[i],
			})
		}
	}
	return all
}

// taking reads what a recorder has.
func taking(rec *proxytest.Recorder, headers bool) func(*testing.T) []reading {
	return func(t *testing.T) []reading {
		t.Helper()
		proxytest.Eventually(t, "the backend to be idle", func() bool { return rec.Busy() == 0 })
		var all []reading
		for _, r := range rec.Take() {
			if !r.Complete {
				continue
			}
			one := reading{Method: r.Method, Target: r.Target, Body: string(r.Body)}
			if headers {
				one.Header = map[string]string{}
				for _, f := range r.Header {
					one.Header[strings.ToLower(f.Name)] = r.Get(f.Name)
				}
			}
			all = append(all, one)
		}
		return all
	}
}

func viewOfNetHTTP(t *testing.T) view {
	t.Helper()
	var mu sync.Mutex // guards what follows
	var all []reading
	busy := 0
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		busy++
		mu.Unlock()
		body, err := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		busy--
		if err != nil {
			return
		}
		one := reading{Method: r.Method, Target: r.RequestURI, Body: string(body), Header: map[string]string{"host": r.Host}}
		for name, values := range r.Header {
			one.Header[strings.ToLower(name)] = strings.Join(values, ", ")
		}
		all = append(all, one)
	}))
	t.Cleanup(app.Close)
	return view{name: "net/http", addr: app.Listener.Addr().String(), take: func(t *testing.T) []reading {
		t.Helper()
		proxytest.Eventually(t, "net/http to be idle", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return busy == 0
		})
		mu.Lock()
		defer mu.Unlock()
		taken := all
		all = nil
		return taken
	}}
}

// careless is a server on that of Python, written as many are: whatever says
// chunked is, and numbers are what int takes for one.
const careless = `
import http.server, json, threading
lock, seen, busy = threading.Condition(), [], 0

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.any
        raise AttributeError(name)

    def log_message(self, *args):
        pass

    def body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            n = int(self.headers.get("Content-Length") or 0)
            data = self.rfile.read(n)
            return data if len(data) == n else None
        data = b""
        while True:
            n = int(self.rfile.readline().split(b";")[0], 16)
            if n == 0:
                break
            chunk = self.rfile.read(n)
            if len(chunk) < n:
                return None
            data += chunk
            self.rfile.readline()
        while True:
            line = self.rfile.readline()
            if line == b"":
                return None
            if line.strip() == b"":
                return data

    def any(self):
        global seen, busy
        if self.path == "/take":
            with lock:
                lock.wait_for(lambda: busy == 0)
                text, seen = json.dumps(seen).encode(), []
        else:
            text = b"ok"
            with lock:
                busy += 1
            data = None
            try:
                data = self.body()
            except Exception:
                pass
            with lock:
                busy -= 1
                lock.notify_all()
                if data is not None:
                    seen.append({"Method": self.command, "Target": self.path, "Body": data.decode("latin-1"),
                        "Header": {k.lower(): ", ".join(self.headers.get_all(k)) for k in self.headers}})
            if data is None:
                self.close_connection = True
                return
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("%s:%d" % server.server_address, flush=True)
server.serve_forever()
`

func viewOfPython(t *testing.T) (view, bool) {
	t.Helper()
	program, err := exec.LookPath("python3")
	if err != nil {
		return view{}, false
	}
	cmd := exec.Command(program, "-c", careless) //nolint:noctx // ended below
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("python3 does not listen: %v", err)
	}
	addr = strings.TrimSpace(addr)
	return view{name: "python", addr: addr, take: func(t *testing.T) []reading {
		t.Helper()
		res, err := (&http.Client{Timeout: time.Minute}).Get("http://" + addr + "/take") //nolint:noctx // a test
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }() // it is read
		var all []reading
		if err := json.NewDecoder(res.Body).Decode(&all); err != nil {
			t.Fatal(err)
		}
		for _, r := range all {
			for name, value := range r.Header {
				r.Header[name] = latin1(value)
			}
		}
		return all
	}}, true
}

// latin1 are the bytes that these characters were read from.
func latin1(s string) string {
	var b []byte
	for _, c := range s {
		b = append(b, byte(c)) //nolint:gosec // it is below 256
	}
	return string(b)
}

// asViewed sends the odd bytes, and says how the first request was answered; 0:
// not at all.
func (o odd) asViewed(t *testing.T, addr string) int {
	t.Helper()
	c := proxytest.DialRaw(t, addr)
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	c.Send(o.send + next)
	method, _, _ := strings.Cut(o.send, " ")
	answers, problem := o.answers(c, method)
	if problem != "" {
		t.Errorf("%s; answers %v", problem, answers)
	}
	if len(answers) == 0 {
		return 0
	}
	return answers[0].Status
}

// Which servers stand behind the door does not matter: whatever bytes pass it,
// each of them understands the same requests, and as many.
func TestWhatPassesIsReadAlikeByEveryServerBehind(t *testing.T) {
	t.Parallel()
	all := views(t, proxytest.NewCA(t))
	var config strings.Builder
	for _, v := range all {
		name := strings.ReplaceAll(v.name, "/", "-")
		fmt.Fprintf(&config, "[[listener]]\nname = %q\naddress = \"127.0.0.1:0\"\nprotocol = \"http\"\nengine = %q\nheader_timeout = \"2s\"\nbody_idle = \"2s\"\n", "to-"+name, proxytest.Engine())
		fmt.Fprintf(&config, "[[route]]\nname = %q\nhosts = [\"localhost\"]\nlisteners = [%q]\npool = %q\n", name, "to-"+name, name)
	}
	for _, v := range all {
		config.WriteString(proxytest.OnlyPool(strings.ReplaceAll(v.name, "/", "-"), "", v.addr))
	}
	p := proxytest.Start(t, proxytest.Options{Config: config.String()})
	addr := func(v view) string { return p.Addr("to-" + strings.ReplaceAll(v.name, "/", "-")) }
	compared := 0
	for _, o := range oddBytes() {
		t.Run(o.name, func(t *testing.T) {
			status := o.asViewed(t, addr(all[0]))
			want := all[0].take(t)
			if len(want) == 0 && o.want == refused {
				return // none of the others would see it
			}
			compared++
			for _, v := range all[1:] {
				got := o.asViewed(t, addr(v))
				seen := v.take(t)
				if slices.Contains(v.refuses, o.name) && got >= 400 && status == 200 {
					want := slices.DeleteFunc(slices.Clone(want), func(r reading) bool { return r.Target != "/next" })
					if !slices.EqualFunc(seen, want, reading.like) && len(seen) > 0 {
						t.Errorf("%s, which refuses it, has read %v", v.name, seen)
					}
					continue
				}
				if !slices.EqualFunc(seen, want, reading.like) || (got == 200) != (status == 200) {
					t.Errorf("sent %s\n%s has read %v and answered %d,\nthe strict one %v and %d", proxytest.Quote(o.send), v.name, seen, got, want, status)
				}
			}
		})
	}
	if compared < 40 || len(all) < 2 {
		t.Errorf("%d were compared by %d servers", compared, len(all))
	}
	t.Logf("%d of %d were compared, as %d servers read them", compared, len(oddBytes()), len(all))
}

// like compares what both know.
func (r reading) like(other reading) bool {
	if r.Method != other.Method || r.Target != other.Target || r.Body != other.Body {
		return false
	}
	if r.Header == nil || other.Header == nil {
		return true
	}
	return maps.Equal(r.content(), other.content())
}

// content are the headers that are the same each time, and no matter of framing.
func (r reading) content() map[string]string {
	all := maps.Clone(r.Header)
	for _, name := range []string{"connection", "content-length", "transfer-encoding", "trailer", "x-request-id", "x-forwarded-port"} {
		delete(all, name)
	}
	all["host"] = strings.ToLower(cmp.Or(all["host"], "none"))
	return all
}
