package handover

import (
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// What is read of a message is what another process is told, and names each
// descriptor once, and none that is not the message's to give.
func FuzzMessage(f *testing.F) {
	for _, s := range []string{
		`{"from":7,"ready":3,"quit":4,"stderr":5,"sockets":[{"name":"front","address":"[::]:443","fd":6}],"links":[{"pid":7,"fd":7}]}`,
		`{"from":7,"ready":3,"stderr":4}`, `{"ready":3,"stderr":3}`, `{"ready":-1,"stderr":9}`, `{"ready":0}`, `{nonsense`, `null`, ``,
		`{"ready":3,"stderr":4,"sockets":[{"fd":2}]}`, `{"ready":3,"stderr":4,"links":[{"fd":5},{"fd":5}]}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseMessage(text)
		if err != nil {
			if !strings.Contains(err.Error(), "start without") || !reflect.DeepEqual(m, message{}) {
				t.Fatalf("%q: %+v, %v", text, m, err)
			}
			return
		}
		taken := map[int]int{m.Ready: 1}
		taken[m.Stderr]++
		if m.Quit != 0 {
			taken[m.Quit]++
		}
		for _, s := range m.Sockets {
			taken[s.FD]++
		}
		for _, l := range m.Links {
			taken[l.FD]++
		}
		for fd, times := range taken {
			if times > 1 || fd < firstExtra {
				t.Fatalf("%q: descriptor %d, %d times", text, fd, times)
			}
		}
		env, err := environment([]string{"A=b", variable + "=old", "LISTEN_FDS=1"}, m)
		if err != nil || len(env) != 2 || env[0] != "A=b" {
			t.Fatalf("%q: the environment is %q, %v", text, env, err)
		}
		again, err := parseMessage(strings.TrimPrefix(env[1], variable+"="))
		if err != nil || !sameMessage(m, again) {
			t.Fatalf("%+v became %+v, %v", m, again, err)
		}
	})
}

// sameMessage makes no difference between none and nothing.
func sameMessage(a, b message) bool {
	return a.From == b.From && a.Ready == b.Ready && a.Quit == b.Quit && a.Stderr == b.Stderr &&
		len(a.Sockets) == len(b.Sockets) && len(a.Links) == len(b.Links) &&
		(len(a.Sockets) == 0 || reflect.DeepEqual(a.Sockets, b.Sockets)) && (len(a.Links) == 0 || reflect.DeepEqual(a.Links, b.Links))
}

// Sockets of systemd keep the place that their name has.
func FuzzListed(f *testing.F) {
	for _, s := range [][2]string{{"2", "web:admin"}, {"1", "a:b"}, {"3", ":web:"}, {"-1", "a"}, {"", ""}, {"x", "a"}, {"2", ""}, {"9223372036854775807", "a"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, count, names string) {
		got, err := listed(count, names)
		n, bad := strconv.Atoi(count)
		if (err != nil) != (bad != nil) || err != nil && (len(got) > 0 || !strings.Contains(err.Error(), "systemd")) {
			t.Fatalf("%q: %v, %v", count, got, err)
		}
		if err != nil {
			return
		}
		all := strings.Split(names, ":")
		for _, s := range got {
			i := s.FD - firstExtra
			if i < 0 || i >= n || i >= len(all) || s.Address != "fd:"+all[i] || all[i] == "" {
				t.Fatalf("%q of %q: %+v", count, names, s)
			}
			all[i] = ""
		}
		for i, name := range all {
			if name != "" && i < n {
				t.Fatalf("%q of %q: %q is missing", count, names, name)
			}
		}
	})
}

// A message that was cut anywhere, because the process that wrote it or the one
// that read it before has ended, is left out, and what follows it is whole.
func FuzzLink(f *testing.F) {
	f.Add("text", uint(5), false)
	f.Add(`{"text":"{"}`, uint(11), true)
	f.Add("a\nb\x00\xff", uint(0), true)
	f.Add(strings.Repeat("{", 9000), uint(9000), false)
	f.Add("", uint(12), false)
	f.Add("next", uint(5), false)
	f.Fuzz(func(t *testing.T, text string, cut uint, read bool) {
		ours, theirs := links(t)
		b, err := json.Marshal(word{text})
		if err != nil {
			t.Fatal(err)
		}
		sent := "\n" + string(b) + "\n"
		cut %= uint(len(sent) + 1)
		left, whole := sent[:cut], cut >= uint(len(sent)-1)
		if read {
			left, whole = sent[cut:], cut <= 1
		}
		done := make(chan error, 1)
		go func() {
			_, err := theirs.conn.Write([]byte(left))
			done <- errors.Join(err, theirs.Send(word{"next"}))
			theirs.Close()
		}()
		var want word
		if err := json.Unmarshal(b, &want); err != nil {
			t.Fatal(err)
		}
		words := []string{"next"}
		if whole {
			words = []string{want.Text, "next"}
		}
		for _, want := range words {
			var got word
			if err := ours.Receive(&got); err != nil || got.Text != want {
				t.Fatalf("behind %q: got %q, %v; want %q", left, got.Text, err, want)
			}
		}
		if err := ours.Receive(&word{}); !errors.Is(err, io.EOF) {
			t.Fatalf("behind %q: more than was sent, %v", left, err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
}
