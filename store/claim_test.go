package store

import (
	"testing"

	"akkoord"
)

// P09: who was suppressed after the audience was frozen is not in the window,
// and their row says why. Only a block of confirmation mails keeps nobody from
// mail they agreed to.
func TestAClaimSkipsWhoIsSuppressedP09(t *testing.T) {
	s := newSending(t, 7)
	kinds := []akkoord.SuppressionKind{
		akkoord.SuppressedUnsubscribed, akkoord.SuppressedObjection, akkoord.SuppressedErased,
		akkoord.SuppressedComplaint, akkoord.SuppressedHardBounce, akkoord.SuppressedBlocked,
	}
	err := s.update(t.Context(), "suppress", func(tx *tx) error {
		for i, kind := range kinds {
			if err := tx.exec(`INSERT INTO suppression (hash, kind, at) SELECT email_hash, $2, 1 FROM subscriber WHERE id = $1`, i+1, string(kind)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.claim()
	if len(s.w.Recipients) != 2 || s.w.Recipients[0].SubscriberID != 6 || s.w.Recipients[1].SubscriberID != 7 {
		t.Errorf("claimed %v", s.w.Recipients)
	}
	want := "skipped unsubscribed, skipped objected, skipped erased, skipped complained, skipped bounced, queued, queued"
	if got := s.states(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
