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

func TestADrainWithoutVisitorsSaysWhatItWaitsFor(t *testing.T) {
	until := time.Date(2026, 3, 1, 12, 30, 0, 0, time.Local)
	st := proxy.BackendStatus{State: "draining", Health: "up", Weight: 1, Sessions: new(int64), SessionsExact: true, Awaits: "visitors", AwaitsUntil: &until}
	const left = "draining, health up, weight 1, 0 visitors, 0 in flight, 0 tunnels, waits "
	if got, want := describe(st), left+"until 2026-03-01 12:30:00 at the latest for visitors"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	st.AwaitsUntil = nil
	if got, want := describe(st), left+"for visitors"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
