package backend

import (
	"testing"
	"time"
)

func TestACheckThatBeganLaterSpeaksAgainstFrost(t *testing.T) {
	p := upPool(t, RoundRobin, 1)
	b := p.members[0].Backend
	begun := time.Now()
	b.overdue(begun)
	if !b.Frozen() {
		t.Fatal("an overdue check is no sign of frost")
	}
	b.frost.thaw(begun.Add(time.Second), 40*time.Millisecond)
	if b.overdue(begun); b.Frozen() {
		t.Error("frozen, though a later check has passed")
	}
	if got := b.frost.patience(); got != 160*time.Millisecond {
		t.Errorf("a check may take %v, want four times as long as the last one", got)
	}
	b.frost.thaw(begun.Add(2*time.Second), time.Millisecond)
	if got := b.frost.patience(); got != 140*time.Millisecond {
		t.Errorf("a check may take %v, want the longest of late to fade", got)
	}
}

func TestNewVisitorsPassByWhatAnswersNeitherRequestsNorChecks(t *testing.T) {
	p := upPool(t, First, 1, 1)
	b, begun := p.members[0].Backend, time.Now()
	offered := func() *Member {
		m, _ := p.Pick(Tried{})
		return m
	}
	b.health.follow(CheckOptions{Kind: CheckHTTP})
	b.overdue(begun)
	if offered() != p.members[0] {
		t.Error("passed by for a check alone")
	}
	b.health.suspect()
	if b.stick(); offered() != p.members[1] {
		t.Error("offered, though neither is answered")
	}
	if p.members[1].frost.stuck.Store(true); offered() != p.members[0] {
		t.Error("where all are stuck, none is offered as before")
	}
	if b.checked(begun.Add(time.Second), finding{}); offered() != p.members[0] || b.rank() != fit {
		t.Error("passed by, though a check has passed")
	}
}
