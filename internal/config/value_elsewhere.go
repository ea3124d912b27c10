package config

import (
	"slices"
	"strings"
)

// elsewhere are words of other products, with those that mean the same here. A
// word may stand in several places, and the one that its place knows is meant.
var elsewhere = map[string][]string{
	"leastconn": {"least_requests"}, "least_conn": {"least_requests"}, "least_connections": {"least_requests"}, "least_request": {"least_requests"},
	"rr": {"round_robin"}, "wrr": {"round_robin"}, "weighted": {"round_robin"},
	"backup": {"first"}, "failover": {"first"},
	"sticky": {"cookie"}, "session": {"cookie"}, "ip": {"cookie"}, "ip_hash": {"cookie"}, "source": {"cookie"}, "source_ip": {"cookie"},
	"http": {"h1"}, "http1": {"h1"}, "http/1.1": {"h1"}, "http/1": {"h1"}, "1.1": {"h1"},
	"http2": {"h2", "https"}, "http/2": {"h2", "https"}, "h2": {"https"}, "tls": {"https"}, "ssl": {"https"}, "h1": {"http"},
	"warning": {"warn"}, "notice": {"info"}, "err": {"error"}, "crit": {"error"}, "trace": {"debug"},
	"text": {"console"}, "plain": {"console", "http"},
	"require": {"required"}, "verify": {"required"},
}

// pinning are the words of other products for a choice by the client's address.
var pinning = []string{"ip", "ip_hash", "source", "source_ip", "sticky", "session"}

// elsewhereHint says what to write in place of a word of another product; "" for
// a word that none of them has.
func elsewhereHint(s string, known []string) string {
	if word := ours(s, known); word != "" {
		return "write \"" + word + "\""
	}
	if slices.Contains(known, "round_robin") && slices.Contains(pinning, strings.ToLower(s)) {
		return `by = "cookie" in [pool.affinity] keeps a visitor at one backend`
	}
	return ""
}

// ours is the word of a list that means what s means elsewhere; "" for none.
func ours(s string, known []string) string {
	for _, word := range elsewhere[strings.ToLower(s)] {
		if slices.Contains(known, word) {
			return word
		}
	}
	return ""
}
