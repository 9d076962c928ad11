package admin

import (
	"cmp"
	"context"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"akkoord"
	"akkoord/templates"
)

// Forming keeps the sign-up forms.
type Forming interface {
	Form(ctx context.Context, slug string) (akkoord.Form, error)
	// Interests gives the slugs of the interests that people can choose.
	Interests(ctx context.Context) ([]string, error)
	// Sources gives how people can have come in, like form:home.
	Sources(ctx context.Context) ([]string, error)
	PutForm(ctx context.Context, actor akkoord.Actor, f akkoord.Form) (akkoord.Form, error)
	// EditForm makes a new version of a form from its present one; an error of
	// edit, which may be called more than once, ends it.
	EditForm(ctx context.Context, actor akkoord.Actor, slug string, edit func(*akkoord.FormVersion) error) (akkoord.Form, error)
}

const (
	formsPath   = Prefix + "/forms"
	newFormName = "new" // in the place of the slug of a form that is not stored yet
)

func formPath(f akkoord.Form) string   { return formsPath + "/" + f.Slug }
func publicPath(f akkoord.Form) string { return "/f/" + f.Slug }

// spareLines are how many empty lines a form has for new interests.
const spareLines = 2

func (s *Site) forms(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	page := templates.FormsPage{Admin: s.frame(r, v, "purposes")}
	if v.user.Role.May(akkoord.ChangePurposes) {
		page.New = formsPath + "/new"
	}
	purposes, err := s.cfg.Store.Purposes(ctx)
	if err != nil {
		return err
	}
	all, err := s.cfg.Store.Forms(ctx)
	if err != nil {
		return err
	}
	for _, f := range all {
		card := templates.FormCard{Title: formTitle(f, v.locale), Slug: f.Slug, URL: formPath(f), Figures: figuresPath(f), Public: publicPath(f), Version: f.Version.Number}
		for _, p := range purposes {
			if slices.Contains(f.Version.Purposes, p.Slug) {
				card.Purposes = append(card.Purposes, p.Text(v.locale).Name)
			}
		}
		page.Forms = append(page.Forms, card)
	}
	return s.page(w, v, http.StatusOK, page)
}

func formTitle(f akkoord.Form, locale string) string {
	return cmp.Or(f.Version.Texts[locale].Title, f.Slug)
}

func (s *Site) newForm(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.editForm(w, r, v, http.StatusOK, akkoord.Form{}, akkoord.FormVersion{Challenge: "none"}, templates.EditFormPage{})
}

func (s *Site) formPage(w http.ResponseWriter, r *http.Request, v visit) error {
	f, err := s.cfg.Store.Form(r.Context(), r.PathValue("form"))
	if err != nil {
		return err
	}
	return s.editForm(w, r, v, http.StatusOK, f, f.Version, templates.EditFormPage{Form: templates.FormFields{Read: strconv.Itoa(f.Version.Number)}})
}

