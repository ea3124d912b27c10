package handover

import (
	"errors"
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
	n, err := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if err != nil {
		return nil, errors.New("LISTEN_FDS is not a number")
	}
	names := strings.Split(os.Getenv("LISTEN_FDNAMES"), ":")
	var sockets []Socket
	for i := range min(n, len(names)) {
		if names[i] == "" {
			continue
		}
		address := "fd:" + names[i]
		sockets = append(sockets, Socket{Address: address, File: adopt(firstExtra+i, address)})
	}
	return sockets, nil
}
