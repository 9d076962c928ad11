package admin

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"akkoord"
	"akkoord/server/status"
	"akkoord/server/trail"
	"akkoord/templates"
)

// previewPolicy lets a mail show its pictures, inside our own frame, and
// nothing else.
const previewPolicy = "default-src 'none'; img-src 'self' https: http: data:; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"

// personPolicy is previewPolicy for the mail of a person, whose data may stand in the
// address of a picture: other hosts are not told it.
const personPolicy = "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"

// exampleReader is who reads a mailing when nobody is chosen and something is to
// stand in its fields.
const exampleReader, exampleAddress = "Sam", "sam@voorbeeld.example"

// looks are the ways to look at a mail.
var looks = []string{"light", "dark", "text"}

// look is what of a mailing is to be seen, and for whom.
type look struct {
	variant int
	locale  string // empty: the person's
	example bool
	person  akkoord.ID // zero: nobody
}

// readLook reads what is to be seen from an address, as look.query writes it.
func readLook(m akkoord.Mailing, q url.Values) look {
	l := look{variant: m.Latest(), example: q.Get("reader") == "example"}
	if n, err := strconv.Atoi(q.Get("variant")); err == nil && n >= 0 && n < len(m.Variants) {
		l.variant = n
	}
	if akkoord.KnownLocale(q.Get("in")) {
		l.locale = q.Get("in")
	}
	if id, err := akkoord.ParseID(q.Get("person")); err == nil {
		l.person = id
	}
	return l
}

func (l look) query(as string) string {
	q := url.Values{"as": {as}, "variant": {strconv.Itoa(l.variant)}}
	if l.example {
		q.Set("reader", "example")
	}
	if l.locale != "" {
		q.Set("in", l.locale)
	}
	return "?" + q.Encode()
}

// preview draws a mail in a frame, as somebody gets it who is nobody.
func (s *Site) preview(w http.ResponseWriter, r *http.Request, v visit) error {
	m, err := s.load(r)
	if err != nil {
		return err
	}
	l := readLook(m, r.URL.Query())
	reader := akkoord.MailReader{Locale: l.locale, Everything: true}
	if l.example {
		reader = example(l.locale)
	}
	if reader.Locale == "" {
		if reader.Locale, err = s.mailLocale(r.Context(), m, v.locale); err != nil {
			return err
		}
	}
	return s.drawMail(w, r, v, m, l.variant, reader, r.URL.Query().Get("as"), previewPolicy)
}

func example(locale string) akkoord.MailReader {
	address, _ := akkoord.ParseEmail(exampleAddress) // a constant
	return akkoord.MailReader{Name: exampleReader, Email: address, Locale: locale, Everything: true}
}

// previewFor draws a mail as a person gets it, as far as the user may see them, and
// leaves a line about it (M26, M27). Its links lead to nobody.
func (s *Site) previewFor(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	m, err := s.load(r)
	if err != nil {
		return err
	}
	id, err := akkoord.ParseID(r.PathValue("person"))
	if err != nil {
		return err
	}
	st, err := s.cfg.Store.Standing(ctx, id)
	if err != nil {
		return s.unseen(w, v, err)
	}
	if st.Subscriber.ID == 0 {
		return s.nothing(w, r, v)
	}
	if !s.looked(ctx, trail.Mailing(m)+id.String()) {
		if err := s.cfg.Store.Audit(ctx, v.user.Actor(), "mailing.preview", trail.Subscriber(st.Subscriber), trail.Mailing(m)); err != nil {
			return err
		}
	}
	reader, err := s.readerOf(ctx, m, st)
	if err != nil {
		return err
	}
	return s.drawMail(w, r, v, m, readLook(m, r.URL.Query()).variant, reader, r.URL.Query().Get("as"), personPolicy)
}

