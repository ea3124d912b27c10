package prove

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"
)

// scenario is one thing that may happen.
type scenario struct {
	name     string
	harmless bool // nothing is done to a backend
	play     func(context.Context, *scene) error
}

var scenarios = []scenario{
	{"steady", true, steady},
	{"kill", false, kill},
	{"restart", false, restart},
	{"freeze", false, freeze},
	{"slow", false, slow},
	{"errors", false, burst},
	{"rolling", false, rolling},
	{"announced", false, announced},
	{"drained", false, drained},
	{"reload", true, reload},
	{"upgrade", true, upgrade},
}

// Names are the scenarios' names, in their order.
func Names() []string {
	var all []string
	for _, sc := range scenarios {
		all = append(all, sc.name)
	}
	return all
}

// scene is a scenario that is being played.
type scene struct {
	*stage
	crowd   *crowd
	outages []outage
	notes   []string
	idle    bool // nothing was done, and a note says why
}

// rehearse plays one scenario and counts.
func (s *stage) rehearse(ctx context.Context, sc scenario) (Row, error) {
	s.o.Say(sc.name)
	notes, err := s.well(ctx)
	if err != nil {
		return Row{}, err
	}
	if _, err := s.told.findings(); err != nil {
		return Row{}, err
	}
	visits, cut := context.WithCancel(ctx)
	defer cut()
	x := &scene{stage: s, crowd: s.gather(visits, sc.name), notes: notes}
	err = pause(ctx, s.part(20))
	if err == nil {
		err = sc.play(ctx, x)
	}
	if err != nil {
		cut()
	}
	shots := x.crowd.end()
	if err != nil {
		return Row{}, errors.Join(err, s.revive())
	}
	if err := s.revive(); err != nil {
		return Row{}, err
	}
	return x.verdict(ctx, sc, shots)
}

// verdict collects the evidence and counts.
func (x *scene) verdict(ctx context.Context, sc scenario, shots []shot) (Row, error) {
	found, err := x.told.findings()
	if err != nil {
		return Row{}, err
	}
	more, notes := noticed(found, x.outages)
	e := evidence{shots: shots, outages: append(x.outages, more...), logged: make(map[string][]entry)}
	if err := x.collect(ctx, e); err != nil {
		return Row{}, err
	}
	if !x.o.Live {
		e.ran = make(map[string]int)
		for _, c := range x.casts {
			for _, one := range c.children {
				for id, n := range one.posts() {
					e.ran[id] += n
				}
			}
		}
	}
	e.places = findPlaces(x.o.Config, e.logged)
	row := e.count()
	if row.Crowded > 0 {
		x.remark(fmt.Sprintf("%d users moved because their backend was full", row.Crowded))
	}
	row.Scenario = sc.name
	row.Notes = append(row.Notes, append(notes, x.notes...)...)
	row.judge()
	if x.idle && row.Verdict == good {
		row.Verdict = skipped
	}
	return row, nil
}

// logLimit is how long lines of the access log may take to be there.
const logLimit = 5 * time.Second

// collect reads the access log until every answer has its line.
func (x *scene) collect(ctx context.Context, e evidence) error {
	var err error
	late := until(ctx, logLimit, func() bool {
		if err = x.seen.entries(e.logged); err != nil {
			return true
		}
		return !slices.ContainsFunc(e.shots, func(s shot) bool { return s.answered && len(e.logged[s.id]) == 0 })
	})
	if late != nil && !errors.Is(late, errLate) {
		return late
	}
	return err // what is missing by now is counted
}

// revive brings every backend back as it was at first.
func (s *stage) revive() error {
	for _, c := range s.casts {
		for _, one := range c.children {
			if one.cmd == nil {
				if err := one.start(); err != nil {
					return err
				}
				continue
			}
			one.signal(syscall.SIGCONT)
			if err := errors.Join(one.order("slow 0s"), one.order("burst off")); err != nil {
				return err
			}
		}
	}
	return nil
}

// part is that many hundredths of a scenario's time.
func (s *stage) part(hundredths int) time.Duration {
	return s.o.Time * time.Duration(hundredths) / 100
}

// victims are the backends, one a pool, that know the most users.
func (x *scene) victims() []victim {
	homes := x.crowd.homes()
	var all []victim
	for _, c := range x.driven() {
		one := slices.MaxFunc(c.children, func(a, b *child) int { return homes[a.name] - homes[b.name] })
		all = append(all, victim{c, one})
	}
	return all
}

// victim is a backend that something is done to.
type victim struct {
	*cast
	*child
}

func (v victim) backendName() string { return v.child.name[len(v.pool.Name)+1:] }

// each does something to every victim, stopping at the first failure.
func each(all []victim, do func(victim) error) error {
	for _, v := range all {
		if err := do(v); err != nil {
			return fmt.Errorf("backend %s: %w", v.child.name, err)
		}
	}
	return nil
}
