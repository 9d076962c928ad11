package akkoord

import "net/netip"

// IPPolicy says what evidence keeps of the address that a request came from
// (Art. 5(1)(c) GDPR, requirements-mail F.7). The zero policy is IPShortened.
type IPPolicy string

// The policies.
const (
	IPOff       IPPolicy = "off"       // nothing
	IPShortened IPPolicy = "shortened" // its network: /24 of IPv4, /48 of IPv6
	IPFull      IPPolicy = "full"      // all of it
)

// Or gives the policy, the zero one by its name.
func (p IPPolicy) Or() IPPolicy {
	if p == "" {
		return IPShortened
	}
	return p
}

// Keep gives what is kept of an address; "" where that is nothing.
func (p IPPolicy) Keep(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	switch {
	case !a.IsValid() || p == IPOff:
		return ""
	case p == IPFull:
		return a.String()
	}
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
