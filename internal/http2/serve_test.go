package http2

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
)

func TestAnswersRequests(t *testing.T) {
	noLeaks(t)
	r := start(t, ServerOptions{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Saw", r.Method+" "+r.Proto+" "+r.Host+" "+r.URL.Path+" "+r.URL.RawQuery+" "+r.Header.Get("X-A"))
		_, _ = io.Copy(w, r.Body)
	})})
	client := r.client()
	for range 3 {
		req, _ := http.NewRequest("GET", r.url("/a/b?c=d"), nil)
		req.Header.Set("X-A", "b")
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if want := "GET HTTP/2.0 " + r.addr + " /a/b c=d b"; err != nil || len(body) > 0 || res.Header.Get("X-Saw") != want {
			t.Errorf("got %q, body %q, %v; want %q", res.Header.Get("X-Saw"), body, err, want)
		}
		if res.ContentLength != 0 || res.Header.Get("Date") == "" {
			t.Errorf("length %d, header %v", res.ContentLength, res.Header)
		}
	}
	res, err := client.Post(r.url("/"), "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "hello" {
		t.Errorf("got %q, %v", body, err)
	}
}

func TestBodiesArriveWholeBothWays(t *testing.T) {
	noLeaks(t)
	r := start(t, ServerOptions{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/known" {
			w.Header().Set("Content-Length", fmt.Sprint(r.ContentLength))
		}
		_, _ = io.Copy(w, r.Body)
	})})
	client := r.client()
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			size := 1 << (i%8 + 14)
			data := make([]byte, size+i)
			src := rand.NewChaCha8([32]byte{byte(i)})
			_, _ = src.Read(data)
			path := "/known"
			var body io.Reader = bytes.NewReader(data)
			if i%2 == 0 {
				path, body = "/", struct{ io.Reader }{body}
			}
			res, err := client.Post(r.url(path), "", body)
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = res.Body.Close() }()
			got, err := io.ReadAll(res.Body)
			if err != nil || sha256.Sum256(got) != sha256.Sum256(data) {
				t.Errorf("%d bytes came back as %d: %v", len(data), len(got), err)
			}
		})
	}
	wg.Wait()
}
