package admin

import (
	"cmp"
	"encoding/json"
	"net/http"
)

func plain(w http.ResponseWriter, status int, text string) {
	head(w, "text/plain; charset=utf-8")
	w.WriteHeader(status)
	// The client is gone when this fails, and there is nobody else to tell.
	_, _ = w.Write([]byte(text + "\n"))
}

func answer(w http.ResponseWriter, status int, v any) {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	head(w, "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // as in plain
}

func refuse(w http.ResponseWriter, r *Refusal) {
	answer(w, cmp.Or(r.Status, http.StatusUnprocessableEntity), r)
}

func head(w http.ResponseWriter, contentType string) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	refuse(w, &Refusal{
		Status:  http.StatusNotFound,
		Problem: "there is nothing at this path",
		Hint:    "paths: /livez /readyz /api/v1/status /api/v1/reload /api/v1/pools/POOL/backends/BACKEND/{drain|enable|disable|weight}",
	})
}

// only answers another method than the one meant with 405. HEAD goes where GET
// goes (RFC 9110, section 9.3.2).
func only(method string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		asked := r.Method
		if asked == http.MethodHead {
			asked = http.MethodGet
		}
		if asked == method {
			next(w, r)
			return
		}
		w.Header().Set("Allow", method)
		refuse(w, &Refusal{
			Status:  http.StatusMethodNotAllowed,
			Problem: "this path does not take that method",
			Hint:    "use " + method,
		})
	}
}
