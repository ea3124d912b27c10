// Package http2 is the server's side of HTTP/2 (RFC 9113) over connections
// that were accepted, and whose TLS handshake is done, elsewhere.
//
// Start with [NewServer] and call [Server.ServeConn] for each connection, on a
// goroutine of its own; end with [Server.GoAway] and [Server.Shutdown]. Any
// goroutine may call the methods of a [Server] at any time.
//
// Each connection has one goroutine that reads, and each request that is under
// way one that runs the handler, taken from those that have just finished
// another. None is there for writing: frames are put into the connection's
// output, and whoever has ended an answer writes what all have put there.
//
// What a client can make the server hold is bounded: [ServerOptions] says by
// what. The package never listens, never pushes, never guesses a Content-Type,
// ignores priorities, and never logs.
//
// Header compression is that of golang.org/x/net/http2/hpack, and so are the
// names of frames and errors. Frames are taken apart here: the Framer of
// golang.org/x/net keeps a buffer for as long as the connection lasts, and
// copies each payload once more.
package http2
