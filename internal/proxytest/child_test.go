package proxytest

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestChildIsAProcessThatCanBeKilledFrozenAndEnded(t *testing.T) {
	c := StartChild(t, "b1", 10*time.Millisecond)
	tr := &http.Transport{DisableKeepAlives: true}
	client := &http.Client{Transport: tr, Timeout: 2 * time.Second}
	ask := func(method, id string) (string, error) {
		req, _ := http.NewRequest(method, "http://"+c.Addr+"/", nil) //nolint:noctx // the client has a timeout
		req.Header.Set("X-Visitor", "v")
		req.Header.Set(TestID, id)
		res, err := client.Do(req)
		if err != nil {
			return "", err
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		return strings.TrimSpace(string(body)), err
	}
	Eventually(t, "the first answer", func() bool { s, err := ask("GET", ""); return err == nil && strings.HasPrefix(s, "b1 ") })
	first, _ := ask("GET", "")
	if next, err := ask("POST", "p1"); err != nil || next == first {
		t.Errorf("visits are not counted: %q then %q, %v", first, next, err)
	}
	if ran := c.Ran(); ran["p1"] != 1 || len(ran) != 1 {
		t.Errorf("the record says %v", ran)
	}

	c.Freeze()
	// The signal is sent, and takes effect when the kernel comes to it.
	Eventually(t, "silence", func() bool { _, err := ask("GET", ""); return err != nil })
	c.Thaw()
	Eventually(t, "an answer after the thaw", func() bool { _, err := ask("GET", ""); return err == nil })

	c.Kill()
	if _, err := net.Dial("tcp", c.Addr); err == nil {
		t.Error("a dead backend takes connections")
	}
	c.Restart()
	if s, err := ask("GET", ""); err != nil || s != "b1 1" {
		t.Errorf("after a restart: %q, %v; want an empty memory", s, err)
	}
	c.Terminate()
	c.Wait()
}
