package templates

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"akkoord"
)

// Whatever stopped a mailing is said in the reader's language, in each state that it
// leaves the mailing in; English stands only in what a server or a fault said itself.
func TestWhyAMailingStoppedIsSaidInEachLanguage(t *testing.T) {
	set := newSet(t)
	complaints, _ := akkoord.LimitOf(akkoord.TallyComplaint)
	hard, _ := akkoord.LimitOf(akkoord.TallyHard)
	policy, _ := akkoord.LimitOf(akkoord.TallyPolicy)
	for _, stop := range []struct {
		akkoord.Stop
		states []string
		shows  string
	}{
		{akkoord.StoppedByArchive, []string{"paused", "draft"}, ""},
		{akkoord.StoppedByRestore, []string{"paused"}, ""},
		{akkoord.MissedAndAsks, []string{"paused", "draft"}, ""},
		{akkoord.MissedAndSkipped, []string{"cancelled"}, ""},
		{akkoord.StopFor(akkoord.Reason{Code: "no_agreement", Message: "There is no agreement."}), []string{"paused"}, ""},
		{akkoord.StopRefused("550 5.7.1 at rcpt"), []string{"paused"}, "550 5.7.1 at rcpt"},
		{akkoord.StopUnwritable(errors.New("a broken template")), []string{"paused"}, "a broken template"},
		{akkoord.StopLate(1), []string{"paused"}, "1"},
		{akkoord.StopLate(1200), []string{"paused"}, ""},
		{complaints.Stop(2, 499), []string{"paused"}, "499"},
		{hard.Stop(30, 500), []string{"paused"}, "30"},
		{policy.Stop(30, 500), []string{"paused"}, "30"},
	} {
		for _, state := range stop.states {
			said := map[string]bool{}
			for _, locale := range set.Locales() {
				page := gallery()["admin-mailing"].(MailingPage)
				page.State, page.Stop, page.Blockers = state, stop.Stop, nil
				var b bytes.Buffer
				if err := set.Render(&b, locale, page); err != nil {
					t.Fatal(err)
				}
				_, notice, _ := strings.Cut(b.String(), `<ul class="dots">`)
				notice, _, _ = strings.Cut(notice, "</ul>")
				said[notice] = true
				if strings.Contains(notice, "stopped.") || strings.Contains(notice, "report_") || !strings.Contains(notice, stop.shows) || locale != "en" && strings.Contains(notice, stop.Text) {
					t.Errorf("%s, %s, %s: %s", stop.Code, state, locale, notice)
				}
			}
			if len(said) != len(set.Locales()) {
				t.Errorf("%s, %s: two languages say the same: %v", stop.Code, state, said)
			}
		}
	}
}
