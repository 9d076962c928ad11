package akkoord

import "testing"

func TestTestMailsGoToNobodyWhoSaidNoAndAreFewI5(t *testing.T) {
	for _, tt := range []struct {
		kind           SuppressionKind
		recent, copies int
		code           string
	}{
		{"", 0, 1, ""}, {"", TestMails - 1, 1, ""}, {"", TestMails, 1, "too_many"}, {"", TestMails - 1, 2, "too_many"}, {"", TestMails - 4, 4, ""},
		{SuppressedBlocked, 0, 1, "suppressed"}, {SuppressedObjection, 0, 1, "suppressed"}, {SuppressedComplaint, 0, 1, "suppressed"}, {SuppressedErased, 0, 1, "suppressed"},
		{SuppressedUnsubscribed, 0, 1, ""}, {SuppressedHardBounce, 0, 1, ""}, {SuppressedErased, TestMails, 1, "suppressed"},
	} {
		if err := MayTest([]SuppressionKind{tt.kind}, tt.recent, tt.copies); CodeOf(err) != tt.code {
			t.Errorf("%q, %d copies after %d: %v, want %q", tt.kind, tt.copies, tt.recent, err, tt.code)
		}
	}
}
