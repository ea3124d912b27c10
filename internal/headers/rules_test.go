package headers

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func mustRules(t testing.TB, set, add map[string]string, remove ...string) *Rules {
	t.Helper()
	r, faults := CompileRules(Response, set, add, remove)
	for _, f := range faults {
		t.Fatalf("%s: %v", f.Key, f.Err)
	}
	return r
}

func TestRulesRemoveThenSetThenAdd(t *testing.T) {
	r := mustRules(t,
		map[string]string{"x-front": "sterling", "Server": "${host}", "X-Both": "set"},
		map[string]string{"Vary": "Cookie", "x-both": "added", "X-New": "n"},
		"server", "x-internal-*", "X-Gone")
	h := http.Header{
		"Server": {"Zope"}, "X-Front": {"a", "b"}, "X-Internal-User": {"root"}, "X-Internal-": {"x"}, "X-Internals": {"stays"},
		"x-internal-odd": {"x"}, "X-Gone": {"x"}, "Vary": {"Accept"}, "X-Both": {"old"}, "X-Stays": {"1"},
	}
	if n := r.Apply(h, &someVars); n != 0 {
		t.Errorf("%d dropped", n)
	}
	want := http.Header{
		"Server": {"www.example.org"}, "X-Front": {"sterling"}, "X-Internals": {"stays"}, "Vary": {"Accept", "Cookie"},
		"X-Both": {"set", "added"}, "X-New": {"n"}, "X-Stays": {"1"},
	}
	if !maps.EqualFunc(h, want, slices.Equal) {
		t.Errorf("got  %v\nwant %v", h, want)
	}
}

func TestDroppedRulesLeaveNothingBehind(t *testing.T) {
	r := mustRules(t, map[string]string{"X-Path": "${path}", "X-Ok": "1"}, map[string]string{"X-List": "${path}"})
	h := http.Header{"X-Path": {"from the client"}, "X-List": {"a"}}
	if n := r.Apply(h, &Vars{Path: "/\r\nX-Evil: 1"}); n != 2 {
		t.Errorf("%d dropped, want 2", n)
	}
	want := http.Header{"X-Ok": {"1"}, "X-List": {"a"}}
	if !maps.EqualFunc(h, want, slices.Equal) {
		t.Errorf("got %v, want %v", h, want)
	}
}

func TestRulesDoNotReachEachOther(t *testing.T) {
	r := mustRules(t, map[string]string{"X-A": "a", "X-B": "b"}, nil)
	first, second := make(http.Header), make(http.Header)
	r.Apply(first, &someVars)
	first.Add("X-A", "more")
	first["X-A"][0] = "changed"
	r.Apply(second, &someVars)
	if first.Get("X-B") != "b" || second.Get("X-A") != "a" {
		t.Errorf("%v, %v", first, second)
	}
}

func TestRulesInRoomCostNoAllocation(t *testing.T) {
	r := mustRules(t, map[string]string{"X-Front": "sterling", "X-Client": "${client_ip}"}, map[string]string{"X-Add": "1"}, "Server")
	if r.Static() || !mustRules(t, map[string]string{"X-Front": "sterling"}, map[string]string{"X-Add": "$$"}).Static() || !(*Rules)(nil).Static() {
		t.Error("static and varying rules are mixed up")
	}
	h, room := browserHeader(), new(Room)
	n := testing.AllocsPerRun(100, func() {
		delete(h, "X-Add")
		r.ApplyIn(h, &someVars, room)
		room.Reset()
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAddedValuesStayOutOfOthersRoom(t *testing.T) {
	all := []string{"Accept", "beyond"}
	h := http.Header{"Vary": all[:1]}
	mustRules(t, nil, map[string]string{"Vary": "Cookie"}).Apply(h, nil)
	if all[1] != "beyond" || !slices.Equal(h["Vary"], []string{"Accept", "Cookie"}) {
		t.Errorf("%q, %q", all, h["Vary"])
	}
}

func TestNoRulesChangeNothing(t *testing.T) {
	h := http.Header{"X-A": {"a"}}
	if (*Rules)(nil).Apply(h, nil) != 0 || new(Rules).Apply(h, nil) != 0 || len(h) != 1 {
		t.Errorf("%v", h)
	}
}

func TestWildcardsSpareTheConnection(t *testing.T) {
	h := http.Header{"Content-Length": {"5"}, "Content-Type": {"x"}}
	mustRules(t, nil, nil, "Content-*").Apply(h, &someVars)
	if got := names(h); !slices.Equal(got, []string{"Content-Length"}) {
		t.Errorf("left are %q", got)
	}
}

func TestFaultsOfRules(t *testing.T) {
	_, faults := CompileRules(Request,
		map[string]string{"X-A": "${hots}", "X-B": "ok", "x-b": "twice", "Bad Name": "x", "Host": "h", "Connection": "close", "": "x", "X-*": "x"},
		map[string]string{"Content-Length": "5", "X-B": "fine beside set"},
		[]string{"Transfer-Encoding", "a b", "*", "X-Ok-*", "X*Y", "te", "X-Ok"})
	want := []string{
		"set.: this is no header name", "set.Bad Name: this is no header name", "set.Connection: Connection belongs",
		"set.Host: the Host of requests", "set.X-*: this is no header name", "set.X-A: there is no placeholder ${hots}; did you mean ${host}?",
		"set.x-b: X-B is given twice", "add.Content-Length: Content-Length belongs",
		"remove[0]: Transfer-Encoding belongs", "remove[1]: this is no", "remove[2]: this is no", "remove[4]: this is no", "remove[5]: Te belongs",
	}
	var got []string
	for _, f := range faults {
		got = append(got, f.Key+": "+f.Err.Error())
	}
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func BenchmarkRulesApply(b *testing.B) {
	for name, r := range map[string]*Rules{
		"none":   mustRules(b, nil, nil),
		"static": mustRules(b, map[string]string{"X-Front": "sterling", "X-Frame-Options": "DENY"}, nil, "Server"),
		"client": mustRules(b, map[string]string{"X-Front": "sterling", "X-Client": "${client_ip}"}, nil, "Server"),
		"joined": mustRules(b, map[string]string{"X-Url": "${scheme}://${host}${path}"}, nil),
	} {
		b.Run(name, func(b *testing.B) {
			h, room := browserHeader(), new(Room)
			b.ReportAllocs()
			for b.Loop() {
				r.ApplyIn(h, &someVars, room)
				room.Reset()
			}
		})
	}
}
