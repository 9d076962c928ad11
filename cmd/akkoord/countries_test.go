package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// mmdb writes a file of countries in the MaxMind DB format 2.0: a tree of
// IPv6 bits with IPv4 under ::/96, the data, the description.
func mmdb(t testing.TB, networks map[string]string) []byte {
	t.Helper()
	type node [2]int // a child's number; 0: nothing; negative: minus the offset of data, minus 1
	tree, data := []node{{}}, []byte{}
	str := func(s string) []byte { return append([]byte{0x40 | byte(len(s))}, s...) }
	for network, country := range networks {
		p := netip.MustParsePrefix(network)
		bits, address := p.Bits(), p.Addr().As16()
		if p.Addr().Is4() {
			bits += 96
			address[10], address[11] = 0, 0
		}
		at := 0
		for i := range bits {
			side := address[i/8] >> (7 - i%8) & 1
			switch {
			case i == bits-1:
				tree[at][side] = -len(data) - 1
			case tree[at][side] == 0:
				tree = append(tree, node{})
				tree[at][side] = len(tree) - 1
			}
			at = tree[at][side]
		}
		data = append(append(append(data, 0xE1), str("country_code")...), str(country)...)
	}
	var out []byte
	for _, n := range tree {
		for _, child := range n {
			switch {
			case child == 0:
				child = len(tree)
			case child < 0:
				child = len(tree) + 16 - child - 1
			}
			out = append(out, byte(child>>16), byte(child>>8), byte(child))
		}
	}
	out = append(append(out, make([]byte, 16)...), data...)
	out = append(out, "\xab\xcd\xefMaxMind.com\xE9"...)
	number := func(name string, n int) { out = append(append(out, str(name)...), 0xA2, byte(n>>8), byte(n)) }
	number("binary_format_major_version", 2)
	number("binary_format_minor_version", 0)
	number("ip_version", 6)
	number("record_size", 24)
	number("node_count", len(tree))
	out = append(append(out, str("build_epoch")...), 0x04, 0x02, 0x6B, 0x04, 0x4A, 0x5C)
	out = append(append(out, str("database_type")...), str("country")...)
	out = append(append(append(append(out, str("description")...), 0xE1), str("en")...), str("test")...)
	return append(append(append(out, str("languages")...), 0x01, 0x04), str("en")...)
}

// M24: the country of an address is read from a file in memory; an address that
// the file doesn't have is nowhere.
func TestCountries(t *testing.T) {
	country, err := countries(mmdb(t, map[string]string{"192.0.2.0/24": "NL", "198.51.100.0/25": "FR", "2001:db8::/32": "DE"}))
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"192.0.2.7": "NL", "198.51.100.1": "FR", "198.51.100.200": "", "2001:db8:1::1": "DE", "2001:db9::1": "", "127.0.0.1": "", "::1": "",
	} {
		if got := country(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is in %q, not %q", address, got, want)
		}
	}
	if got := country(netip.Addr{}); got != "" {
		t.Errorf("no address is in %q", got)
	}
}

// A file that can't be used is refused at the start, with its name and the way out.
func TestAFileOfCountriesThatIsNoneIsRefused(t *testing.T) {
	whole := mmdb(t, map[string]string{"192.0.2.0/24": "NL"})
	for name, data := range map[string][]byte{"empty": {}, "text": []byte("NL,192.0.2.0/24\n"), "cut": whole[:len(whole)/2], "headless": whole[200:]} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		s := settings{Countries: path}
		if err := checkCountries(&site{settings: s}); err == nil || !strings.Contains(err.Error(), "AKKOORD_COUNTRIES: "+path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := checkCountries(&site{settings: settings{Countries: filepath.Join(t.TempDir(), "none")}}); err == nil || !strings.Contains(err.Error(), "can't be read") {
		t.Errorf("a missing file: %v", err)
	}
}
