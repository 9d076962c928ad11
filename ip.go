package akkoord

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/netip"
)

// LoopbackHost reports whether the host of a URL is this machine.
func LoopbackHost(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// IPPolicy says what evidence keeps of the address that a request came from
// (Art. 5(1)(c) GDPR, requirements-mail F.7). The zero policy is IPShortened.
type IPPolicy string

// The policies.
const (
	IPOff       IPPolicy = "off"       // nothing
	IPShortened IPPolicy = "shortened" // its network: /24 of IPv4, /48 of IPv6
	IPFull      IPPolicy = "full"      // its network, and for Limits.WholeIP all of it
)

// Or gives the policy, the zero one by its name.
func (p IPPolicy) Or() IPPolicy {
	if p == "" {
		return IPShortened
	}
	return p
}

// Evidence gives what is kept of an address.
func (p IPPolicy) Evidence(a netip.Addr) Evidence {
	e := Evidence{IPPolicy: p.Or()}
	a = a.Unmap().WithZone("")
	if !a.IsValid() || e.IPPolicy == IPOff {
		return e
	}
	e.IP = networkOf(a)
	if e.IPPolicy == IPFull {
		e.Whole.Address = a.String()
	}
	return e
}

// networkOf gives the network of an address as evidence keeps it.
func networkOf(a netip.Addr) string {
	bits := 48
	if a.Is4() {
		bits = 24
	}
	net, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return net.String()
}

// WholeIP is the address that an act came from, beside evidence that has only its
// network and a digest of it: so it can be taken away while the evidence stays
// as the ledger committed to it.
type WholeIP struct {
	Address string `json:"address,omitempty"`   // empty: there is none, or it was reduced
	Nonce   string `json:"nonce,omitempty"`     // hexadecimal; without it nobody can try all addresses
	Reduced Moment `json:"reduced_at,omitzero"` // when Address and Nonce were emptied
}

// NonceSize is how many random bytes keep an address from being found by
// trying all of them against its digest.
const NonceSize = 16

// Sealed gives evidence with a digest of its whole address, under a nonce of
// NonceSize random bytes.
func (e Evidence) Sealed(nonce []byte) Evidence {
	e.Whole.Nonce = hex.EncodeToString(nonce)
	e.IPDigest = e.Whole.digest()
	return e
}

// Fits reports whether evidence was sealed with the address, and holds its
// network.
func (w WholeIP) Fits(e Evidence) bool {
	a, err := netip.ParseAddr(w.Address)
	return err == nil && w.digest() == e.IPDigest && networkOf(a) == e.IP
}

// digest is HMAC-SHA-256 over the address with the nonce as key, in hexadecimal;
// "-" where the nonce is none, which fits nothing.
func (w WholeIP) digest() string {
	nonce, err := hex.DecodeString(w.Nonce)
	if err != nil || len(nonce) != NonceSize {
		return "-"
	}
	mac := hmac.New(sha256.New, nonce)
	mac.Write([]byte(w.Address))
	return hex.EncodeToString(mac.Sum(nil))
}
