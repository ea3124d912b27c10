package proxy

import (
	"github.com/rs/zerolog"

	"sterling/backend"
)

// event turns what the backends report into lines of the process log.
func (s *Server) event(e backend.Event) {
	level, message := zerolog.InfoLevel, "backend state changed"
	switch {
	case e.Kind == backend.IdleCloseLearned:
		level, message = zerolog.DebugLevel, "the backend closes idle connections"
	case e.Kind == backend.OrderChanged:
		message = "backend order changed"
	case e.Kind == backend.Ejected:
		level, message = zerolog.WarnLevel, "backend ejected"
	case e.Kind == backend.Readmitted:
		message = "backend readmitted"
	case e.To == backend.Down:
		level = zerolog.WarnLevel
	}
	l := s.log.WithLevel(level).Str("pool", e.Pool).Str("backend", e.Backend)
	switch e.Kind {
	case backend.StateChanged:
		l.Str("from", e.From.String()).Str("to", e.To.String()).Str("reason", e.Reason)
	case backend.IdleCloseLearned:
		l.Dur("idle_close", e.IdleClose)
	case backend.OrderChanged:
		logOrder(l, e)
	case backend.Ejected:
		l.Str("reason", e.Reason).Time("until", e.Until.UTC())
	case backend.Readmitted:
		l.Str("reason", e.Reason).Dur("ejected", e.Time.Sub(e.Since))
	}
	if e.LastAvailable {
		l.Bool("last_available", true)
	}
	l.Msg(message)
	s.keeper.changed()
	s.news.tell()
}

// logOrder says what is asked of a backend now, and by whom.
func logOrder(l *zerolog.Event, e backend.Event) {
	by := e.Order.By
	if by == "" {
		by = e.Was.By // who has taken it back
	}
	l.Str("from", e.Was.Duty.String()).Str("to", e.Order.Duty.String()).Str("by", by)
	if e.Order.Mode != "" {
		l.Str("mode", string(e.Order.Mode))
	}
	if !e.Order.Until.IsZero() {
		l.Time("until", e.Order.Until.UTC())
	}
}