// editForm draws the form of a form, filled with a version of it: what is
// stored, or what was typed.
func (s *Site) editForm(w http.ResponseWriter, r *http.Request, v visit, code int, f akkoord.Form, shown akkoord.FormVersion, page templates.EditFormPage) error {
	ctx := r.Context()
	purposes, err := s.cfg.Store.Purposes(ctx)
	if err != nil {
		return err
	}
	attributes, err := s.cfg.Store.Attributes(ctx)
	if err != nil {
		return err
	}
	page.Admin, page.Action, page.NoPurposes, page.CanChange = s.frame(r, v, "purposes"), formsPath, len(purposes) == 0, v.user.Role.May(akkoord.ChangePurposes)
	at := formsPath + "/" + newFormName
	if f.ID == 0 && r.Method == http.MethodPost {
		page.Path = at
	}
	if f.ID != 0 {
		at = formPath(f)
		page.Title, page.Action, page.Public = formTitle(f, v.locale), at, publicPath(f)
		page.Figures, page.Code = figuresPath(f), at+"/qr.svg"
		page.Address, page.Script = s.address(publicPath(f)), s.address("/embed/"+f.Slug+".js")
		page.Embed = s.embed(page.Address, f, purposes, v.locale)
	}
	page.Preview = at + "/preview"
	page.Form.Tracking = shown.Tracking
	page.Form.Challenge, page.Form.Origins = shown.Challenge, strings.Join(shown.Origins, "\n")
	page.Form.Boxes = boxes(shown, purposes, v.locale, page.Pressed)
	for _, locale := range akkoord.Locales {
		t := shown.Texts[locale]
		page.Form.Words = append(page.Form.Words, templates.FormWords{Locale: locale, Title: t.Title, Intro: t.Intro, Open: locale == v.locale})
		page.Form.TrackingWords = append(page.Form.TrackingWords, templates.TrackingWords{Locale: locale, Text: t.Tracking, Ready: s.cfg.Pages.T(locale, "signup.tracking_ready")})
	}
	label := func(of func(akkoord.FormText) string) (out []templates.Label) {
		for _, locale := range akkoord.Locales {
			out = append(out, templates.Label{Locale: locale, Text: of(shown.Texts[locale])})
		}
		return out
	}
	for _, slug := range append(slices.Clone(shown.Interests), make([]string, spareLines)...) {
		line := templates.InterestLine{Slug: slug, Labels: label(func(t akkoord.FormText) string { return t.Interests[slug] })}
		line.Focus = focus(page.Pressed, interestList, slug)
		page.Form.Interests = append(page.Form.Interests, line)
	}
	if page.Pressed == "more" {
		page.Form.Interests[len(shown.Interests)].Focus = page.Pressed
	}
	for _, a := range attributes {
		line := templates.AskLine{Slug: a.Slug, Purpose: purposeName(purposes, a.PurposeID, v.locale), Labels: label(func(t akkoord.FormText) string { return t.Asks[a.Slug] })}
		if i := slices.IndexFunc(shown.Asks, func(x akkoord.FormAttribute) bool { return x.Slug == a.Slug }); i >= 0 {
			line.Ask, line.Changeable = "optional", shown.Asks[i].Changeable
			if shown.Asks[i].Required {
				line.Ask = "required"
			}
		}
		page.Form.Asks = append(page.Form.Asks, line)
	}
	return s.page(w, v, code, page)
}

// address gives the whole address of a path of the public site.
func (s *Site) address(path string) string { return strings.TrimSuffix(s.cfg.BaseURL, "/") + path }

// boxes are the purposes that a form may ask for, its own first and in its
// order.
func boxes(shown akkoord.FormVersion, purposes []akkoord.Purpose, locale, pressed string) []templates.PurposeBox {
	var out []templates.PurposeBox
	for _, p := range purposes {
		if p.Archived() && !slices.Contains(shown.Purposes, p.Slug) {
			continue
		}
		b := templates.PurposeBox{Slug: p.Slug, Name: p.Text(locale).Name, Languages: p.Languages(), Focus: focus(pressed, purposeList, p.Slug)}
		if i := slices.Index(shown.Purposes, p.Slug); i >= 0 {
			b.Chosen, b.Place = true, strconv.Itoa(i+1)
		}
		out = append(out, b)
	}
	slices.SortStableFunc(out, func(a, b templates.PurposeBox) int { return cmp.Compare(place(a.Place), place(b.Place)) })
	return out
}

// place reads the number that orders a box; the last of all without one.
func place(s string) int {
	if n, err := strconv.Atoi(s); err == nil && n > 0 {
		return n
	}
	return 1 << 30
}

func (s *Site) addForm(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	typed, err := s.typedForm(r.Context(), r.PostForm)
	if err != nil {
		return err
	}
	page := templates.EditFormPage{Form: templates.FormFields{Slug: strings.TrimSpace(r.PostForm.Get("slug"))}}
	if page.Pressed = r.PostForm.Get("act"); rearranged(&typed, page.Pressed) {
		return s.editForm(w, r, v, http.StatusOK, akkoord.Form{}, typed, page)
	}
	if page.Form.Slug == "" {
		page.Errors = append(page.Errors, templates.FieldError{Field: "slug", Code: "text_missing"})
	}
	if len(typed.Purposes) == 0 {
		page.Errors = append(page.Errors, templates.FieldError{Field: "purposes", Code: formNoPurpose})
	}
	if len(page.Errors) > 0 {
		return s.editForm(w, r, v, http.StatusUnprocessableEntity, akkoord.Form{}, typed, page)
	}
	f, err := s.cfg.Store.PutForm(r.Context(), v.user.Actor(), akkoord.Form{Slug: page.Form.Slug, Version: typed})
	if err == nil {
		return s.done(w, r, nil, "form", formPath(f))
	}
	code, ok := 0, false
	if page.Errors, code, ok = faults(err, nil); !ok {
		return err
	}
	return s.editForm(w, r, v, code, akkoord.Form{}, typed, page)
}

