package integration

import (
	"flag"
	"testing"

	"sterling/internal/proxytest"
)

var (
	long      = flag.Bool("long", false, "run scenarios at their full length and print what they measured")
	peers     = flag.Bool("peers", false, "run what concerns them against haproxy, nginx and caddy, too")
	tableFile = flag.String("table", "", "write what the suite found with -peers to this file")
)

func TestMain(m *testing.M) { proxytest.Main(m) }
