package admin

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"akkoord"
	"akkoord/templates"
)

func mailingPath(m akkoord.Mailing) string { return Prefix + "/mailings/" + m.PublicID.String() }
func editPath(m akkoord.Mailing) string    { return mailingPath(m) + "/edit" }

// elements are the ids of a draft's form for fields that are named otherwise.
var elements = map[string]string{"markdown": "body", "html": "body", "blocks": "body", "": "kind", "hours": "from", "days": "from",
	"trigger": "on", "trigger.on": "on", "trigger.days": "delay", "trigger.hours": "delay_hours", "trigger.mailing": "before", "trigger.attribute": "date", "trigger.at": "clock", "trigger.every": "every", "trigger.topic": "topic"}

// edit shows the draft of a mailing to be written.
func (s *Site) edit(w http.ResponseWriter, r *http.Request, v visit) error {
	m, err := s.load(r)
	if err != nil {
		return err
	}
	if !mayEdit(m, v.user.Role) {
		http.Redirect(w, r, mailingPath(m), http.StatusSeeOther)
		return nil
	}
	locale, err := s.translationOf(r.Context(), m, r.URL.Query().Get("in"))
	if err != nil {
		return err
	}
	if _, mixed := kindOf(inLanguage(m, locale)); mixed {
		return errKinds
	}
	return s.editor(w, r, v, http.StatusOK, m, templates.EditPage{Form: translationForm(m, locale)})
}

// editor draws the form of a draft.
func (s *Site) editor(w http.ResponseWriter, r *http.Request, v visit, code int, m akkoord.Mailing, page templates.EditPage) error {
	ctx := r.Context()
	c, err := s.cfg.Store.CampaignByID(ctx, m.CampaignID)
	if err != nil {
		return err
	}
	page.Title = m.Title()
	if err := s.languages(ctx, &page, m); err != nil {
		return err
	}
	page.Admin, page.Campaign, page.CampaignURL = s.frame(r, v, "campaigns"), c.Name, campaignPath(c)
	page.Action, page.Mailing, page.Preview = editPath(m), mailingPath(m), mailingPath(m)+"/preview"
	page.Look = lookPath(m)
	for _, name := range akkoord.MergeFields() {
		code := "{{" + name + "}}"
		if name == "name" {
			code = "{{" + name + ` | default: "…"}}`
		}
		page.Fields = append(page.Fields, templates.MergeField{Code: code, Key: name})
	}
	if err := s.choices(ctx, &page, m, c); err != nil {
		return err
	}
	if err := s.illustrate(ctx, &page); err != nil {
		return err
	}
	return s.page(w, v, code, page)
}

// save changes a draft as its form says. What can't be stored comes back as it
// was typed; what somebody else changed in the meantime is shown beside it.
func (s *Site) save(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	m, err := s.load(r)
	if err != nil {
		return err
	}
	if m.Runs() && !mayEdit(m, v.user.Role) {
		return s.nothing(w, r, v)
	}
	typed := typedDraft(r.PostForm)
	if typed.Translation, err = s.translationOf(r.Context(), m, typed.Translation); err != nil {
		return err
	}
	if _, mixed := kindOf(inLanguage(m, typed.Translation)); mixed {
		return errKinds
	}
	switch act := r.PostForm.Get("act"); act {
	case "save", "done", "untranslate":
		next := editPath(m)
		switch {
		case act == "done":
			next = mailingPath(m)
		case act == "save" && typed.Translation != "":
			next += "?in=" + typed.Translation
		}
		changed, err := s.readTyped(r.Context(), &typed, m, act == "untranslate")
		if err == nil {
			err = s.checkRunning(r.Context(), changed)
		}
		if err == nil {
			_, err = s.cfg.Store.PutMailing(r.Context(), v.user.Actor(), changed)
		}
		if err == nil {
			return s.done(w, r, nil, "saved", next)
		}
		return s.unsaved(w, r, v, m, typed, err)
	default:
		if err := s.rearrange(r, v, &typed, act); err != nil {
			return s.unsaved(w, r, v, m, typed, err)
		}
		return s.editor(w, r, v, http.StatusOK, m, templates.EditPage{Form: typed, Unsaved: true})
	}
}