// formNoPurpose is the sentence for whoever makes a form; that of purpose_required is for
// its visitors.
const formNoPurpose = "form_purposes"

var errFormChanged = akkoord.Errorf(akkoord.Conflict, "form_changed", "Somebody changed this form since you read it. What you typed is below and not saved; open the form in another window to see theirs, and save again to put yours in its place.")

// changeForm makes a new version of a form: who signed up before keeps the one
// that they saw.
func (s *Site) changeForm(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	ctx, slug := r.Context(), r.PathValue("form")
	f, err := s.cfg.Store.Form(ctx, slug)
	if err != nil {
		return err
	}
	typed, err := s.typedForm(ctx, r.PostForm)
	if err != nil {
		return err
	}
	page := templates.EditFormPage{Form: templates.FormFields{Read: r.PostForm.Get("read")}}
	if page.Pressed = r.PostForm.Get("act"); rearranged(&typed, page.Pressed) {
		return s.editForm(w, r, v, http.StatusOK, f, typed, page)
	}
	_, err = s.cfg.Store.EditForm(ctx, v.user.Actor(), slug, func(have *akkoord.FormVersion) error {
		if page.Form.Read != strconv.Itoa(have.Number) {
			return errFormChanged
		}
		have.Purposes, have.Interests, have.Asks, have.Tracking, have.Challenge, have.Origins, have.Texts = typed.Purposes, typed.Interests, typed.Asks, typed.Tracking, typed.Challenge, typed.Origins, typed.Texts
		return nil
	})
	if err == nil {
		return s.done(w, r, nil, "form_changed", formPath(f))
	}
	code, ok := 0, false
	if page.Errors, code, ok = faults(err, nil); !ok {
		return err
	}
	if akkoord.CodeOf(err) == "purpose_required" {
		page.Errors[0].Code = formNoPurpose
	}
	if akkoord.CodeOf(err) == "form_changed" {
		page.Form.Read = strconv.Itoa(f.Version.Number)
	}
	return s.editForm(w, r, v, code, f, typed, page)
}

// typedForm reads what was typed as a version of a form.
func (s *Site) typedForm(ctx context.Context, in url.Values) (akkoord.FormVersion, error) {
	v := akkoord.FormVersion{Purposes: slices.Clone(in["purposes"]), Tracking: in.Get("tracking") != "", Challenge: cmp.Or(in.Get("challenge"), "none"), Origins: strings.Fields(in.Get("origins")), Texts: map[string]akkoord.FormText{}}
	slices.SortStableFunc(v.Purposes, func(a, b string) int { return cmp.Compare(place(in.Get("place-"+a)), place(in.Get("place-"+b))) })
	attributes, err := s.cfg.Store.Attributes(ctx)
	if err != nil {
		return v, err
	}
	for _, a := range attributes {
		if ask := in.Get("ask-" + a.Slug); ask != "" {
			v.Asks = append(v.Asks, akkoord.FormAttribute{Slug: a.Slug, Required: ask == "required", Changeable: in.Get("ask-"+a.Slug+"-change") != ""})
		}
	}
	offered, err := s.trackingOffered(ctx, v)
	if err != nil {
		return v, err
	}
	lines := interestLines(in)
	for _, slug := range lines {
		if slug != "" {
			v.Interests = append(v.Interests, slug)
		}
	}
	for _, locale := range akkoord.Locales {
		t := akkoord.FormText{Title: strings.TrimSpace(in.Get("title-" + locale)), Intro: strings.TrimSpace(newlines(in.Get("intro-" + locale)))}
		t.Tracking = cmp.Or(strings.TrimSpace(newlines(in.Get("tracking-"+locale))), offered[locale])
		labels := in["interest-"+locale]
		for i, slug := range lines {
			if i < len(labels) {
				t.Interests = labelled(t.Interests, slug, labels[i])
			}
		}
		for _, a := range v.Asks {
			t.Asks = labelled(t.Asks, a.Slug, in.Get("ask-"+a.Slug+"-"+locale))
		}
		if t.Title != "" || t.Intro != "" || t.Tracking != "" || len(t.Interests) > 0 || len(t.Asks) > 0 {
			v.Texts[locale] = t
		}
	}
	return v, nil
}