// previewTyped draws what is typed in the editor and not saved, for whom the form says.
func (s *Site) previewTyped(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	m, err := s.load(r)
	if err != nil {
		return err
	}
	typed := typedDraft(r.PostForm)
	l := readLook(akkoord.Mailing{Variants: make([]akkoord.Variant, len(typed.Variants))}, r.PostForm)
	m = m.Draft()
	had := m
	m.Trial = nil
	said := parts(&typed)
	if m.Variants, err = readVariants(typed, said[1:], had); err != nil {
		return s.unseen(w, v, err)
	}
	if m.Content, err = said[0].read(typed.Kind, typed.Subject, typed.Preheader); err == nil {
		if typed.Translation == "" {
			m.Content.Language, m.Content.Languages = had.Content.Language, had.Content.Languages
		}
		m.Content, m.Variants = m.Variant(l.variant), nil
		err = m.Check()
	}
	if err != nil {
		return s.unseen(w, v, err)
	}
	if typed.Translation != "" { // what is seen is the translation that is typed
		l.locale = typed.Translation
		m.Content.Language = l.locale
	}
	if l.locale == "" {
		if l.locale, err = s.mailLocale(r.Context(), m, v.locale); err != nil {
			return err
		}
	}
	reader, policy := example(l.locale), previewPolicy
	switch r.PostForm.Get("reader") {
	case "nobody":
		reader = akkoord.MailReader{Locale: l.locale, Everything: true}
	case "person":
		if reader, err = s.readerNamed(r.Context(), v, m, r.PostForm.Get("look_email")); err != nil {
			return s.unseen(w, v, err)
		}
		policy = personPolicy
	}
	return s.drawMail(w, r, v, m, 0, reader, r.PostForm.Get("as"), policy)
}

// readerNamed gives a person as the reader of a mailing, to who may see them, and leaves
// the lines about it (M26, M27).
func (s *Site) readerNamed(ctx context.Context, v visit, m akkoord.Mailing, address string) (akkoord.MailReader, error) {
	if !v.user.Role.May(akkoord.ReadPeople) {
		return akkoord.MailReader{}, akkoord.Errorf(akkoord.NotFound, "not_found", "There is nothing at this address.")
	}
	email, err := akkoord.ParseEmail(address)
	if err != nil {
		return akkoord.MailReader{}, err
	}
	st, err := s.cfg.Store.StandingByEmail(ctx, email)
	if err != nil {
		return akkoord.MailReader{}, err
	}
	if st.Subscriber.ID == 0 || !s.looked(ctx, trail.Mailing(m)+st.Subscriber.PublicID.String()) {
		if err := s.cfg.Store.Audit(ctx, v.user.Actor(), "subscriber.search", trail.Subscriber(st.Subscriber), ""); err != nil {
			return akkoord.MailReader{}, err
		}
	}
	if st.Subscriber.ID == 0 {
		return akkoord.MailReader{}, akkoord.Errorf(akkoord.Conflict, "person_unknown", "Nobody has this address.")
	}
	if err := s.cfg.Store.Audit(ctx, v.user.Actor(), "mailing.preview", trail.Subscriber(st.Subscriber), trail.Mailing(m)); err != nil {
		return akkoord.MailReader{}, err
	}
	return s.readerOf(ctx, m, st)
}

// readerOf gives a person as the reader of a mailing.
func (s *Site) readerOf(ctx context.Context, m akkoord.Mailing, st akkoord.Standing) (akkoord.MailReader, error) {
	c, err := s.cfg.Store.CampaignByID(ctx, m.CampaignID)
	sub := st.Subscriber
	return akkoord.MailReader{Name: sub.Name, Email: sub.Email, Locale: sub.Locale, Interests: slices.Sorted(slices.Values(sub.Interests)), Basis: st.Subscription(c.PurposeID).Basis}, err
}

// drawMail answers with a mail for a frame: its HTML in light or dark, or its text.
func (s *Site) drawMail(w http.ResponseWriter, r *http.Request, v visit, m akkoord.Mailing, variant int, reader akkoord.MailReader, as, policy string) error {
	html, text, _, err := s.cfg.Mail.PreviewFor(r.Context(), m, variant, reader)
	if err != nil {
		return s.unseen(w, v, err)
	}
	w.Header().Set("Content-Security-Policy", policy)
	if as == "text" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write(text) // the reader may have gone
		return nil
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(inScheme(html, as)) // the same
	return nil
}

