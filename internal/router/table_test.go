package router

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func mustTable(t testing.TB, routes ...Route) *Table {
	t.Helper()
	table, problems := New([]string{"front", "plain"}, routes)
	for _, p := range problems {
		t.Fatalf("route %d %s: %s; %s", p.Route, p.Key, p.Text, p.Hint)
	}
	return table
}

func TestMostSpecificRouteWins(t *testing.T) {
	routes := []Route{
		{Name: "any"},
		{Name: "any app", Paths: []string{"/app"}},
		{Name: "any app front", Paths: []string{"/app/"}, Listeners: []string{"front"}},
		{Name: "any deep", Paths: []string{"/app/x/y"}},
		{Name: "wild", Hosts: []string{"*.example.org"}},
		{Name: "exact app", Hosts: []string{"www.example.org"}, Paths: []string{"/app", "/other"}},
		{Name: "exact front", Hosts: []string{"front.example.org"}, Listeners: []string{"front"}},
		{Name: "address", Hosts: []string{"[2001:DB8::1]"}},
		{Name: "listed", Paths: []string{"/a%2cb", "/b\u00fccher"}},
	}
	cases := []struct{ listener, host, path, want string }{
		{"plain", "h", "/", "any"},
		{"plain", "h", "/apple", "any"},
		{"plain", "h", "/ap", "any"},
		{"plain", "h", "/app", "any app"},
		{"plain", "h", "/app/", "any app"},
		{"plain", "h", "/app/x", "any app"},
		{"plain", "h", "/App", "any"},
		{"front", "h", "/app", "any app front"},
		{"front", "h", "/app/x/z", "any app front"},
		{"front", "h", "/app/x/y/", "any deep"},
		{"front", "h", "/app/x/yy", "any app front"},
		{"front", "a.example.org", "/app/x/y", "wild"},
		{"front", "a.b.example.org", "/", "any"},
		{"front", "example.org", "/", "any"},
		{"front", "www.example.org", "/app/x/y", "exact app"},
		{"front", "www.example.org", "/other", "exact app"},
		{"front", "www.example.org", "/elsewhere", "wild"},
		{"front", "front.example.org", "/", "exact front"},
		{"plain", "front.example.org", "/", "wild"},
		{"plain", "[2001:db8::1]", "/app", "address"},
		{"plain", "h", "/a,b/c", "listed"},
		{"plain", "h", "/b%C3%BCcher", "listed"},
		{"nowhere", "h", "/", ""},
	}
	for range 20 {
		rand.Shuffle(len(routes), func(i, j int) { routes[i], routes[j] = routes[j], routes[i] })
		table := mustTable(t, routes...)
		for _, c := range cases {
			got := ""
			if i, ok := table.Match(c.listener, c.host, c.path); ok {
				got = routes[i].Name
			}
			if got != c.want {
				t.Fatalf("Match(%q, %q, %q) = %q, want %q; order %v", c.listener, c.host, c.path, got, c.want, routes)
			}
		}
	}
}

func TestNoRouteTakesWhatNoneNames(t *testing.T) {
	table := mustTable(t, Route{Hosts: []string{"h"}, Paths: []string{"/app"}})
	for _, c := range [][2]string{{"h", "/"}, {"h", "/apple"}, {"g", "/app"}, {"", ""}, {"h", ""}, {"h", "app"}} {
		if i, ok := table.Match("front", c[0], c[1]); ok {
			t.Errorf("Match(%q) = %d", c, i)
		}
	}
	if _, ok := new(Table).Match("front", "h", "/"); ok {
		t.Error("an empty table matches")
	}
}