// translationOf gives the language that an editor is asked for, of which the purpose has
// texts and the mailing its translation; empty is its main one.
func (s *Site) translationOf(ctx context.Context, m akkoord.Mailing, locale string) (string, error) {
	if locale == "" {
		return "", nil
	}
	_, p, err := s.sentFor(ctx, m)
	if err != nil || locale == m.MainLanguage(p) {
		return "", err
	}
	if _, worded := p.Texts[locale]; !worded && !saysIn(m, locale) {
		return "", akkoord.Errorf(akkoord.NotFound, "not_found", "There is nothing at this address.")
	}
	return locale, nil
}

// readTyped gives a mailing with what was typed, of it or of a translation.
func (s *Site) readTyped(ctx context.Context, typed *templates.MailingForm, m akkoord.Mailing, remove bool) (akkoord.Mailing, error) {
	if typed.Translation == "" {
		return readDraft(typed, m)
	}
	_, p, err := s.sentFor(ctx, m)
	if err != nil {
		return m, err
	}
	return readTranslation(typed, m, p, remove)
}

// rearrange does what a button inside the form says. Nothing of it is stored but a
// picture that was chosen on one's own machine.
func (s *Site) rearrange(r *http.Request, v visit, typed *templates.MailingForm, act string) error {
	verb, what, _ := strings.Cut(act, ":")
	switch verb {
	case "show":
		return nil
	case "variant":
		typed.Variants = oneMore(typed.Variants)
		for i := range typed.Variants {
			typed.Variants[i].Blocks.Place = variantPlace(i)
		}
		return nil
	case "plain":
		typed.Variants, typed.Trial = nil, false
		return nil
	case "kind":
		to, sure := strings.CutSuffix(what, "!")
		typed.Ask = to
		return become(typed, to, sure)
	case "upload":
		return s.upload(r, v, typed, what)
	}
	if block, id, ok := strings.Cut(what, ":"); verb == "picture" && ok {
		return s.choosePicture(typed, block, id)
	}
	if !arrange(typed, act) {
		return errNoAct
	}
	return nil
}

// unsaved shows a draft that could not be stored, and why.
func (s *Site) unsaved(w http.ResponseWriter, r *http.Request, v visit, m akkoord.Mailing, typed templates.MailingForm, why error) error {
	errs, code, ok := faults(atTranslation(typed.Translation, why), elements)
	if !ok {
		return why
	}
	page := templates.EditPage{Form: typed, Errors: errs, Unsaved: true}
	if akkoord.CodeOf(why) == "mailing_changed" {
		now, err := s.cfg.Store.Mailing(r.Context(), m.PublicID)
		if err != nil {
			return err
		}
		theirs := translationForm(now, typed.Translation)
		if theirs.Kind == asBlocks {
			theirs.Body, _ = akkoord.MarkdownOf(blocksOf(theirs.Blocks))
		}
		page.Errors, page.Theirs, page.Form.Read = nil, &theirs, theirs.Read
	}
	return s.editor(w, r, v, code, m, page)
}

// oneMore adds a variant to a form: the first two at once, since one is no test.
func oneMore(all []templates.VariantForm) []templates.VariantForm {
	const names = "ABCDEFGHIJ"
	for range max(1, 2-len(all)) {
		if len(all) < len(names) {
			all = append(all, templates.VariantForm{Name: names[len(all) : len(all)+1]})
		}
	}
	return all
}

