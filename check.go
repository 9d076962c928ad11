package akkoord

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Severity is how much a finding matters.
type Severity string

// The severities. Stop forbids sending, since the mail would be wrong or against
// the law; all else is the author's to decide.
const (
	SeverityStop Severity = "stop"
	SeverityWarn Severity = "warn"
	SeverityHint Severity = "hint"
)

// Finding is one thing that a mailing is told before it is sent. What it says in
// words is a text check.CODE, and how it is mended check_mend.CODE.
type Finding struct {
	Code     string
	Severity Severity
	Field    string // subject, preheader, body, from or audience; empty: all of it
	Variant  string // name; empty: the mailing's own content
	Language string // of the translation that it is about; empty: the main text
	Detail   string // the link, word or colours that it is about
	Number   int    // where it counts something
	Message  string // of a stop: why
}

// ComposedMail is what a mailing says in one variant once it is composed, as its
// checks look at it. Fields stand in it as {{name}}.
type ComposedMail struct {
	Variant            string   // name; empty: the mailing's own content
	Language           string   // of a translation; empty: the main text
	Lacks              []string // of a translation: subject or body, where it has the main text's
	Untranslated       []string // of a variant: subject or body of its own that this translation lacks
	Subject, Preheader string
	Text               string // the text part, without its footer
	HTMLSize           int    // bytes of the HTML part
	Links              []ComposedLink
	Images             []ComposedImage
	Shades             []Shade
	Bare               []string // fields that may be empty and have no default
}

// ComposedLink is a link of a body with the words that one follows; the text in
// place of a picture counts as words.
type ComposedLink struct{ URL, Words string }

// ComposedImage is a picture of a body. Described tells a picture that has an
// empty text, as one has that only decorates, from one that has none.
type ComposedImage struct {
	URL, Alt  string
	Described bool
}

// Shade are the colours of a stretch of text where an author chose one of the two,
// as #rrggbb, with their contrast (WCAG 2.2, 1 to 21) in light and dark.
type Shade struct {
	Ink, Ground string
	Light, Dark float64
}

// Envelope is what is known of a mailing besides what it says.
type Envelope struct {
	From    string           // address
	DKIM    string           // domain that signs; empty: no key of ours does
	Readers map[string]int64 // people of the audience by language; nil: not counted
	Spoken  []string         // languages that the purpose has texts in
	Written []string         // languages that the mailing has texts in
}

const (
	longSubject  = 70       // characters that a phone or a list shows of a subject
	largeHTML    = 80 << 10 // bytes; at 102 KB Gmail cuts a mail off (A.18)
	readable     = 4.5      // contrast of text (WCAG 1.4.3)
	sameFindings = 10       // of one code and variant
)

// placeholders are what authors and other programs leave in a text to be filled in.
var placeholders = regexp.MustCompile(`(?i)\blorem ipsum\b|\b(?:TODO|TBD|FIXME|XXX+)\b|\[(?:name|naam|voornaam|first ?name|vorname|prénom|link|url|date|datum|image|afbeelding|bild)\]|\*\|[A-Z0-9_:]+\|\*|%%[A-Za-z0-9_]+%%|\{%.{0,40}?%\}|<<[A-Za-z0-9_ ]+>>|\$\{[A-Za-z0-9_.]+\}|\bexample\.(?:com|org|net)\b`)

// vague are words of links that say nothing read alone (WCAG 2.4.4).
var vague = []string{"here", "click here", "read more", "more", "link", "hier", "klik hier", "lees meer", "lees verder", "meer", "klicken sie hier", "hier klicken", "mehr", "weiterlesen", "ici", "cliquez ici", "lire la suite", "en savoir plus"}

// Check gives what is to be said about one composed content, in the order of its
// parts.
func (c ComposedMail) Check() []Finding {
	var out []Finding
	add := func(code string, s Severity, field, detail string, n int) {
		f := Finding{Code: code, Severity: s, Field: field, Variant: c.Variant, Language: c.Language, Detail: detail, Number: n}
		same := 0
		for _, have := range out {
			if have == f {
				return
			}
			if have.Code == code {
				same++
			}
		}
		if same < sameFindings {
			out = append(out, f)
		}
	}
	for _, part := range c.Lacks {
		add("translation_"+part, SeverityWarn, part, "", 0)
	}
	for _, part := range c.Untranslated {
		add("variant_"+part, SeverityWarn, part, "", 0)
	}
	c.checkLines(add)
	if c.HTMLSize > largeHTML {
		add("html_large", SeverityWarn, "body", "", c.HTMLSize>>10)
	}
	if strings.TrimSpace(c.Text) == "" {
		add("text_empty", SeverityWarn, "body", "", 0)
	}
	for _, l := range c.Links {
		c.checkLink(l, add)
	}
	for _, i := range c.Images {
		switch {
		case !i.Described:
			add("image_alt", SeverityWarn, "body", i.URL, 0)
		case strings.TrimSpace(i.Alt) == "":
			add("image_decorative", SeverityHint, "body", i.URL, 0)
		}
		if strings.HasPrefix(i.URL, "http://") {
			add("image_http", SeverityWarn, "body", i.URL, 0)
		}
	}
	for _, s := range c.Shades {
		pair := fmt.Sprintf("%s / %s: %.1f", s.Ink, s.Ground, s.Light)
		switch {
		case s.Light < readable:
			add("contrast", SeverityWarn, "body", pair, 0)
		case s.Dark < readable:
			add("contrast_dark", SeverityHint, "body", cmp.Or(s.Ink, s.Ground), 0)
		}
	}
	for _, word := range placeholders.FindAllString(c.Subject+"\n"+c.Preheader+"\n"+c.Text, sameFindings) {
		add("placeholder", SeverityWarn, "body", word, 0)
	}
	for _, field := range c.Bare {
		add("field_bare", SeverityHint, "body", "{{"+field+"}}", 0)
	}
	return out
}

