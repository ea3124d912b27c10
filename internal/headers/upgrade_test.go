package headers

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// handshake is a good one, for tests to spoil.
func handshake() *http.Request {
	return &http.Request{
		Method: "GET", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{
			"Connection":        {"keep-alive, Upgrade"},
			"Upgrade":           {"websocket"},
			"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
		},
	}
}

func TestUpgradeToken(t *testing.T) {
	websocket := []string{"websocket"}
	for name, c := range map[string]struct {
		spoil func(*http.Request)
		allow []string
		want  string
	}{
		"a good handshake":       {func(*http.Request) {}, websocket, "websocket"},
		"any case":               {func(r *http.Request) { r.Header.Set("Upgrade", "WebSocket"); r.Header.Set("Connection", "UPGRADE") }, websocket, "websocket"},
		"several lines":          {func(r *http.Request) { r.Header["Connection"] = []string{"keep-alive", "upgrade"} }, websocket, "websocket"},
		"one of several":         {func(r *http.Request) { r.Header.Set("Upgrade", "h2c, websocket") }, websocket, "websocket"},
		"another that is listed": {func(r *http.Request) { r.Header.Set("Upgrade", "tcp"); r.Header.Del("Sec-Websocket-Key") }, []string{"websocket", "tcp"}, "tcp"},
		"none listed":            {func(*http.Request) {}, nil, ""},
		"h2c":                    {func(r *http.Request) { r.Header.Set("Upgrade", "h2c") }, websocket, ""},
		"substring":              {func(r *http.Request) { r.Header.Set("Upgrade", "websocket2") }, websocket, ""},
		"version":                {func(r *http.Request) { r.Header.Set("Upgrade", "websocket/13") }, websocket, ""},
		"no upgrade":             {func(r *http.Request) { r.Header.Del("Upgrade") }, websocket, ""},
		"not-upgrade":            {func(r *http.Request) { r.Header.Set("Connection", "not-upgrade") }, websocket, ""},
		"no connection":          {func(r *http.Request) { r.Header.Del("Connection") }, websocket, ""},
		"post":                   {func(r *http.Request) { r.Method = "POST" }, websocket, ""},
		"lower-case method":      {func(r *http.Request) { r.Method = "get" }, websocket, ""},
		"http/1.0":               {func(r *http.Request) { r.ProtoMinor = 0 }, websocket, ""},
		"http/2":                 {func(r *http.Request) { r.ProtoMajor, r.ProtoMinor = 2, 0 }, websocket, ""},
		"body":                   {func(r *http.Request) { r.ContentLength = 5 }, websocket, ""},
		"chunked body":           {func(r *http.Request) { r.TransferEncoding = []string{"chunked"} }, websocket, ""},
		"no key":                 {func(r *http.Request) { r.Header.Del("Sec-Websocket-Key") }, websocket, ""},
		"empty key":              {func(r *http.Request) { r.Header.Set("Sec-Websocket-Key", "") }, websocket, ""},
		"short key":              {func(r *http.Request) { r.Header.Set("Sec-Websocket-Key", "dGhlIHNhbXBsZQ==") }, websocket, ""},
		"long key":               {func(r *http.Request) { r.Header.Set("Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25jZSEh") }, websocket, ""},
		"no base64":              {func(r *http.Request) { r.Header.Set("Sec-Websocket-Key", "************************") }, websocket, ""},
		"two keys":               {func(r *http.Request) { r.Header.Add("Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25jZQ==") }, websocket, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := handshake()
			c.spoil(r)
			got, ok := UpgradeToken(r, c.allow)
			if got != c.want || ok != (c.want != "") {
				t.Errorf("got %q, %v; want %q", got, ok, c.want)
			}
		})
	}
}

func TestUpgradeTokenIsThatOfTheList(t *testing.T) {
	if got, _ := UpgradeToken(handshake(), []string{"WebSocket"}); got != "WebSocket" {
		t.Errorf("got %q", got)
	}
}

// Whatever a client says, an upgrade is one that it has asked for and that is
// allowed.
func FuzzUpgradeToken(f *testing.F) {
	f.Add("GET", "Upgrade", "websocket", "dGhlIHNhbXBsZSBub25jZQ==", int64(0))
	f.Add("GET", "keep-alive, upgrade", "h2c, WebSocket", "dGhlIHNhbXBsZSBub25jZQ==", int64(0))
	f.Add("POST", "not-upgrade", "tcp", "", int64(5))
	f.Add("GET", "upgrade", "tcp, websocket", "dGhlIHNhbXBsZQ==", int64(-1))
	allow := []string{"websocket", "tcp"}
	f.Fuzz(func(t *testing.T, method, connection, upgrade, key string, length int64) {
		r := handshake()
		r.Method, r.ContentLength = method, length
		r.Header = http.Header{"Connection": {connection}, "Upgrade": {upgrade}, "Sec-Websocket-Key": {key}}
		token, ok := UpgradeToken(r, allow)
		if !ok {
			if token != "" {
				t.Errorf("%q, which is none", token)
			}
			return
		}
		says := func(list, word string) bool {
			return slices.ContainsFunc(strings.Split(list, ","), func(s string) bool { return strings.EqualFold(strings.Trim(s, " \t\r\n"), word) })
		}
		nonce, err := base64.StdEncoding.DecodeString(key)
		switch {
		case !slices.Contains(allow, token) || !says(upgrade, token) || !says(connection, "upgrade"):
			t.Errorf("%q: nobody has asked for it, or it is not allowed", token)
		case method != "GET" || length != 0:
			t.Errorf("%q for a request with a body, or that is no GET", token)
		case token == "websocket" && (err != nil || len(nonce) != 16):
			t.Errorf("a websocket with the key %q", key)
		}
	})
}
