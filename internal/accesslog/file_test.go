package accesslog

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func TestALineCutByAFailedWriteIsCompletedByTheNext(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	o := newFileOutput(w)
	long := append(bytes.Repeat([]byte{'a'}, 200<<10), '\n') // more than a pipe holds
	if err := w.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	written, lost, err := o.write(append([]byte("x\n"), append(long, "y\nz\n"...)...))
	if !errors.Is(err, os.ErrDeadlineExceeded) || written != 1 || lost != 2 {
		t.Fatalf("first: %d written, %d lost, %v", written, lost, err)
	}
	if err := w.SetWriteDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	text := make(chan []byte)
	go func() {
		all, _ := io.ReadAll(r) // a failure shows in what was read
		text <- all
	}()
	if written, lost, err := o.write([]byte("new\n")); written != 2 || lost != 0 || err != nil {
		t.Fatalf("second: %d written, %d lost, %v", written, lost, err)
	}
	if _, _, err := o.close(); err != nil {
		t.Fatal(err)
	}
	if got, want := <-text, "x\n"+string(long)+"new\n"; string(got) != want {
		t.Errorf("%d bytes read, want %d", len(got), len(want))
	}
}

func TestALineThatCannotBeCompletedIsLostAtClose(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	o := newFileOutput(w)
	if err := w.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, lost, err := o.write(append(bytes.Repeat([]byte{'a'}, 200<<10), '\n')); err == nil || lost != 0 {
		t.Fatalf("%d lost, %v", lost, err)
	}
	if written, lost, err := o.close(); written != 0 || lost != 1 || err == nil {
		t.Errorf("%d written, %d lost, %v", written, lost, err)
	}
}

func TestWritesToAPipeAreWholeLinesOfOnePiece(t *testing.T) {
	o := fileOutput{pipe: true}
	short := bytes.Repeat([]byte("123456789\n"), 1000)
	if got := len(o.portion(short)); got != 4090 {
		t.Errorf("short lines: %d bytes", got)
	}
	long := append(bytes.Repeat([]byte{'a'}, 5000), "\nb\n"...)
	if got := len(o.portion(long)); got != 5001 {
		t.Errorf("a long line: %d bytes", got)
	}
	if got := len((&fileOutput{}).portion(short)); got != len(short) {
		t.Errorf("a file: %d bytes", got)
	}
}

func TestALineThatAnotherProcessIsWritingIsLeftAlone(t *testing.T) {
	for rest, want := range map[string]string{" a line\n": "half a line\n", " a line\nhalf": "half a line\nhalf"} {
		path := filepath.Join(t.TempDir(), "access.log")
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			go func() {
				time.Sleep(glance / 2)
				f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = f.WriteString(rest)
				_ = f.Close()
			}()
			f, err := openFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_ = f.Close()
		})
		if got, err := os.ReadFile(path); string(got) != want || err != nil {
			t.Errorf("%q: got %q, %v", rest, got, err)
		}
	}
}

func TestAFileThatEndsInsideALineIsEndedFirst(t *testing.T) {
	for before, want := range map[string]string{
		"":            "new\n",
		"whole\n":     "whole\nnew\n",
		"whole\nhalf": "whole\nhalf\nnew\n",
	} {
		path := filepath.Join(t.TempDir(), "access.log")
		if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := openFile(path)
		if err != nil {
			t.Fatal(err)
		}
		o := newFileOutput(f)
		if _, _, err := o.write([]byte("new\n")); err != nil {
			t.Fatal(err)
		}
		if _, _, err := o.close(); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); string(got) != want || err != nil {
			t.Errorf("%q: got %q, %v", before, got, err)
		}
	}
}

func TestClosingALogLeavesTheStreamOpen(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	o, err := standardStream(w)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.write([]byte("line\n")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.close(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("more\n")); err != nil {
		t.Errorf("the stream is closed: %v", err)
	}
	_ = w.Close() // the reader needs an end
	if got, err := io.ReadAll(r); string(got) != "line\nmore\n" {
		t.Errorf("read %q, %v", got, err)
	}
}
