package demo

import (
	"fmt"
	"net"
	"os"
	"strings"

	"sterling/internal/admin"
)

// Announce says where the front door is and what to try with it.
func (d *Demo) Announce(https, plain, adminAt net.Addr) error {
	client, err := admin.NewClient(adminAt.String(), "")
	if err != nil {
		return err
	}
	d.control.admin.Store(client)

	var b strings.Builder
	page := "https://" + named(https) + "/"
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("")
	p("  Sterling is up. Three servers, each with a memory of its own, behind one door.")
	p("")
	p("    page    %s   (the browser warns: its certificate was made a moment ago)", page)
	p("    plain   http://%s/   (sent on to the page)", named(plain))
	p("    admin   http://%s/api/v1/status", adminAt)
	p("    files   %s", d.dir)
	p("")
	p("  Try: load the page a few times; stop, freeze and start servers with its buttons,")
	p("  or from another terminal, where you can see the visitor move as well:")
	p("")
	p("    curl -k -c jar -b jar %svisit", page)
	for _, c := range d.herd.children {
		_, pid := c.process()
		p("    %-6s  kill -9 %d      kill -STOP %d      kill -CONT %d", c.name, pid, pid, pid)
	}
	p("")
	p("    status          sterling status --admin %s", adminAt)
	p("    access log      tail -f %s/access.log", d.dir)
	p("    configuration   edit %s, then kill -HUP %d", d.Config(), os.Getpid())
	p("")
	p("  Ctrl-C ends it all.")
	p("")
	_, err = fmt.Fprint(d.opts.Out, b.String())
	return err
}

// named is the address under the name that the certificate has, where it has one.
func named(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err == nil && host == "127.0.0.1" {
		return net.JoinHostPort("localhost", port)
	}
	return a.String()
}