// draftForm gives the form of a draft as it is stored.
func draftForm(m akkoord.Mailing) templates.MailingForm {
	f := templates.MailingForm{
		Read: strconv.FormatInt(m.ChangedAt.UnixMicro(), 10), Subject: m.Content.Subject, Preheader: m.Content.Preheader,
		Zone: cmp.Or(m.Plan.Zone, akkoord.HomeZone), ZoneAttribute: m.Plan.ZoneAttribute, From: m.Plan.Hours.From, Until: m.Plan.Hours.Until, Days: m.Plan.Hours.Days,
		PerHour: numeral(m.Plan.Cap.Hour), PerDay: numeral(m.Plan.Cap.Day), Missed: cmp.Or(string(m.Plan.Missed), string(akkoord.MissedAsk)),
		Share: "20", Measure: string(akkoord.TrialClicks), WaitMinutes: "240", Expect: "0.03",
	}
	if m.ChangedAt.IsZero() {
		f.Read = "0"
	}
	f.Kind, _ = kindOf(m)
	if !m.SendAt.IsZero() {
		f.SendAt = m.SendAt.In(m.Plan.Location()).Format(gateTime)
	}
	for _, v := range m.Variants {
		f.Variants = append(f.Variants, templates.VariantForm{Was: v.Name, Name: v.Name, Sender: v.Sender, At: v.At, Subject: v.Subject, Preheader: v.Preheader})
	}
	said := parts(&f)
	next := said[0].show(m.Content, mainPlace, 1)
	for i, v := range m.Variants {
		next = said[i+1].show(v.Content, variantPlace(i), next)
	}
	if t := m.Trial; t != nil {
		f.Trial, f.Share, f.Measure, f.WaitMinutes, f.Expect = true, strconv.Itoa(t.Share), string(t.Measure), strconv.Itoa(t.Wait), strconv.FormatFloat(t.Expect, 'g', -1, 64)
	}
	f.Trigger = triggerForm(m.Trigger)
	return f
}

