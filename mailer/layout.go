package mailer

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	htmltemplate "html/template"
	"io"
	"io/fs"
	"maps"
	netmail "net/mail"
	"slices"
	"strings"
	"sync"
	texttemplate "text/template"

	"github.com/vanng822/go-premailer/premailer"
	"github.com/wneessen/go-mail"

	"akkoord"
	layout "akkoord/templates/mail"
)

// Sender is who writes: on the From line and in every footer.
type Sender struct {
	From           netmail.Address // ASCII address
	ReplyTo        string          // optional monitored mailbox (A.7)
	Controller     string          // legal name (Art. 4(7) GDPR)
	PostalAddress  string
	PrivacyContact string // address, URL or words for questions about data
	BaseURL        string // base of every link, without a slash at its end (G.10)
	Brand          string // brand colour as #rrggbb; empty for Akkoord's own
	Logo           Logo   // of mailings: other mails hold no picture
}

// Logo is the picture atop a mail; without a URL the sender's name stands there.
type Logo struct {
	URL           string
	Width, Height int    // as it is shown
	Alt           string // what is written in it; empty: the name stands beside it
}

// The logo in a mail is as high as this, and not wider than a phone.
const logoWidth, logoHeight = 280, 48

// Wearing gives the sender with the look of a brand: its colour where there is one,
// and its logo.
func (s Sender) Wearing(b akkoord.Brand) Sender {
	if b.Accent != "" {
		s.Brand = b.Accent
	}
	if !b.Logo.Image.IsZero() {
		s.Logo = Logo{URL: s.BaseURL + b.Logo.Path(), Alt: b.Logo.Alt}
		s.Logo.Width, s.Logo.Height = b.Logo.Fit(logoWidth, logoHeight)
	}
	return s
}

// check reports all that a campaign's mails lack (C.22), at once.
func (s Sender) check() error {
	err := &akkoord.Error{Kind: akkoord.Conflict, Code: "sender_incomplete", Message: "The sender's details are incomplete."}
	for _, fact := range []struct{ value, code, message string }{
		{s.From.Address, "from_missing", "Set a sender address."},
		{s.Controller, "controller_missing", "Set the sender's legal name."},
		{s.PostalAddress, "postal_address_missing", "Set the sender's postal address."},
		{s.PrivacyContact, "privacy_contact_missing", "Set a contact for questions about data."},
		{s.BaseURL, "url_missing", "Set the address of this site."},
	} {
		if strings.TrimSpace(fact.value) == "" {
			err.Reasons = append(err.Reasons, akkoord.Reason{Code: fact.code, Message: fact.message})
		}
	}
	if len(err.Reasons) > 0 {
		return err
	}
	return nil
}

// domain is the domain of the From address.
func (s Sender) domain() string { return s.From.Address[strings.LastIndexByte(s.From.Address, '@')+1:] }

// sheet is what every layout shows.
type sheet struct {
	Locale, Dir, Title, Preheader         string
	Controller, PostalAddress, PrivacyURL string
	Contact                               contact
	Brand                                 palette
	Logo                                  Logo
	Blocks                                bool // the body needs the styles of blocks, or of columns

	Around, AroundDir string // language of the words around the body, where it is another one
}

// contact is a way to reach the sender: words, and a link where there is one.
type contact struct{ Text, URL string }

func newSheet(s Sender, locale, title string) sheet {
	name := s.Controller
	for _, other := range []string{s.From.Name, s.domain()} {
		if name == "" {
			name = other
		}
	}
	c := contact{Text: s.PrivacyContact}
	if strings.HasPrefix(c.Text, "https://") || strings.HasPrefix(c.Text, "http://") {
		c.URL = c.Text
	} else if a, err := netmail.ParseAddress(c.Text); err == nil && a.Address == c.Text {
		c.URL = "mailto:" + c.Text
	}
	return sheet{
		Locale: locale, Dir: direction(locale), Title: title, Controller: name, PostalAddress: oneLine(s.PostalAddress),
		PrivacyURL: s.BaseURL + "/privacy?locale=" + locale, Contact: c, Brand: newPalette(s.Brand),
	}
}

func direction(locale string) string {
	switch primary, _, _ := strings.Cut(locale, "-"); primary {
	case "ar", "fa", "he", "ur", "yi":
		return "rtl"
	}
	return "ltr"
}

// Composer writes mails. It is safe for concurrent use when its random source is.
type Composer struct {
	languages map[string]language
	random    io.Reader
}

// language holds all that mails need in one language. Its layouts are parsed
// when the first mail is written in it.
type language struct {
	words words
	parse func() (layouts, error)
}

