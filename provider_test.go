package akkoord_test

import (
	"testing"

	"akkoord"
)

func TestProvidersAreGroupsOfDomains(t *testing.T) {
	for domain, want := range map[string]string{"gmail.com": "google", "hotmail.nl": "microsoft", "voorbeeld.example": "voorbeeld.example"} {
		if got := akkoord.ProviderOf(domain); got != want {
			t.Errorf("%s: %s, want %s", domain, got, want)
		}
	}
}
