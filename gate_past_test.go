package akkoord

import (
	"testing"
	"time"
)

// TestFactsAt: what the gate would have said at a past time follows from the
// ledger alone, at each time from the lines until then (M1, P25).
func TestFactsAt(t *testing.T) {
	p := Purpose{ID: 1, Basis: BasisConsent}
	sale := Evidence{Ground: Ground{SoldOn: "2026-01-01", Sale: "F-1", Similar: true, RefusalOffered: true}}
	until := Evidence{Until: Moment{noon.Add(100 * time.Hour)}.String()}
	for name, tt := range map[string]struct {
		events []Event // an hour apart
		wider  int
		code   string
	}{
		"nobody":                {nil, 0, "unknown"},
		"asked":                 {[]Event{{Kind: Requested, PurposeID: 1}}, 0, "pending"},
		"confirmed":             {[]Event{{Kind: Requested, PurposeID: 1}, {Kind: Confirmed, PurposeID: 1, WordingVersion: 1}}, 0, ""},
		"another purpose":       {[]Event{{Kind: Confirmed, PurposeID: 2}}, 0, "no_consent"},
		"outgrown":              {[]Event{{Kind: Confirmed, PurposeID: 1, WordingVersion: 1}}, 2, "wording_wider"},
		"agreed anew":           {[]Event{{Kind: Confirmed, PurposeID: 1, WordingVersion: 1}, {Kind: Confirmed, PurposeID: 1, WordingVersion: 2}}, 2, ""},
		"a basis by hand":       {[]Event{{Kind: BasisChanged, PurposeID: 1, Evidence: sale}}, 2, ""},
		"its end":               {[]Event{{Kind: BasisChanged, PurposeID: 1, Evidence: sale}, {Kind: Expiry, PurposeID: 1}}, 0, "expired"},
		"objected":              {[]Event{{Kind: BasisChanged, PurposeID: 1, Evidence: sale}, {Kind: Objected, PurposeID: 1}}, 0, "objected"},
		"left":                  {[]Event{{Kind: Confirmed, PurposeID: 1}, {Kind: Withdrew, PurposeID: 1}}, 0, "withdrawn"},
		"left and back":         {[]Event{{Kind: Confirmed, PurposeID: 1}, {Kind: Withdrew, PurposeID: 1}, {Kind: Reinstated, PurposeID: 1}}, 0, ""},
		"left everything":       {[]Event{{Kind: Confirmed, PurposeID: 1}, {Kind: Withdrew}}, 0, "unsubscribed"},
		"bounced elsewhere":     {[]Event{{Kind: Confirmed, PurposeID: 1}, {Kind: Barred}}, 0, "bounced"},
		"bounced, then agreed":  {[]Event{{Kind: Barred}, {Kind: Confirmed, PurposeID: 1}}, 0, ""},
		"left the campaign":     {[]Event{{Kind: Confirmed, PurposeID: 1}, {Kind: CampaignLeft, PurposeID: 1, CampaignID: 7}}, 0, "left_campaign"},
		"left another campaign": {[]Event{{Kind: Confirmed, PurposeID: 1}, {Kind: CampaignLeft, PurposeID: 1, CampaignID: 8}}, 0, ""},
		"pauses":                {[]Event{{Kind: Confirmed, PurposeID: 1}, {Kind: Paused, Evidence: until}}, 0, "paused"},
		"imported":              {[]Event{{Kind: Imported, PurposeID: 1}}, 0, ""},
		"held":                  {[]Event{{Kind: ImportedHeld, PurposeID: 1}}, 0, "held"},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range tt.events {
				tt.events[i].At = noon.Add(time.Duration(i) * time.Hour)
			}
			at := noon.Add(time.Duration(len(tt.events)) * time.Hour)
			later := append(tt.events, Event{At: at.Add(time.Hour), Kind: Withdrew, PurposeID: 1})
			p.Wider = tt.wider
			if v := Gate(FactsAt(later, p, 7, at)); v.Code != tt.code {
				t.Errorf("%+v, want %q", v, tt.code)
			}
		})
	}
}
