//go:build !linux

package proxy

import "io/fs"

// identity tells files apart on Linux alone: elsewhere size, time and mode do.
func identity(fs.FileInfo) string { return "" }