// TestTableAgreesWithLinearSearch also holds case against it: a host is
// matched alike however it is written, and however many hosts there are.
func TestTableAgreesWithLinearSearch(t *testing.T) {
	for _, n := range []int{1, 99, 101, 5000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, uint64(n)))
			routes := randomRoutes(rng, n)
			table, _ := New([]string{"front", "plain"}, routes)
			for range 400 {
				listener := []string{"front", "plain"}[rng.IntN(2)]
				host := randomCase(rng, randomHost(rng, n))
				path := randomPath(rng)
				want := linear(routes, listener, strings.ToLower(host), path)
				canonical, err := Host(host)
				if err != nil {
					t.Fatal(err)
				}
				got, ok := table.Match(listener, canonical, path)
				if !ok {
					got = -1
				}
				if got != want {
					t.Fatalf("Match(%q, %q, %q) = %d, want %d", listener, host, path, got, want)
				}
			}
		})
	}
}

// randomRoutes makes n routes of which no two are indistinct.
func randomRoutes(rng *rand.Rand, n int) []Route {
	var routes []Route
	taken := make(map[string]bool)
	for len(routes) < n {
		host := randomHost(rng, n)
		switch rng.IntN(10) {
		case 0:
			host = "*"
		case 1, 2, 3:
			_, parent, _ := strings.Cut(host, ".")
			host = "*." + parent
		}
		r := Route{Hosts: []string{randomCase(rng, host)}, Paths: []string{randomPath(rng)}}
		if rng.IntN(3) == 0 {
			r.Listeners = []string{[]string{"front", "plain"}[rng.IntN(2)]}
		}
		key := fmt.Sprint(host, strings.TrimSuffix(r.Paths[0], "/"), r.Listeners)
		if !taken[key] || n == 1 {
			taken[key] = true
			routes = append(routes, r)
		}
	}
	return routes
}

func randomHost(rng *rand.Rand, n int) string {
	return fmt.Sprintf("h%d.d%d.example", rng.IntN(n), rng.IntN(n/10+1))
}

func randomPath(rng *rand.Rand) string {
	var b strings.Builder
	for range rng.IntN(5) {
		b.WriteString([]string{"/a", "/ab", "/b"}[rng.IntN(3)])
	}
	if b.Len() == 0 || rng.IntN(4) == 0 {
		b.WriteByte('/')
	}
	return b.String()
}

func randomCase(rng *rand.Rand, s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' && rng.IntN(2) == 0 {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

// linear is the rule of the package in its plainest form, for routes of one
// host and one path.
func linear(routes []Route, listener, host, path string) int {
	best, bestScore := -1, -1
	for i, r := range routes {
		pattern := strings.ToLower(r.Hosts[0])
		score := 0
		switch first, parent, _ := strings.Cut(host, "."); {
		case pattern == host:
			score = 2
		case pattern == "*."+parent && first != "":
			score = 1
		case pattern != "*":
			continue
		}
		prefix := strings.TrimSuffix(r.Paths[0], "/")
		if path != prefix && !strings.HasPrefix(path, prefix+"/") {
			continue
		}
		score = score*1000 + len(prefix)*2
		if len(r.Listeners) > 0 {
			if r.Listeners[0] != listener {
				continue
			}
			score++
		}
		if score > bestScore {
			best, bestScore = i, score
		}
	}
	return best
}

func TestMatchCostsNoAllocation(t *testing.T) {
	table := mustTable(t, Route{Hosts: []string{"*.example.org"}, Paths: []string{"/a/b/c"}}, Route{})
	n := testing.AllocsPerRun(100, func() { table.Match("front", "www.example.org", "/a/b/d/e") })
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{10, 5000} {
		routes := make([]Route, n)
		for i := range routes {
			routes[i] = Route{Name: fmt.Sprint(i), Hosts: []string{fmt.Sprintf("h%d.example.org", i/5)}, Paths: []string{fmt.Sprintf("/app/%d", i%5)}}
		}
		table := mustTable(b, routes...)
		host := fmt.Sprintf("h%d.example.org", n/10)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				table.Match("front", host, "/app/4/view/index.html")
			}
		})
	}
	table := mustTable(b, Route{Paths: []string{"/a/b"}})
	slashes := strings.Repeat("/x", 4000)
	b.Run("4000 segments", func(b *testing.B) {
		for b.Loop() {
			table.Match("front", "h", slashes)
		}
	})
}
