package akkoord

import "testing"

func TestTestMailsGoToNobodyWhoSaidNoAndAreFewI5(t *testing.T) {
	for _, tt := range []struct {
		kind   SuppressionKind
		recent int
		code   string
	}{
		{"", 0, ""}, {"", TestMails - 1, ""}, {"", TestMails, "too_many"},
		{SuppressedBlocked, 0, "suppressed"}, {SuppressedObjection, 0, "suppressed"}, {SuppressedComplaint, 0, "suppressed"}, {SuppressedErased, 0, "suppressed"},
		{SuppressedUnsubscribed, 0, ""}, {SuppressedHardBounce, 0, ""}, {SuppressedErased, TestMails, "suppressed"},
	} {
		if err := MayTest([]SuppressionKind{tt.kind}, tt.recent); CodeOf(err) != tt.code {
			t.Errorf("%q after %d tests: %v, want %q", tt.kind, tt.recent, err, tt.code)
		}
	}
}