// interestLines gives the slugs of the lines about interests: what was typed, or what
// its first label makes. Of too many there are enough to be refused.
func interestLines(in url.Values) []string {
	lines := in["interest"][:min(len(in["interest"]), akkoord.Limits.Interests+spareLines)]
	out := make([]string, len(lines))
	for i, slug := range lines {
		out[i] = strings.TrimSpace(slug)
		for _, locale := range akkoord.Locales {
			if labels := in["interest-"+locale]; out[i] == "" && i < len(labels) {
				if label := strings.TrimSpace(labels[i]); label != "" {
					out[i] = akkoord.SlugOf(label)
				}
			}
		}
	}
	return out
}

// What the buttons of the builder move.
const (
	purposeList  = "purpose"
	interestList = "interest"
)

// rearranged does what a button inside the form says, and reports whether it was one of
// these: all others save. Nothing of it is stored.
func rearranged(v *akkoord.FormVersion, act string) bool {
	verb, rest, _ := strings.Cut(act, ":")
	list, slug, _ := strings.Cut(rest, ":")
	step, moves := map[string]int{"up": -1, "down": 1}[verb]
	if !moves {
		return act == "show" || act == "more"
	}
	of := map[string][]string{purposeList: v.Purposes, interestList: v.Interests}[list]
	i := slices.Index(of, slug)
	if j := i + step; i >= 0 && j >= 0 && j < len(of) {
		of[i], of[j] = of[j], of[i]
	}
	return true
}

// focus gives which button of a row was pressed, so that it keeps the focus.
func focus(pressed, list, slug string) string {
	verb, of, _ := strings.Cut(pressed, ":")
	if slug == "" || of != list+":"+slug {
		return ""
	}
	return verb
}

// trackingOffered gives ready words for the box about clicks, in the languages
// in which the form is public. They are stored with the form like typed ones.
func (s *Site) trackingOffered(ctx context.Context, v akkoord.FormVersion) (map[string]string, error) {
	if !v.Tracking || len(v.Purposes) == 0 {
		return nil, nil
	}
	all, err := s.cfg.Store.Purposes(ctx)
	if err != nil {
		return nil, err
	}
	asked := slices.DeleteFunc(slices.Clone(all), func(p akkoord.Purpose) bool { return !slices.Contains(v.Purposes, p.Slug) })
	out := map[string]string{}
	for _, locale := range akkoord.CommonLanguages(asked) {
		out[locale] = s.cfg.Pages.T(locale, "signup.tracking_ready")
	}
	return out, nil
}

// labelled adds a label, where there is one.
func labelled(labels map[string]string, slug, text string) map[string]string {
	if text = strings.TrimSpace(text); slug == "" || text == "" {
		return labels
	}
	if labels == nil {
		labels = map[string]string{}
	}
	labels[slug] = text
	return labels
}

var embedded = template.Must(template.New("embed").Parse(`<form method="post" action="{{.Action}}">
  <input type="hidden" name="locale" value="{{.Locale}}">
  <p><label>{{.Email}}<br><input type="email" name="email" autocomplete="email" required></label></p>
{{- range .Boxes}}
  <p><label><input type="checkbox" name="purpose" value="{{.Slug}}"> {{.Wording}}</label><br>
  <small>{{.Explanation}}</small></p>
{{- end}}
{{- with .Tracking}}
  <p><label><input type="checkbox" name="tracking" value="1"> {{.}}</label></p>
{{- end}}
  <p><button>{{.Button}}</button></p>
</form>`))

// embed gives HTML that asks the same on a page of the owner's own: with the
// words that count, and no box ticked (M2).
func (s *Site) embed(action string, f akkoord.Form, purposes []akkoord.Purpose, locale string) string {
	type box struct{ Slug, Wording, Explanation string }
	data := struct {
		Action, Locale, Email, Button string
		Boxes                         []box
		Tracking                      string
	}{Action: action, Locale: locale, Tracking: f.Version.TrackingWording(locale), Email: s.cfg.Pages.T(locale, "signup.email"), Button: s.cfg.Pages.T(locale, "signup.button")}
	for _, slug := range f.Version.Purposes {
		if i := slices.IndexFunc(purposes, func(p akkoord.Purpose) bool { return p.Slug == slug }); i >= 0 {
			t := purposes[i].Text(locale)
			data.Boxes = append(data.Boxes, box{slug, t.Wording, t.Explanation})
		}
	}
	var b strings.Builder
	if err := embedded.Execute(&b, data); err != nil {
		return ""
	}
	return b.String()
}
