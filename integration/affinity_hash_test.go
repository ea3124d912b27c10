package integration

import (
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // what others make cookies of
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"hash/adler32"
	"hash/crc32"
	"hash/fnv"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"sterling/internal/proxytest"
)

// hashed are the hashes without a secret that a cookie may be made of, by name.
func hashed(text string) map[string][]byte {
	sums := map[string][]byte{}
	for name, h := range map[string]func() hash.Hash{
		"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New,
		"crc32":   func() hash.Hash { return crc32.NewIEEE() },
		"crc32c":  func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
		"adler32": func() hash.Hash { return adler32.New() },
		"fnv32":   func() hash.Hash { return fnv.New32() }, "fnv32a": func() hash.Hash { return fnv.New32a() },
		"fnv64": func() hash.Hash { return fnv.New64() }, "fnv64a": func() hash.Hash { return fnv.New64a() },
		"fnv128": func() hash.Hash { return fnv.New128() }, "fnv128a": func() hash.Hash { return fnv.New128a() },
		"hmac of nothing": func() hash.Hash { return hmac.New(sha256.New, nil) },
	} {
		sum := h()
		_, _ = sum.Write([]byte(text)) // a hash takes all
		sums[name] = sum.Sum(nil)
	}
	return sums
}

// spelled are the ways to write the beginning of a hash, which shows it also
// where it was cut short.
func spelled(sum []byte) map[string]string {
	b := sum[:min(8, len(sum))]
	bits := 8 * len(b)
	ways := map[string]string{
		"bytes": string(b), "hex": hex.EncodeToString(b),
		"base64": base64.StdEncoding.EncodeToString(b)[:bits/6], "base64url": base64.URLEncoding.EncodeToString(b)[:bits/6],
		"base32": base32.StdEncoding.EncodeToString(b)[:bits/5], "base32hex": base32.HexEncoding.EncodeToString(b)[:bits/5],
	}
	if len(sum) <= 8 {
		n, _ := strconv.ParseUint(hex.EncodeToString(sum), 16, 64) // it is one
		ways["decimal"] = strconv.FormatUint(n, 10)
	}
	for _, w := range []string{"hex", "base32", "base32hex"} {
		ways[w+", the other case"] = strings.ToUpper(ways[w])
		if ways[w] == strings.ToUpper(ways[w]) {
			ways[w+", the other case"] = strings.ToLower(ways[w])
		}
	}
	return ways
}

// namedTexts are the names of a backend, and those with its pool's, as they are
// usually put together.
func namedTexts(pool, name, addr string) []string {
	host, port, _ := net.SplitHostPort(addr)
	texts := []string{pool, name, host, port, addr, "http://" + addr, "http://" + addr + "/", "http " + addr, host + port}
	for _, sep := range []string{"", "/", ":", "|", ".", ",", ";", "-", "_", "@", "#", "=", " ", "\t", "\n", "\x00"} {
		for _, of := range []string{name, addr, "http://" + addr} {
			texts = append(texts, pool+sep+of, of+sep+pool)
		}
		texts = append(texts, name+sep+addr, addr+sep+name, pool+sep+name+sep+addr, host+sep+port)
	}
	return texts
}

var encoded = regexp.MustCompile(`[A-Za-z0-9+/_-]{4,}`)

// parts are a value and what is encoded in it, three times over at most.
func parts(value string) []string {
	all := []string{value}
	for begin, depth := 0, 0; depth < 3; depth++ {
		end := len(all)
		for _, v := range all[begin:end] {
			for _, word := range encoded.FindAllString(v, -1) {
				for _, decode := range []func(string) ([]byte, error){
					base64.RawURLEncoding.DecodeString, base64.RawStdEncoding.DecodeString, hex.DecodeString,
					base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString,
				} {
					if b, err := decode(word); err == nil {
						all = append(all, string(b))
					}
				}
			}
		}
		begin = end
	}
	return all
}

// findHash names a hash that is in all of the values, and "" when there is none.
// A short one is in a single value by chance.
func findHash(texts []string, values ...string) string {
	var all [][]string
	for _, v := range values {
		all = append(all, parts(v))
	}
	holds := func(what string) bool {
		for _, in := range all {
			if !strings.Contains(strings.Join(in, "\n\n"), what) {
				return false
			}
		}
		return true
	}
	for _, text := range texts {
		for name, sum := range hashed(text) {
			for way, s := range spelled(sum) {
				if holds(s) {
					return name + " of " + proxytest.Quote(text) + " in " + way
				}
			}
		}
	}
	return ""
}

func TestTheCookieIsNoHashOfItsBackend(t *testing.T) {
	t.Parallel()
	const name = "b1"
	c := newCluster(t, name)
	addr := c.addrs[0]
	texts := namedTexts("app", name, addr)
	// What others make of it is found, or nothing could be.
	for of, value := range map[string]string{
		"the address in hex":            "srv." + hex.EncodeToString(hashed(addr)["md5"]),
		"the URL, cut short":            hex.EncodeToString(hashed("http://" + addr)["sha256"])[:16],
		"the name in a wrapping":        base64.URLEncoding.EncodeToString([]byte("17|" + string(hashed("app/" + name)["sha1"]) + "|x")),
		"the address in upper case":     strings.ToUpper(hex.EncodeToString(hashed(addr)["fnv64a"])),
		"a number":                      strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(addr))), 10),
		"a secret of nothing in base64": base64.RawURLEncoding.EncodeToString(hashed(addr)["hmac of nothing"]),
	} {
		if findHash(texts, value) == "" {
			t.Errorf("%s is not found in %q", of, value)
		}
	}
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", addr)})
	eachMode(t, func(t *testing.T, m mode) {
		var values []string
		for range 3 {
			cookie, _ := enter(t, p, m)
			_, value, _ := strings.Cut(cookie, "=")
			values = append(values, value)
		}
		if found := findHash(texts, values...); found != "" {
			t.Errorf("in each of %q there is %s", values, found)
		}
	})
}
