package admin

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"akkoord"
	"akkoord/templates"
)

// Wordings keeps what people can say yes to, and every word of it that there was.
type Wordings interface {
	PutPurpose(ctx context.Context, actor akkoord.Actor, p akkoord.Purpose) (akkoord.Purpose, error)
	WordingChanges(ctx context.Context, purposeID int64) ([]akkoord.WordingEdit, error)
}

const purposesPath = Prefix + "/purposes"

func purposePath(p akkoord.Purpose) string { return purposesPath + "/" + p.Slug }

// newPurpose shows the form of a new purpose: empty, or with ready words to
// change.
func (s *Site) newPurpose(w http.ResponseWriter, r *http.Request, v visit) error {
	f := s.readyPurpose(v, r.URL.Query().Get("ready") != "")
	return s.page(w, v, http.StatusOK, templates.EditPurposePage{Admin: s.frame(r, v, "purposes"), Action: purposesPath, Form: f})
}

// readyPurpose gives the form of a new purpose, with ready words or empty.
func (s *Site) readyPurpose(v visit, ready bool) templates.PurposeForm {
	f := templates.PurposeForm{Basis: string(akkoord.BasisConsent)}
	for _, locale := range akkoord.Locales {
		t := templates.PurposeWords{Locale: locale, Open: locale == v.locale}
		if ready {
			sender := cmp.Or(s.cfg.Sender().Controller, "…")
			t.Name, t.Wording = s.cfg.Pages.T(locale, "purpose.ready_name"), s.cfg.Pages.T(locale, "purpose.ready_wording", "Sender", sender)
			t.Explanation, t.Frequency = s.cfg.Pages.T(locale, "purpose.ready_explanation"), s.cfg.Pages.T(locale, "purpose.ready_frequency")
		}
		f.Words = append(f.Words, t)
	}
	return f
}

func (s *Site) addPurpose(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	typed := typedPurpose(r.PostForm)
	p := akkoord.Purpose{Slug: cmp.Or(typed.Slug, akkoord.SlugOf(typed.FirstName())), Basis: akkoord.Basis(typed.Basis), Texts: texts(typed)}
	typed.Slug = p.Slug
	page := templates.EditPurposePage{Admin: s.frame(r, v, "purposes"), Action: purposesPath, Errors: typed.Missing(v.locale), Form: typed}
	page.Path = purposesPath + "/new"
	if len(page.Errors) > 0 {
		return s.page(w, v, http.StatusUnprocessableEntity, page)
	}
	p, err := s.cfg.Store.PutPurpose(r.Context(), v.user.Actor(), p)
	if err == nil {
		return s.done(w, r, nil, "purpose", purposePath(p))
	}
	code, ok := 0, false
	if page.Errors, code, ok = faults(err, typed.Elements(akkoord.CodeOf(err))); !ok {
		return err
	}
	return s.page(w, v, code, page)
}

