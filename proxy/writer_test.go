package proxy

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestNoContentTypeIsInvented(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		_, _ = io.WriteString(w, "<html><script>")
	}))
	defer s.Close()
	inAllModes(t, func(t *testing.T, m mode) {
		r := start(t, appPool(s.URL))
		res, _ := get(t, m.client(t), r.url(m))
		if got := res.Header["Content-Type"]; got != nil {
			t.Errorf("a backend that named no type was given %q", got)
		}
	})
}
