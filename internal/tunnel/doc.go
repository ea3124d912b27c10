// Package tunnel keeps the connection under an upgraded request: a websocket,
// or any other protocol that a client and a backend switched to.
//
// Start with [New], which wraps the connection that a hijack returned. The
// [Conn] is a net.Conn for httputil.ReverseProxy, which writes the head of the
// 101 answer to it and then copies both ways: from the client to the backend by
// Read, from the backend to the client by Write.
//
// A Conn adds three things to the connection. A tunnel in which nothing moves
// for too long ends. [Conn.GoAway] ends a tunnel so that both sides understand
// why: websockets get a Close frame (RFC 6455 section 5.5.1), always between
// two frames and never inside one. And the end is told once, with its cause.
//
// Read may be called by one goroutine and Write and CloseWrite by another, as
// ReverseProxy does; everything else by any goroutine at any time.
//
// Bytes that the server had read from the client before the hijack are given to
// New and are what Read returns first. They cannot reach the backend before it
// agreed to the upgrade, because ReverseProxy hijacks only after the 101 answer
// has come.
//
// The package never looks into a payload, never changes what passes but for the
// Close frames above, and never logs.
package tunnel
