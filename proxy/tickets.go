package proxy

import (
	"path/filepath"
	"time"

	"sterling/internal/config"
)

// ticketsFile is the file's name in the state folder.
const ticketsFile = "tls-tickets.keys"

// ticketsEvery is how often the keys of session tickets are looked at.
const ticketsEvery = time.Minute

// ticketsPath is where the keys of session tickets are kept; "": no listener
// needs any.
func ticketsPath(cfg *config.Config) string {
	for _, l := range cfg.Listeners {
		if l.Protocol == "https" {
			return filepath.Join(cfg.State.Dir, ticketsFile)
		}
	}
	return ""
}

func (w *certificateWatch) refreshTickets(now time.Time) {
	w.tickets = now
	err := w.server.tickets.Refresh(now)
	if err != nil && !w.ticketErr {
		w.server.log.Warn().Err(err).Msg("TLS sessions are not resumed after a restart")
	}
	w.ticketErr = err != nil
}
