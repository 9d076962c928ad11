package mailer

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"akkoord"
)

// What makes a mail a campaign's can be told by its parts, not by its words: an
// invoice may speak of a discount. So blocks that are marked as offers, links
// to leave, campaign parameters and what counts readers are refused.

// promotionalWords mark a block as an offer, in a class, an id, a role or a
// data attribute, as builders of mails do.
var promotionalWords = []string{
	"ad", "ads", "advert", "advertisement", "banner", "campaign", "coupon", "crosssell", "deal", "deals", "discount", "newsletter", "offer", "offers",
	"promo", "promos", "promotion", "promotional", "recommendation", "recommendations", "recommended", "sale", "upsell", "voucher",
	"aanbieding", "aanbiedingen", "actie", "korting", "reclame", "angebot", "angebote", "gutschein", "rabatt", "werbung",
}

var wordBreaks = regexp.MustCompile(`[^a-z0-9]+`)

// promotionalMarkup refuses HTML with blocks that are marked as offers. It
// looks at what an author wrote, since sanitising takes such marks away.
func promotionalMarkup(src string) error {
	root, err := parseFragment([]byte(src))
	if err != nil {
		return err
	}
	for n := range root.Descendants() {
		for _, a := range n.Attr {
			switch {
			case a.Key == "itemtype" && strings.HasSuffix(strings.ToLower(a.Val), "offer"), a.Key == "itemtype" && strings.Contains(strings.ToLower(a.Val), "discount"):
			case a.Key == "class", a.Key == "id", a.Key == "role", strings.HasPrefix(a.Key, "data-"):
				if !slices.ContainsFunc(wordBreaks.Split(strings.ToLower(a.Val), -1), func(w string) bool { return slices.Contains(promotionalWords, w) }) {
					continue
				}
			default:
				continue
			}
			return promotional("It has a block marked %s=%q.", a.Key, shortened(a.Val))
		}
	}
	return nil
}

// campaignParameters are those of URLs by which campaigns are followed.
var campaignParameters = []string{"gclid", "fbclid", "msclkid", "mc_cid", "mc_eid", "_hsenc", "_hsmi", "mkt_tok", "vero_id", "ck_subscriber_id"}

// leaveWords are what links to leave a list have in their address.
var leaveWords = []string{"unsubscribe", "opt-out", "optout", "uitschrijven", "afmelden", "abmelden", "desabonn", "désabonn"}

// promotionalContent refuses links and images that only campaigns have. site
// is the base of this installation's own links.
func promotionalContent(root *html.Node, site string) error {
	for n := range root.Descendants() {
		if n.DataAtom == atom.Img && counts(n) {
			return promotional("It has an image that counts who reads it.")
		}
		for _, a := range n.Attr {
			if !isLink(&a) {
				continue
			}
			if why := campaignURL(a.Val, site); why != "" {
				return promotional("%s", why)
			}
		}
	}
	return nil
}

// counts reports whether an image is there to be counted: too small to be
// seen, or with an address of its own for each person.
func counts(img *html.Node) bool {
	small := func(key string) bool {
		n, err := strconv.Atoi(strings.TrimSuffix(attr(img, key), "px"))
		return err == nil && n <= 2
	}
	return small("width") || small("height") || strings.Contains(attr(img, "src"), markStart)
}

func campaignURL(raw, site string) string {
	for _, own := range []string{"/unsubscribe/", "/preferences/", "/click/", "/view/"} {
		if site != "" && strings.HasPrefix(raw, site+own) {
			return "It has a link of a campaign (" + own + ")."
		}
	}
	lower := strings.ToLower(raw)
	if slices.ContainsFunc(leaveWords, func(w string) bool { return strings.Contains(lower, w) }) {
		return "It has a link to leave a list: whoever gets it can't leave a contract by it."
	}
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	for name := range u.Query() {
		if name = strings.ToLower(name); strings.HasPrefix(name, "utm_") || slices.Contains(campaignParameters, name) {
			return "It has a link with " + shortened(name) + ", by which campaigns are followed."
		}
	}
	return ""
}

func promotional(format string, args ...any) error {
	return akkoord.Errorf(akkoord.Invalid, "promotional_content", format+" Transactional mail carries no campaign: take it out, or send a mailing to those who agreed to one.", args...)
}

func shortened(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}
