package handover

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// links are the two ends of one.
func links(t *testing.T) (ours, theirs *Link) {
	t.Helper()
	a, b, err := socketPair()
	if err != nil {
		t.Fatal(err)
	}
	for _, end := range []struct {
		l **Link
		f *os.File
	}{{&ours, a}, {&theirs, b}} {
		if *end.l, err = newLink(end.f, os.Getpid()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup((*end.l).Close)
	}
	return ours, theirs
}

type word struct {
	Text string `json:"text"`
}

func TestALinkCarriesMessagesUntilTheOtherEndIsGone(t *testing.T) {
	ours, theirs := links(t)
	for _, text := range []string{"a", "b\nc", ""} {
		if err := theirs.Send(word{text}); err != nil {
			t.Fatal(err)
		}
		got := word{"old"}
		if err := ours.Receive(&got); err != nil || got.Text != text {
			t.Errorf("got %q, %v", got.Text, err)
		}
	}
	theirs.Close()
	if err := ours.Receive(&word{}); !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
}

// A process may end, or hand over, while it writes or reads.
func TestHalfAMessageIsLeftOutAndTheNextOneIsWhole(t *testing.T) {
	ours, theirs := links(t)
	for _, rest := range []string{`{"text":"half`, `of a message"}` + "\n", "7\n"} {
		if _, err := theirs.conn.Write([]byte(rest)); err != nil {
			t.Fatal(err)
		}
		if err := theirs.Send(word{"whole"}); err != nil {
			t.Fatal(err)
		}
		var got word
		if err := ours.Receive(&got); err != nil || got.Text != "whole" {
			t.Errorf("after %q: got %q, %v", rest, got.Text, err)
		}
	}
}

func TestALinkIsTheNextProcesssAsSoonAsThisOneLetsGo(t *testing.T) {
	ours, theirs := links(t)
	f, err := File(ours.conn, "link")
	if err != nil {
		t.Fatal(err)
	}
	next, err := newLink(f, ours.PID())
	if err != nil {
		t.Fatal(err)
	}
	defer next.Close()
	ours.Close()
	if err := theirs.Send(word{"on"}); err != nil {
		t.Fatal(err)
	}
	var got word
	if err := next.Receive(&got); err != nil || got.Text != "on" {
		t.Errorf("got %q, %v", got.Text, err)
	}
}

func TestASendThatNobodyReadsEnds(t *testing.T) {
	ours, _ := links(t)
	ours.Within(50 * time.Millisecond)
	if err := ours.Send(word{strings.Repeat("a", 4<<20)}); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
