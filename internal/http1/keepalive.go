package http1

import (
	"strconv"
	"strings"
	"time"
)

// KeepAlive returns what the last answer's Keep-Alive header said; 0: nothing.
func (c *ClientConn) KeepAlive() (timeout time.Duration, max int) { return c.keepAlive, c.keepMax }

// learnKeepAlive reads "timeout=5, max=100".
func (c *ClientConn) learnKeepAlive(values []string) {
	c.keepAlive, c.keepMax = 0, 0
	for _, v := range values {
		for part := range strings.SplitSeq(v, ",") {
			name, value, _ := strings.Cut(strings.Trim(part, " \t"), "=")
			n, err := strconv.Atoi(value)
			if err != nil || n < 0 || n > 1<<20 {
				continue
			}
			switch strings.ToLower(name) {
			case "timeout":
				c.keepAlive = time.Duration(n) * time.Second
			case "max":
				c.keepMax = n
			}
		}
	}
}