func numeral(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// typedDraft reads what was typed, word for word.
func typedDraft(in url.Values) templates.MailingForm {
	line := func(name string) string { return strings.TrimSpace(in.Get(name)) }
	f := templates.MailingForm{
		Read: in.Get("read"), Translation: in.Get("translation"), Language: in.Get("language"), Sender: line("sender"), Subject: line("subject"), Preheader: line("preheader"), Kind: in.Get("kind"), Body: newlines(in.Get("body")), SendAt: line("send_at"), Zone: line("zone"), ZoneAttribute: in.Get("zone_attribute"),
		From: line("from"), Until: line("until"), PerHour: line("per_hour"), PerDay: line("per_day"), Missed: in.Get("missed"),
		Trial: in.Get("trial") != "", Share: cmp.Or(line("share"), "20"), Measure: cmp.Or(in.Get("measure"), "clicks"), WaitMinutes: cmp.Or(line("wait"), "240"), Expect: cmp.Or(line("expect"), "0.03"),
	}
	f.Trigger = typedTrigger(line, in.Get("past") != "")
	for _, day := range f.Weekdays() {
		if slices.Contains(in["days"], day) {
			f.Days = append(f.Days, day)
		}
	}
	if len(f.Days) == len(f.Weekdays()) {
		f.Days = nil
	}
	nth := func(name string, i int) string {
		if all := in[name]; i < len(all) {
			return strings.TrimSpace(newlines(all[i]))
		}
		return ""
	}
	for i := range min(len(in["variant_name"]), 10) {
		f.Variants = append(f.Variants, templates.VariantForm{
			Was: nth("variant_was", i), Name: nth("variant_name", i), Sender: nth("variant_sender", i), At: nth("variant_at", i), Subject: nth("variant_subject", i), Preheader: nth("variant_preheader", i), Body: nth("variant_body", i),
		})
	}
	list := typedBlocks(in)
	f.Blocks = list(mainPlace)
	for i := range f.Variants {
		f.Variants[i].Blocks = list(variantPlace(i))
	}
	return f
}

// newlines undoes the line breaks that browsers make of a text area's.
func newlines(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

// readAt gives when the state of a draft was written that a form was made from.
func readAt(s string) (time.Time, error) {
	read, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil:
		return time.Time{}, akkoord.Fieldf("read", "body_invalid", "The form did not arrive whole.")
	case read == 0:
		return time.Time{}, nil
	}
	return time.UnixMicro(read), nil
}

// readDraft gives a draft with what was typed, or the first thing wrong with it.
func readDraft(f *templates.MailingForm, m akkoord.Mailing) (akkoord.Mailing, error) {
	var err error
	if m.ChangedAt, err = readAt(f.Read); err != nil {
		return m, err
	}
	said, had := parts(f), m
	if m.Content, err = said[0].read(f.Kind, f.Subject, f.Preheader); err != nil {
		return m, err
	}
	if f.Language != "" && saysIn(had, f.Language) {
		return m, akkoord.Fieldf("language", "language_translated", "There is a translation into this language. Remove it first, or choose another language.")
	}
	m.Content.Language, m.Content.Languages = cmp.Or(f.Language, had.Content.Language), had.Content.Languages
	m.Trial = nil
	if m.Variants, err = readVariants(*f, said[1:], had); err != nil {
		return m, err
	}
	if m.Plan, err = readPlan(*f); err != nil {
		return m, err
	}
	if m.Trigger, err = readTrigger(f.Trigger, m.Trigger); err != nil {
		return m, err
	}
	m.SendAt = time.Time{}
	if f.SendAt != "" {
		if m.SendAt, err = time.ParseInLocation(gateTime, f.SendAt, m.Plan.Location()); err != nil {
			return m, akkoord.Fieldf("send_at", "time_invalid", "The time is a date and a time of day, like 2026-12-24 09:00.")
		}
	}
	if f.Trial && len(f.Variants) > 0 {
		t := &akkoord.Trial{Measure: akkoord.TrialMeasure(f.Measure)}
		if t.Share, err = whole("ab", f.Share); err != nil {
			return m, err
		}
		if t.Wait, err = whole("ab", f.WaitMinutes); err != nil {
			return m, err
		}
		if t.Expect, err = strconv.ParseFloat(strings.Replace(f.Expect, ",", ".", 1), 64); err != nil {
			return m, akkoord.Fieldf("ab", "trial_expect", "The expected share of readers who act is between 0 and 1.")
		}
		m.Trial = t
	}
	return m, m.Check()
}

// readVariants gives the variants that a form says, each with the translations that it had.
func readVariants(f templates.MailingForm, said []part, had akkoord.Mailing) ([]akkoord.Variant, error) {
	var out []akkoord.Variant
	for i, v := range f.Variants {
		c, err := said[i].read(f.Kind, v.Subject, v.Preheader)
		if err != nil {
			return nil, err
		}
		c.Languages = translationsOf(had, v.Was)
		out = append(out, akkoord.Variant{Name: v.Name, Sender: v.Sender, At: v.At, Content: c})
	}
	return out, nil
}

// translationsOf gives those of the variant with a name.
func translationsOf(m akkoord.Mailing, name string) map[string]akkoord.Translation {
	for _, v := range m.Variants {
		if v.Name == name {
			return v.Languages
		}
	}
	return nil
}

func readPlan(f templates.MailingForm) (akkoord.Plan, error) {
	p := akkoord.Plan{Zone: f.Zone, ZoneAttribute: f.ZoneAttribute, Hours: akkoord.SendHours{From: f.From, Until: f.Until, Days: f.Days}, Missed: akkoord.Missed(f.Missed)}
	if p.Zone == akkoord.HomeZone {
		p.Zone = ""
	}
	if p.Missed == akkoord.MissedAsk {
		p.Missed = ""
	}
	var err error
	if p.Cap.Hour, err = whole("cap", f.PerHour); err != nil {
		return p, err
	}
	if p.Cap.Day, err = whole("cap", f.PerDay); err != nil {
		return p, err
	}
	return p, p.Check()
}

// whole reads a whole number that may be left out.
func whole(field, s string) (int, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, akkoord.Fieldf(field, "number_range", "This is a whole number.")
	}
	return n, nil
}