type layouts struct {
	html map[string]*htmltemplate.Template
	text *texttemplate.Template
}

func parseLayouts(w words) (l layouts, err error) {
	l.text, err = texttemplate.New("").Funcs(texttemplate.FuncMap{"t": w.say, "quote": quote}).ParseFS(layout.FS, "*.txt")
	if err != nil {
		return layouts{}, fmt.Errorf("parse mail layouts: %w", err)
	}
	files, err := fs.Glob(layout.FS, "*.html")
	if err != nil {
		return layouts{}, fmt.Errorf("list mail layouts: %w", err)
	}
	l.html = map[string]*htmltemplate.Template{}
	for _, file := range files {
		l.html[strings.TrimSuffix(file, ".html")], err = htmltemplate.New(file).Funcs(htmltemplate.FuncMap{"t": w.say}).ParseFS(layout.FS, "layout.html", file)
		if err != nil {
			return layouts{}, fmt.Errorf("parse mail layouts: %w", err)
		}
	}
	return l, nil
}

// fallback is the language of what a language lacks.
const fallback = "en"

// NewComposer reads locales/mail.*.toml from files; the layouts are built in.
// Random is where boundaries of campaign mails come from.
func NewComposer(files fs.FS, random io.Reader) (*Composer, error) {
	all, err := loadWords(files)
	if err != nil {
		return nil, err
	}
	c := &Composer{languages: map[string]language{}, random: random}
	for locale, w := range all {
		c.languages[locale] = language{words: w, parse: sync.OnceValues(func() (layouts, error) { return parseLayouts(w) })}
	}
	if _, ok := c.languages[fallback]; !ok {
		return nil, fmt.Errorf("locales/mail.%s.toml is missing", fallback)
	}
	return c, nil
}

// language gives a language that mails exist in, and its tag.
func (c *Composer) language(locale string) (language, string) {
	primary, _, _ := strings.Cut(strings.ToLower(locale), "-")
	if l, ok := c.languages[primary]; ok {
		return l, primary
	}
	return c.languages[fallback], fallback
}

// locales gives the languages that mails exist in.
func (c *Composer) locales() []string { return slices.Sorted(maps.Keys(c.languages)) }

// draw fills a layout's HTML, with the style sheet inlined, and its text.
func (l language) draw(name string, data, textData any) (html, text string, err error) {
	if html, err = l.drawHTML(name, data); err != nil {
		return "", "", err
	}
	layouts, err := l.parse()
	if err != nil {
		return "", "", err
	}
	var b bytes.Buffer
	if err := layouts.text.ExecuteTemplate(&b, name+".txt", textData); err != nil {
		return "", "", fmt.Errorf("draw %s.txt: %w", name, err)
	}
	return html, strings.TrimSpace(b.String()) + "\n", nil
}

// drawHTML fills a layout's HTML, with the style sheet inlined.
func (l language) drawHTML(name string, data any) (string, error) {
	layouts, err := l.parse()
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	if err := layouts.html[name].Execute(&b, data); err != nil {
		return "", fmt.Errorf("draw %s.html: %w", name, err)
	}
	p, err := premailer.NewPremailerFromString(b.String(), premailer.NewOptions(premailer.WithCssToAttributes(false)))
	if err != nil {
		return "", fmt.Errorf("inline styles of %s: %w", name, err)
	}
	html, err := p.Transform()
	if err != nil {
		return "", fmt.Errorf("inline styles of %s: %w", name, err)
	}
	return html, nil
}

// quote marks each line of a quoted text.
func quote(s string) string { return "> " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n> ") }

// newMessage starts a mail with the fields that all mails have.
func newMessage(s Sender, locale, boundary, text, html string) (*mail.Msg, error) {
	m := mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithBoundary(boundary))
	m.FromMailAddress(&s.From)
	if s.ReplyTo != "" {
		if err := m.ReplyTo(s.ReplyTo); err != nil {
			return nil, akkoord.Fieldf("reply_to", "address_invalid", "The reply address is not a mail address.")
		}
	}
	m.SetGenHeader(mail.HeaderContentLang, locale)
	m.SetBodyString(mail.TypeTextPlain, text)
	m.AddAlternativeString(mail.TypeTextHTML, html)
	return m, nil
}

func render(m *mail.Msg) ([]byte, error) {
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("render mail: %w", err)
	}
	return b.Bytes(), nil
}

// digest is a short constant of a value, in hexadecimal digits.
func digest(s string, digits int) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])[:digits]
}
