package proxy

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"sterling/internal/config"
	"sterling/internal/regular"
)

// maxPage is the most that a page may have.
const maxPage = 1 << 20

// page is what a pool answers with when no backend could take the request.
type page struct {
	status     int
	retryAfter int    // seconds; 0: no header
	kind       string // the media type
	body       []byte // nil: a line of text
}

// readPage makes the page of a pool; nil: it has none.
func readPage(c *config.Unavailable) (*page, error) {
	if c == nil {
		return nil, nil
	}
	p := &page{status: c.Status, retryAfter: int((c.RetryAfter + time.Second - 1) / time.Second)}
	if c.File == "" {
		return p, nil
	}
	f, err := regular.Open(c.File)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	p.body, err = io.ReadAll(io.LimitReader(f, maxPage+1))
	switch {
	case err != nil:
		return nil, err
	case len(p.body) > maxPage:
		return nil, fmt.Errorf("%s has more than %d bytes", c.File, maxPage)
	case len(p.body) == 0:
		return nil, errors.New(c.File + " is empty")
	}
	p.kind = mediaType(c.File, p.body)
	return p, nil
}

// mediaType does not depend on what the machine knows of file names.
func mediaType(name string, body []byte) string {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".html", ".htm":
		return "text/html; charset=utf-8"
	case ".txt":
		return "text/plain; charset=utf-8"
	case ".json":
		return "application/json"
	case ".xml":
		return "application/xml"
	}
	return http.DetectContentType(body)
}
