package main

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"sterling/internal/admin"
	"sterling/proxy"
)

func TestWaitGivesUpWhenNobodyAnswersForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, err := admin.NewClient("unix:"+t.TempDir()+"/nobody.sock", "")
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		o := &ordering{env: env{stdout: &out}, target: "app/b1", client: client}
		begun := time.Now()
		if err := o.wait(t.Context(), proxy.BackendStatus{State: "draining"}); err == nil {
			t.Error("it ended well")
		}
		if d := time.Since(begun); d != waitSilent {
			t.Errorf("it ended after %v", d)
		}
		if got := out.String(); got != "app/b1: waiting for the front door\n" {
			t.Errorf("it said %q", got)
		}
	})
}

func TestARefusalIsAnAnswer(t *testing.T) {
	if unanswered(&admin.Refusal{Status: 401}) || !unanswered(errors.New("connection refused")) {
		t.Error("who refuses is there, who refuses the connection is not")
	}
}