// unseen says in a frame why there is no mail in it.
func (s *Site) unseen(w http.ResponseWriter, v visit, err error) error {
	e, ok := errors.AsType[*akkoord.Error](err)
	if !ok || e.Kind == "" {
		return err
	}
	w.Header().Set("Content-Security-Policy", previewPolicy)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status.Of(e.Kind))
	said := s.cfg.Pages.ErrorText(v.locale, e.Code, e.Message)
	if said != e.Message {
		said += "\n\n" + e.Message // with the line and column
	}
	_, _ = w.Write([]byte(said)) // the reader may have gone
	return nil
}

// inScheme makes a mail look as it does where its reader prefers light, or dark,
// whatever the browser of its author prefers.
func inScheme(html []byte, as string) []byte {
	media, scheme := "not all", "light"
	if as == "dark" {
		media, scheme = "all", "dark"
	}
	html = bytes.ReplaceAll(html, []byte("(prefers-color-scheme: dark)"), []byte(media))
	return bytes.Replace(html, []byte(`<meta name="color-scheme" content="light dark"`), []byte(`<meta name="color-scheme" content="`+scheme+`"`), 1)
}

func lookPath(m akkoord.Mailing) string { return mailingPath(m) + "/look" }

// lookPage shows a mailing in all ways at once: at a desk, on a phone, in the dark
// and as text.
func (s *Site) lookPage(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	m, err := s.load(r)
	if err != nil {
		return err
	}
	c, p, err := s.sentFor(ctx, m)
	if err != nil {
		return err
	}
	l := readLook(m, r.URL.Query())
	if l.locale == "" {
		l.locale = localeFor(p, v.locale)
	}
	page := templates.LookPage{
		Admin: s.frame(r, v, "campaigns"), Subject: title(m), Mailing: mailingPath(m), Campaign: c.Name, CampaignURL: campaignPath(c),
		Action: lookPath(m), Variant: strconv.Itoa(l.variant), Locale: l.locale, Example: l.example,
	}
	frame := mailingPath(m) + "/preview"
	if l.person != (akkoord.ID{}) && v.user.Role.May(akkoord.ReadPeople) {
		frame += "/" + l.person.String()
		page.Person = Prefix + "/people/" + l.person.String()
	}
	page.Frame = map[string]string{}
	for _, as := range looks {
		page.Frame[as] = frame + l.query(as)
	}
	for i, variant := range m.Variants {
		page.Variants = append(page.Variants, templates.Option{Value: strconv.Itoa(i), Name: variant.Name})
	}
	for _, locale := range akkoord.Locales {
		if _, ok := p.Texts[locale]; ok || locale == l.locale {
			page.Locales = append(page.Locales, locale)
		}
	}
	return s.page(w, v, http.StatusOK, page)
}

// lookFor finds the person for whom a mailing is to be seen. Their address stays out
// of the page's own.
func (s *Site) lookFor(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	m, err := s.load(r)
	if err != nil {
		return err
	}
	next := lookPath(m)
	email, err := akkoord.ParseEmail(r.PostForm.Get("email"))
	if err != nil {
		return s.done(w, r, err, "", next)
	}
	st, err := s.cfg.Store.StandingByEmail(r.Context(), email)
	if err != nil {
		return err
	}
	if err := s.cfg.Store.Audit(r.Context(), v.user.Actor(), "subscriber.search", trail.Subscriber(st.Subscriber), ""); err != nil {
		return err
	}
	if st.Subscriber.ID == 0 {
		return s.done(w, r, akkoord.Errorf(akkoord.Conflict, "person_unknown", "Nobody has this address."), "", next)
	}
	http.Redirect(w, r, next+"?"+url.Values{"person": {st.Subscriber.PublicID.String()}}.Encode(), http.StatusSeeOther)
	return nil
}

// mailLocale gives the language to show a mailing in, as localeFor says.
func (s *Site) mailLocale(ctx context.Context, m akkoord.Mailing, wish string) (string, error) {
	_, p, err := s.sentFor(ctx, m)
	return localeFor(p, wish), err
}

// localeFor gives the language to show a mail of a purpose in: the reader's own, or the
// first of akkoord.Locales where the purpose has no texts in that one.
func localeFor(p akkoord.Purpose, wish string) string {
	i := slices.IndexFunc(append([]string{wish}, akkoord.Locales...), func(locale string) bool { _, ok := p.Texts[locale]; return ok })
	if i > 0 {
		return akkoord.Locales[i-1]
	}
	return wish
}
