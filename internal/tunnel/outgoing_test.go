package tunnel

import "testing"

const head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

func TestTheHeadIsNoPlaceForAFrame(t *testing.T) {
	for _, text := range []string{head, "a\r\n\r\r\n\r\n", "\r\r\n\r\n"} {
		for split := range len(text) {
			for _, websocket := range []bool{false, true} {
				o := outgoing{websocket: websocket}
				n := o.all([]byte(text[:split]))
				if o.boundary() || n != 0 {
					t.Fatalf("a boundary after %q", text[:split])
				}
				if n := o.all([]byte(text[split:] + "\x81")); n != 1 {
					t.Fatalf("%d bytes after the head %q", n, text)
				}
				if o.boundary() == websocket {
					t.Fatalf("websocket %t: boundary %t inside a frame", websocket, o.boundary())
				}
			}
		}
	}
}
