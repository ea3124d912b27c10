package proxytest

import (
	"fmt"
	"os"
	"strings"
)

// Pool is a route for everything and a pool of that name with a cookie, whose
// backends, b1 and on, listen at addrs.
func Pool(name string, addrs ...string) string {
	return "[[route]]\npool = \"" + name + "\"\n" + OnlyPool(name, "[pool.affinity]\nby = \"cookie\"", addrs...)
}

// OnlyPool is a pool without a route. more holds keys and tables of the pool.
func OnlyPool(name, more string, addrs ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[[pool]]\nname = %q\n%s\n", name, more)
	for i, a := range addrs {
		b.WriteString(Backend(fmt.Sprintf("b%d", i+1), a))
	}
	return b.String()
}

// Backend is one backend of the pool before it.
func Backend(name, addr string) string {
	if !strings.Contains(addr, "://") {
		addr = "http://" + addr
	}
	return fmt.Sprintf("[[pool.backend]]\nname = %q\nurl = %q\n", name, addr)
}

// file is the whole configuration file of a process.
func (o Options) file(certs []string) string {
	if o.Bare {
		return o.Config
	}
	log := o.AccessLog
	if log == "" {
		log = "output = \"access.log\""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "[log]\nlevel = \"debug\"\nformat = \"json\"\n[access_log]\n%s\n[admin]\naddress = \"unix:admin.sock\"\n", log)
	for _, c := range certs {
		fmt.Fprintf(&b, "[[tls.certificate]]\ncert = \"%s.pem\"\nkey = \"%s.key\"\n", c, c)
	}
	needsLine := strings.Contains(o.Listener, "proxy_protocol = \"required\"") // over UDP there is none
	for _, l := range [][2]string{{"front", "https"}, {"plain", "http"}} {
		fmt.Fprintf(&b, "[[listener]]\nname = %q\naddress = \"127.0.0.1:0\"\nprotocol = %q\nhttp3 = %v\nengine = %q\n%s\n",
			l[0], l[1], l[1] == "https" && !needsLine, Engine(), o.Listener)
	}
	b.WriteString(o.Config)
	return b.String()
}

// Engine is the engine of the listeners under test: what STERLING_ENGINE says,
// or else native.
func Engine() string {
	if e := os.Getenv("STERLING_ENGINE"); e != "" {
		return e
	}
	return "native"
}
