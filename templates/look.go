package templates

// LookPage is GET /admin/mailings/{id}/look: a mailing in all ways that it is seen. A
// POST to Action with an address leads to the same for that person.
type LookPage struct {
	Admin
	Subject, Mailing      string // title, and path of the mailing's page
	Campaign, CampaignURL string
	Action                string
	Frame                 map[string]string // path of the mail in light, dark and as text
	Variants              []Option
	Locales               []string
	Variant, Locale       string
	Example               bool
	Person                string // path of the page of whom it is seen for; empty: nobody
}

func (LookPage) file() string { return "admin/look.html" }