// purpose shows the words of a purpose to be changed, with those that were
// before.
func (s *Site) purpose(w http.ResponseWriter, r *http.Request, v visit) error {
	p, err := s.cfg.Store.Purpose(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	return s.editPurpose(w, r, v, http.StatusOK, p, templates.EditPurposePage{Form: purposeForm(p, v.locale)})
}

func purposeForm(p akkoord.Purpose, reader string) templates.PurposeForm {
	f := templates.PurposeForm{Read: strconv.Itoa(p.Version), Slug: p.Slug, Basis: string(p.Basis)}
	for _, locale := range akkoord.Locales {
		t := p.Texts[locale]
		f.Words = append(f.Words, templates.PurposeWords{Locale: locale, Open: locale == p.Language(reader), Name: t.Name, Wording: t.Wording, Explanation: t.Explanation, Frequency: t.Frequency})
	}
	return f
}

// editPurpose draws the form of a purpose that there is.
func (s *Site) editPurpose(w http.ResponseWriter, r *http.Request, v visit, code int, p akkoord.Purpose, page templates.EditPurposePage) error {
	ctx := r.Context()
	page.Admin, page.Name, page.Action, page.Version = s.frame(r, v, "purposes"), p.Text(v.locale).Name, purposePath(p), p.Version
	page.CanChange, page.ArchivedAt = v.user.Role.May(akkoord.ChangePurposes), p.ArchivedAt
	page.Learning.After = p.LearnAfter
	page.Public = templates.PublicArchive{On: p.PublicArchive, URL: s.cfg.BaseURL + p.PublicArchivePath(), Feed: s.cfg.BaseURL + p.FeedPath()}
	if page.CanChange {
		page.Archive, page.Public.Action, page.Learning.Action = archivePath(p), purposePath(p)+"/public-archive", purposePath(p)+"/learning"
	}
	edits, err := s.cfg.Store.WordingChanges(ctx, p.ID)
	if err != nil {
		return err
	}
	made := map[int]akkoord.WordingEdit{}
	for _, e := range edits {
		made[e.Version] = e
	}
	for version := p.Version; version > max(0, p.Version-versionsShown); version-- {
		e := made[version]
		past := templates.PastWords{Version: version, At: e.At, Change: string(e.Kind), Reason: e.Reason}
		for _, locale := range akkoord.Locales {
			t, err := s.cfg.Store.Wording(ctx, p.ID, version, locale)
			if akkoord.KindOf(err) == akkoord.NotFound {
				continue
			}
			if err != nil {
				return err
			}
			past.Words = append(past.Words, templates.PurposeWords{Locale: locale, Name: t.Name, Wording: t.Wording, Explanation: t.Explanation, Frequency: t.Frequency})
		}
		page.Past = append(page.Past, past)
	}
	return s.page(w, v, code, page)
}

// versionsShown is how many versions of a purpose's words its page has.
const versionsShown = 10

var errPurposeChanged = akkoord.Errorf(akkoord.Conflict, "purpose_changed", "Somebody changed these words since you read them; they stand below. Read them, and change them then.")

// changePurpose makes a new version of a purpose's words.
func (s *Site) changePurpose(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	ctx, slug := r.Context(), r.PathValue("slug")
	have, err := s.cfg.Store.Purpose(ctx, slug)
	if err != nil {
		return err
	}
	typed := typedPurpose(r.PostForm)
	_, err = s.cfg.Store.EditPurpose(ctx, v.user.Actor(), slug, func(p *akkoord.Purpose) error {
		if typed.Read != strconv.Itoa(p.Version) {
			return errPurposeChanged
		}
		p.Texts, p.Change = texts(typed), akkoord.WordingChange{Kind: akkoord.WordingKind(typed.Change), Reason: typed.Reason}
		return nil
	})
	if err == nil {
		return s.done(w, r, nil, "purpose_changed", purposePath(have))
	}
	page := templates.EditPurposePage{Form: typed}
	code, ok := 0, false
	if page.Errors, code, ok = faults(err, typed.Elements(akkoord.CodeOf(err))); !ok {
		return err
	}
	if akkoord.CodeOf(err) == "purpose_changed" {
		if have, err = s.cfg.Store.Purpose(ctx, slug); err != nil {
			return err
		}
		page.Form.Read = strconv.Itoa(have.Version)
	}
	return s.editPurpose(w, r, v, code, have, page)
}

// typedPurpose reads what was typed, word for word.
func typedPurpose(in url.Values) templates.PurposeForm {
	f := templates.PurposeForm{Read: in.Get("read"), Slug: strings.TrimSpace(in.Get("slug")), Basis: in.Get("basis"), Change: in.Get("change"), Reason: strings.TrimSpace(in.Get("reason"))}
	for _, locale := range akkoord.Locales {
		value := func(name string) string { return strings.TrimSpace(newlines(in.Get(name + "-" + locale))) }
		t := templates.PurposeWords{Locale: locale, Name: value("name"), Wording: value("wording"), Explanation: value("explanation"), Frequency: value("frequency")}
		t.Open = !t.Empty()
		f.Words = append(f.Words, t)
	}
	return f
}

// texts gives the words of the languages in which something was typed.
func texts(f templates.PurposeForm) map[string]akkoord.PurposeText {
	out := map[string]akkoord.PurposeText{}
	for _, w := range f.Words {
		if !w.Empty() {
			out[w.Locale] = akkoord.PurposeText{Name: w.Name, Wording: w.Wording, Explanation: w.Explanation, Frequency: w.Frequency}
		}
	}
	return out
}
