// Package proxyline reads and writes the line before a connection by which a
// balancer tells who is at its other end: the PROXY protocol, versions 1 and 2
// (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt).
//
// [Read] takes exactly the line from a socket, and nothing of what follows it.
// [Write] makes one. What such a line says is to be believed of trusted peers
// alone; the package does not know who they are.
package proxyline