func (c ComposedMail) checkLines(add func(code string, s Severity, field, detail string, n int)) {
	if n := utf8.RuneCountInString(c.Subject); n > longSubject {
		add("subject_long", SeverityWarn, "subject", "", n)
	}
	if shouts(c.Subject) {
		add("subject_capitals", SeverityWarn, "subject", "", 0)
	}
	if strings.TrimSpace(c.Preheader) == "" {
		add("preheader_missing", SeverityHint, "preheader", "", 0)
	}
}

func (c ComposedMail) checkLink(l ComposedLink, add func(code string, s Severity, field, detail string, n int)) {
	words := strings.ToLower(strings.Trim(l.Words, " .…»>→!:"))
	switch {
	case words == "":
		add("link_empty", SeverityWarn, "body", l.URL, 0)
	case slices.Contains(vague, words):
		add("link_words", SeverityHint, "body", l.Words, 0)
	}
	if strings.HasPrefix(l.URL, "http://") {
		add("link_http", SeverityWarn, "body", l.URL, 0)
	}
}

// shouts reports whether a line of some length has capitals alone.
func shouts(s string) bool {
	letters := 0
	for _, r := range fieldMark.ReplaceAllString(s, "") {
		if unicode.IsLower(r) {
			return false
		}
		if unicode.IsUpper(r) {
			letters++
		}
	}
	return letters >= 6
}

var fieldMark = regexp.MustCompile(`\{\{[^}]*\}\}`)

// Check gives what is to be said about who a mailing comes from, and who reads it.
func (e Envelope) Check() []Finding {
	var out []Finding
	local, domain, _ := strings.Cut(strings.ToLower(e.From), "@")
	switch {
	case domain == "":
	case e.DKIM == "":
		out = append(out, Finding{Code: "unsigned", Severity: SeverityHint, Field: "from", Detail: domain})
	case !aligned(domain, strings.ToLower(e.DKIM)):
		out = append(out, Finding{Code: "from_unaligned", Severity: SeverityWarn, Field: "from", Detail: domain + " / " + e.DKIM})
	}
	switch strings.NewReplacer("-", "", "_", "", ".", "").Replace(local) {
	case "noreply", "donotreply", "nepasrepondre", "nietbeantwoorden":
		out = append(out, Finding{Code: "from_noreply", Severity: SeverityHint, Field: "from", Detail: e.From})
	}
	for _, locale := range slices.Sorted(maps.Keys(e.Readers)) {
		n := int(e.Readers[locale])
		switch {
		case n == 0:
		case !slices.Contains(e.Spoken, locale):
			out = append(out, Finding{Code: "language_missing", Severity: SeverityWarn, Field: "audience", Detail: locale, Number: n})
		case !slices.Contains(e.Written, locale):
			out = append(out, Finding{Code: "translation_missing", Severity: SeverityHint, Field: "audience", Detail: locale, Number: n})
		}
	}
	return out
}

// aligned reports whether a signature of one domain speaks for another, in the
// relaxed way (RFC 9989 section 4.10) and without asking name servers: one is the
// other, or above it.
func aligned(from, signs string) bool {
	return from == signs || strings.HasSuffix(from, "."+signs) || strings.HasSuffix(signs, "."+from)
}

// LinkAnswer is what became of asking a page of a mailing whether it is there.
type LinkAnswer struct {
	URL    string
	Status int       // of HTTP; 0: there was none
	Code   LinkFault // empty: it answers
}

// LinkFault is why a link leads nowhere, as far as can be told.
type LinkFault string

// The faults of links. Refused is a page that answers programs otherwise than people, or
// is not there for other reasons.
const (
	LinkGone        LinkFault = "gone"        // 404 or 410
	LinkRefused     LinkFault = "refused"     // another status of 400 and above
	LinkUnreachable LinkFault = "unreachable" // no such host, no connection, no certificate
	LinkSlow        LinkFault = "slow"        // no answer in time
	LinkPrivate     LinkFault = "private"     // an address that the internet does not have; never asked
	LinkUnasked     LinkFault = "unasked"     // more links than are asked at once
)
