package demo

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"sort"
	"strings"
	"sync"
)

const (
	appCookie   = "app_session"
	maxVisitors = 10_000 // remembered by one server
)

//go:embed page.html
var pageText string

// application is a server as one meets them: it knows its visitors from its
// own memory, and from nowhere else.
type application struct {
	name  string
	pid   int
	token string
	page  *template.Template

	mu     sync.Mutex // guards visits
	visits map[string]int
}

// visit is what the application answers.
type visit struct {
	Server string `json:"server"`
	PID    int    `json:"pid"`
	Visits int    `json:"visits"`
}

func newApplication(name string, pid int, token string) *application {
	return &application{
		name: name, pid: pid, token: token,
		page:   template.Must(template.New("page").Parse(pageText)),
		visits: map[string]int{},
	}
}

func (a *application) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.servePage)
	mux.HandleFunc("GET /visit", a.serveVisit)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

// count finds the visitor in memory and counts the visit. Whoever is unknown
// here gets a new session.
func (a *application) count(w http.ResponseWriter, r *http.Request) visit {
	id := ""
	if c, err := r.Cookie(appCookie); err == nil {
		id = c.Value
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.visits[id] == 0 {
		id = rand.Text()
		http.SetCookie(w, &http.Cookie{Name: appCookie, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
		if len(a.visits) >= maxVisitors {
			clear(a.visits)
		}
	}
	a.visits[id]++
	return visit{Server: a.name, PID: a.pid, Visits: a.visits[id]}
}

func (a *application) serveVisit(w http.ResponseWriter, r *http.Request) {
	v := a.count(w, r)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(v) // the visitor is gone when this fails
}

func (a *application) servePage(w http.ResponseWriter, r *http.Request) {
	nonce := rand.Text()
	var page bytes.Buffer
	err := a.page.Execute(&page, struct {
		visit
		Names        []string
		Headers      [][2]string
		Token, Nonce string
	}{a.count(w, r), names, received(r), a.token, nonce})
	if err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; connect-src 'self'; style-src 'nonce-"+nonce+"'; script-src 'nonce-"+nonce+"'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	_, _ = page.WriteTo(w) // as above
}

// received lists what the front door told the server of this request. Cookies
// are named only.
func received(r *http.Request) [][2]string {
	list := [][2]string{{"Host", r.Host}}
	for name, values := range r.Header {
		if strings.HasPrefix(name, "X-") {
			list = append(list, [2]string{name, strings.Join(values, ", ")})
		}
	}
	sort.Slice(list[1:], func(i, j int) bool { return list[1+i][0] < list[1+j][0] })
	var cookies []string
	for _, c := range r.Cookies() {
		cookies = append(cookies, c.Name)
	}
	if len(cookies) > 0 {
		list = append(list, [2]string{"Cookie (names)", strings.Join(cookies, ", ")})
	}
	return list
}
