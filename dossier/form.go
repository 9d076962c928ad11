package dossier

import (
	"bytes"
	"errors"
	"html"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"akkoord"
	"akkoord/static"
	"akkoord/templates"
)

// form shows the form of a sign-up as one web page that needs nothing else:
// the texts of that version in the language that was read, with the boxes
// ticked that were, and the fields filled in. nil: the form is not in the bundle.
func (r *reader) form(up akkoord.BundleSignUp) ([]byte, error) {
	f := r.forms[up.FormVersionID]
	if f == nil {
		return nil, nil
	}
	text := f.Texts[up.Locale]
	page := templates.SignUpPage{
		Site:   templates.Site{Brand: templates.Brand{Name: r.facts.Controller}, PostalAddress: r.facts.PostalAddress},
		Action: "/f/" + f.Slug, Title: text.Title, Intro: text.Intro, AskName: true,
		EraseDays: int(akkoord.Limits.PendingWindow / (24 * time.Hour)),
	}
	for _, box := range up.Boxes {
		t := r.boxText(box, up.Locale)
		page.Purposes = append(page.Purposes, templates.PurposeChoice{
			Slug: box.Purpose, Name: t.Name, Frequency: t.Frequency, Wording: t.Wording, Explanation: t.Explanation, Chosen: box.Ticked,
		})
	}
	for _, slug := range f.Interests {
		page.Interests = append(page.Interests, templates.Interest{Slug: slug, Name: templates.NameOr(text.Interests[slug], slug)})
	}
	if f.Tracking {
		page.Tracking, page.Tracked = text.Tracking, r.tracked(up.Request)
	}
	values := r.filledIn(up.Request)
	for _, a := range f.Asks {
		page.Attributes = append(page.Attributes, templates.AttributeField{
			Slug: a.Slug, Type: string(a.Type), Label: templates.NameOr(text.Asks[a.Slug], a.Slug), Purpose: r.purpose(a.Purpose), Required: a.Required, Value: values[a.Slug],
		})
	}
	var out bytes.Buffer
	if err := r.Set.Render(&out, up.Locale, page); err != nil {
		return nil, err
	}
	note := r.t("form_note", "Form", f.Slug, "Version", f.Number, "Moment", r.when(up.At.Time))
	return standAlone(out.String(), note)
}

// filledIn gives what a sign-up filled in, by slug of the attribute.
func (r *reader) filledIn(request akkoord.ID) map[string]string {
	out := map[string]string{}
	for i := range r.Lines {
		if l := &r.Lines[i]; l.Kind == akkoord.Requested && l.Request == request {
			maps.Copy(out, r.proof[l.Seq].Filled.Values())
		}
	}
	return out
}

// tracked reports whether a sign-up ticked the box about clicks.
func (r *reader) tracked(request akkoord.ID) bool {
	return slices.ContainsFunc(r.Lines, func(l akkoord.BundleLine) bool {
		return l.Kind == akkoord.Requested && l.Request == request && r.proof[l.Seq].Tracking != ""
	})
}

// boxText gives the words beside a box, in the language of the form or in the
// first that there is, as the form itself does.
func (r *reader) boxText(box akkoord.BundleBox, locale string) akkoord.PurposeText {
	for _, l := range append([]string{locale}, akkoord.Locales...) {
		if t := r.texts[textKey{box.Purpose, box.Version, l}]; t != nil {
			return t.Text
		}
	}
	return akkoord.PurposeText{Name: box.Purpose}
}

// banner stands above a form, so that nobody takes it for one to fill in.
const banner = `<p style="margin:0;padding:.75rem 1rem;background:#222;color:#fff;font:.9rem/1.4 sans-serif">`

var errLayout = errors.New("the layout of pages has changed, and a form can't be kept as one file")

// standAlone makes a page of the site one file: its styles in it, its links to
// the site gone, its form closed to any key or button.
func standAlone(page, note string) ([]byte, error) {
	var styles strings.Builder
	for _, name := range []string{"css/tokens.css", "css/akkoord.css"} {
		css, err := fs.ReadFile(static.FS, name)
		if err != nil {
			return nil, err
		}
		styles.Write(css)
		page = strings.Replace(page, `<link rel="stylesheet" href="/static/`+name+`">`, "", 1)
	}
	if strings.Contains(styles.String(), "</") {
		return nil, errLayout
	}
	policy := `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`
	page = strings.Replace(page, `<link rel="icon" href="/static/img/mark.svg" type="image/svg+xml">`, policy+"\n<style>"+styles.String()+"</style>", 1)
	for {
		from := strings.Index(page, "<svg")
		if from < 0 {
			break
		}
		end := strings.Index(page[from:], "</svg>")
		if end < 0 {
			return nil, errLayout
		}
		page = page[:from] + page[from+end+len("</svg>"):]
	}
	page = strings.ReplaceAll(page, `href="/`, `data-href="/`)
	page = strings.Replace(page, `<form method="post"`, `<form inert method="post"`, 1)
	page = strings.Replace(page, `<body class="public">`, `<body class="public">`+"\n"+banner+html.EscapeString(note)+"</p>", 1)
	for _, part := range []string{"<style>", "<form inert ", banner} {
		if !strings.Contains(page, part) {
			return nil, errLayout
		}
	}
	if strings.Contains(page, "/static/") {
		return nil, errLayout
	}
	return []byte(page), nil
}
