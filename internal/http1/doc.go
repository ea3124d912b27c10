// Package http1 speaks HTTP/1.1 (RFC 9112) on the wire, toward clients and
// toward a server.
//
// Toward clients, start with [NewServer], and give [Server.ServeConn] each
// connection that was accepted. It calls an [http.Handler].
//
// Toward a server, start with [NewClientConn] over a connection that was
// dialled, and [ClientConn.RoundTrip]. Where an exchange fails, [Error] says exactly how far
// it had got, because that decides whether a request may be tried elsewhere.
//
// A Server may be used by any goroutine. A ClientConn carries one exchange at a time; [ClientConn.Abort] may be called
// by any goroutine at any time. A [Spool] is safe for concurrent use.
//
// The package never listens, never dials, never retries, never follows a redirect, and never
// guesses at framing: what is malformed or ambiguous is an error and the end of
// the connection.
package http1
