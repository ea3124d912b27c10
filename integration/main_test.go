package integration

import (
	"flag"
	"testing"

	"sterling/internal/proxytest"
)

var (
	long  = flag.Bool("long", false, "run scenarios at their full length and print what they measured")
	peers = flag.Bool("peers", false, "run the failover scenario against haproxy and nginx, too")
)

func TestMain(m *testing.M) { proxytest.Main(m) }
