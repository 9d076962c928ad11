package domain

import "testing"

// AKKOORD_CHECK_MX: a domain without MX and address, or with a null MX (RFC 7505), takes
// no mail; one that name servers don't tell about may.
func TestWhichDomainsTakeMail(t *testing.T) {
	z := zone{
		"MX mx.example":          {"in.mx.example."},
		"MX two.example":         {".", "in.two.example."},
		"IP bare.example":        {"203.0.113.9"},
		"MX null.example":        {"."},
		"IP null.example":        {"203.0.113.9"},
		"MX silent.example":      {"?"},
		"IP half-silent.example": {"?"},
	}
	for domain, want := range map[string]bool{
		"mx.example": true, "two.example": true, "bare.example": true, "null.example": false,
		"silent.example": true, "half-silent.example": true, "missing.example": false,
	} {
		if got := (Receivers{z}).TakesMail(t.Context(), domain); got != want {
			t.Errorf("%s: %v", domain, got)
		}
	}
}
