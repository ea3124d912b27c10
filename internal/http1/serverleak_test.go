package http1

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// stranger is what a request's handler found that belongs to another request.
func stranger(r *http.Request, mark string) string {
	var all []string
	for _, h := range []http.Header{r.Header, r.Trailer} {
		for name, values := range h {
			all = append(all, name)
			all = append(all, values...)
		}
	}
	all = append(all, r.Host, r.RequestURI, r.URL.Path, r.URL.RawQuery, r.URL.Host, r.Method, r.Pattern, r.PathValue("x"))
	if r.Form != nil || r.PostForm != nil || r.MultipartForm != nil || r.Response != nil {
		return "a form"
	}
	for _, s := range all {
		if at := strings.Index(strings.ToLower(s), "mark"); at >= 0 && !strings.HasPrefix(strings.ToLower(s[at:]), mark) {
			return s
		}
	}
	return ""
}

// leave puts a mark wherever a handler can put one.
func leave(w http.ResponseWriter, r *http.Request, mark string) {
	r.Header.Set("X-Left", mark)
	r.Header["Cookie"] = append(r.Header["Cookie"], mark)
	r.Host, r.RequestURI, r.URL.Path, r.URL.RawQuery, r.URL.Host = mark, mark, mark, mark, mark
	r.Pattern, r.Method = mark, mark
	r.SetPathValue("x", mark)
	if r.Trailer == nil {
		r.Trailer = http.Header{}
	}
	r.Trailer.Set("X-Left", mark)
	r.Form = map[string][]string{mark: nil}
	w.Header().Set("X-Left-Behind", mark) // too late for this answer
	w.Header().Set(http.TrailerPrefix+"X-Left", mark)
}

func TestNothingOfARequestIsSeenByAnother(t *testing.T) {
	f := newFront(t, ServerOptions{Panicked: func(any, []byte) {}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mark := strings.ToLower(r.Header.Get("X-Own"))
		body, err := io.ReadAll(r.Body)
		if s := stranger(r, mark); s != "" || strings.Trim(string(body), mark) != "" {
			t.Errorf("%s found %q, %q, %v", mark, s, body, err)
		}
		if r.Context().Err() != nil || len(w.Header()) > 0 {
			t.Errorf("%s found %v, %v", mark, r.Context().Err(), w.Header())
		}
		how := r.Header.Get("X-How")
		w.Header().Set("X-Own", mark)
		switch how {
		case "trailer":
			w.Header().Set("Trailer", "X-T")
		case "close":
			w.Header().Set("Connection", "close")
		}
		_, _ = io.WriteString(w, mark)
		switch how {
		case "done":
			_ = r.Context().Done()
		case "large":
			_, _ = w.Write([]byte(strings.Repeat(mark, 1000)))
		case "headers":
			for i := range 200 {
				w.Header().Set(fmt.Sprint("X-", i), mark)
			}
		case "trailer":
			w.Header().Set("X-T", mark)
		case "panic":
			leave(w, r, mark)
			panic(how)
		}
		leave(w, r, mark)
	})})
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			var c *caller
			for j := range 300 {
				if c == nil {
					c = f.call()
				}
				if !markedRequest(c, fmt.Sprintf("mark%dx%dx", i, j)) {
					_ = c.Close()
					c = nil
				}
			}
		})
	}
	wg.Wait()
}

// markedRequest sends one request of a random sort, in which everything
// carries a mark, and reports whether the connection lasts.
func markedRequest(c *caller, mark string) bool {
	how := []string{"", "", "", "done", "large", "headers", "trailer", "close", "panic", "refused"}[rand.IntN(10)]
	head := fmt.Sprintf("GET /%s?%s HTTP/1.1\r\nHost: %s\r\nX-Own: %s\r\nX-How: %s\r\nCookie: %s\r\nCookie: %s\r\nX-%s: %s\r\n",
		mark, mark, mark, mark, how, mark, mark, mark, mark)
	if how == "refused" {
		head += "Transfer-Encoding: " + mark + "\r\n"
	}
	switch rand.IntN(4) {
	case 0:
		head += fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(mark), mark)
	case 1:
		head += fmt.Sprintf("Transfer-Encoding: chunked\r\nTrailer: X-%s\r\n\r\n%x\r\n%s\r\n0\r\nX-%s: %s\r\n\r\n", mark, len(mark), mark, mark, mark)
	default:
		head += "\r\n"
	}
	c.say(head)
	switch how {
	case "panic":
		if all := c.ends(); all != "" {
			c.t.Errorf("%s: got %q", mark, all)
		}
		return false
	case "refused":
		if res, body := c.hear("GET"); res.StatusCode < 400 || strings.Contains(fmt.Sprint(res.Header, body), "mark") {
			c.t.Errorf("%s: got %v %q", mark, res, body)
		}
		return false
	}
	res, body := c.hear("GET")
	want := mark
	if how == "large" {
		want = strings.Repeat(mark, 1001)
	}
	if trailer := res.Trailer.Get("X-T"); body != want || res.Header.Get("X-Own") != mark || how == "trailer" && trailer != mark {
		c.t.Errorf("%s %s: got %v %v %.200q", mark, how, res.Header, res.Trailer, body)
	}
	known := []string{"Date", "X-Own", "Content-Length", "Connection", "Trailer"}
	for name := range res.Header {
		if !slices.Contains(known, name) {
			c.t.Errorf("%s: got a header %s", mark, name)
		}
	}
	return how != "close"
}

func TestAnAnswersFormIsForgotten(t *testing.T) {
	f := handle(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case "PUT":
			w.Header().Set("Trailer", "X-T")
			w.Header().Set("X-T", "1")
		case "PATCH":
			w.Header().Set(http.TrailerPrefix+"X-T", "1")
		case "DELETE":
			w.(http.Flusher).Flush()
		case "COPY":
			w.Header().Set("Content-Length", "2")
		}
		_, _ = io.WriteString(w, "ab")
	})
	c := f.call()
	for _, method := range []string{"PUT", "PATCH", "DELETE", "COPY", "HEAD"} {
		for _, m := range []string{method, "GET"} {
			c.say(m + " / HTTP/1.1\r\nHost: h\r\n\r\n")
			if res, body := c.hear(m); m == "GET" && (res.ContentLength != 2 || len(res.Header) != 2 || body != "ab") {
				t.Errorf("after %s: %v %q", method, res.Header, body)
			}
		}
	}
}
