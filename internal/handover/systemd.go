package handover

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// fromSystemd finds the sockets that systemd passes (sd_listen_fds(3)). What is
// passed without a name is left alone, because nobody could ask for it.
func fromSystemd() ([]Socket, error) {
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return nil, nil
	}
	all, err := listed(os.Getenv("LISTEN_FDS"), os.Getenv("LISTEN_FDNAMES"))
	if err != nil {
		return nil, err
	}
	var sockets []Socket
	for _, s := range all {
		sockets = append(sockets, Socket{Address: s.Address, File: adopt(s.FD, s.Address)})
	}
	return sockets, nil
}

// listed are the sockets that have a name.
func listed(count, names string) ([]passed, error) {
	n, err := strconv.Atoi(count)
	if err != nil {
		return nil, fmt.Errorf("LISTEN_FDS is %q, which is not a number: systemd sets it, or else it must not be there", count)
	}
	var all []passed
	for i, name := range strings.Split(names, ":") {
		if i < n && name != "" {
			all = append(all, passed{Address: "fd:" + name, FD: firstExtra + i})
		}
	}
	return all, nil
}
