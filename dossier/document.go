package dossier

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"akkoord"
	"akkoord/pdf"
)

// document writes dossier.pdf.
func (r *reader) document() ([]byte, error) {
	d := pdf.New(pdf.About{
		Title: r.t("title"), Author: r.facts.Controller, Language: r.locale, MadeAt: r.MadeAt,
		Footer: r.t("footer", "Email", r.Person.Person.Email), Page: r.t("page"),
	})
	d.Title(r.t("title"))
	d.Paragraph(r.t("lede", "Controller", cmp.Or(r.facts.Controller, r.t("nobody"))))
	r.who(d)
	r.standing(d)
	r.acts(d)
	r.signUpMails(d)
	r.campaignMails(d)
	r.checking(d)
	return d.Bytes()
}

func (r *reader) who(d *pdf.Document) {
	p := r.Person.Person
	d.Heading(r.t("who"))
	d.Facts(
		pdf.Fact{Label: r.t("email"), Value: p.Email},
		pdf.Fact{Label: r.t("name"), Value: p.Name},
		pdf.Fact{Label: r.t("language"), Value: r.Set.T(p.Locale, "language.name")},
		pdf.Fact{Label: r.t("known_since"), Value: r.when(p.CreatedAt.Time)},
		pdf.Fact{Label: r.t("number"), Value: strconv.FormatInt(r.Person.Number, 10)},
		pdf.Fact{Label: r.t("controller"), Value: strings.Join(filled(r.facts.Controller, r.facts.PostalAddress, r.facts.Contact), "\n")},
		pdf.Fact{Label: r.t("made_at"), Value: r.when(r.MadeAt)},
	)
}

func filled(all ...string) []string {
	var out []string
	for _, s := range all {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// standing tells how things are now, in a sentence for each purpose.
func (r *reader) standing(d *pdf.Document) {
	d.Heading(r.t("now"))
	var rows [][]string
	for _, c := range r.Person.Consents {
		rows = append(rows, []string{r.purpose(c.Purpose), r.state(c.State), r.when(c.Since.Time), r.basis(c.Basis)})
	}
	if len(rows) == 0 {
		d.Paragraph(r.t("no_purposes"))
	} else {
		d.Table([]pdf.Column{{Name: r.t("purpose"), Width: 3}, {Name: r.t("state"), Width: 2.4}, {Name: r.t("since"), Width: 4}, {Name: r.t("basis"), Width: 2.4}}, rows)
	}
	for _, c := range r.Person.CampaignsLeft {
		d.Item("•", r.t("campaign_left", "Campaign", c.Campaign, "Moment", r.when(c.At.Time)))
	}
	for _, s := range r.Person.Suppressions {
		d.Item("•", r.t("suppressed", "Kind", r.t("stop_"+string(s.Kind)), "Moment", r.when(s.At.Time)))
	}
}

func (r *reader) state(s akkoord.State) string { return r.Set.T(r.locale, "admin.consent_"+string(s)) }

func (r *reader) basis(b akkoord.Basis) string { return r.Set.T(r.locale, "admin.basis_"+string(b)) }

// acts tells all that happened, oldest first.
func (r *reader) acts(d *pdf.Document) {
	d.Heading(r.t("acts"))
	d.Paragraph(r.t("acts_why"))
	quoted := map[textKey]int{} // in which act the words stand
	for i := range r.Lines {
		r.act(d, i+1, &r.Lines[i], quoted)
	}
}

func (r *reader) act(d *pdf.Document, n int, l *akkoord.BundleLine, quoted map[textKey]int) {
	what := r.Set.T(r.locale, "admin.event_"+string(l.Kind))
	if l.Names.Purpose != "" {
		what += r.Set.T(r.locale, "list.colon") + " " + r.purpose(l.Names.Purpose)
	}
	proof := r.proof[l.Seq]
	d.Subheading(fmt.Sprintf("%d. %s", n, what))
	form := ""
	if r.ups[l.Seq] {
		form = formName(l.Seq)
	}
	privacy := ""
	if l.PrivacyVersion > 0 {
		privacy = r.t("version", "Version", l.PrivacyVersion)
	}
	d.Facts(
		pdf.Fact{Label: r.t("when"), Value: r.when(l.At.Time)},
		pdf.Fact{Label: r.t("told_in"), Value: proof.ToldIn},
		pdf.Fact{Label: r.t("clock"), Value: proof.Zone},
		pdf.Fact{Label: r.t("how"), Value: r.source(l.Source)},
		pdf.Fact{Label: r.t("by"), Value: r.actor(l)},
		pdf.Fact{Label: r.t("campaign"), Value: l.Names.Campaign},
		pdf.Fact{Label: r.t("address"), Value: proof.Address},
		pdf.Fact{Label: r.t("ip"), Value: r.ip(l.At.Time, proof)},
		pdf.Fact{Label: r.t("program"), Value: proof.UserAgent},
		pdf.Fact{Label: r.t("until"), Value: proof.Until},
		pdf.Fact{Label: r.t("reason"), Value: strings.Join(filled(proof.Reason, proof.Note), r.Set.T(r.locale, "list.colon")+" ")},
		pdf.Fact{Label: r.t("shown_form"), Value: form},
		pdf.Fact{Label: r.t("filled"), Value: r.filled(proof)},
		pdf.Fact{Label: r.t("tracking"), Value: proof.Tracking},
		pdf.Fact{Label: r.t("learning"), Value: proof.Learning},
		pdf.Fact{Label: r.t("privacy"), Value: privacy},
		pdf.Fact{Label: r.t("line"), Value: strconv.FormatInt(l.Seq, 10)},
	)
	r.words(d, n, l, quoted)
}

// filled tells what the form was filled in with, for the purpose of the act.
func (r *reader) filled(proof akkoord.Evidence) string {
	values := proof.Filled.Values()
	var out []string
	for _, slug := range slices.Sorted(maps.Keys(values)) {
		out = append(out, slug+": "+values[slug])
	}
	return strings.Join(out, "; ")
}

// ip tells what was kept of an address, and how much of it that is.
func (r *reader) ip(at time.Time, proof akkoord.Evidence) string {
	switch {
	case proof.IPPolicy == akkoord.IPOff:
		return r.t("ip_off")
	case proof.Whole.Address != "":
		return r.t("ip_full", "IP", proof.Whole.Address, "Moment", r.when(at.Add(akkoord.Limits.WholeIP)))
	case !proof.Whole.Reduced.IsZero():
		return r.t("ip_reduced", "IP", proof.IP, "Moment", r.when(proof.Whole.Reduced.Time))
	case proof.IP == "" || proof.IPPolicy == "":
		return proof.IP
	}
	return r.t("ip_shortened", "IP", proof.IP)
}

// words quotes what the person agreed to, once for each version.
func (r *reader) words(d *pdf.Document, n int, l *akkoord.BundleLine, quoted map[textKey]int) {
	k := textKey{l.Names.Purpose, l.WordingVersion, l.Locale}
	t := r.texts[k]
	if t == nil {
		return
	}
	if quoted[k] != 0 {
		d.Note(r.t("words_again", "Number", quoted[k]))
		return
	}
	quoted[k] = n
	d.Note(r.t("words", "Version", l.WordingVersion, "Language", r.Set.T(l.Locale, "language.name")))
	d.Quote(t.Text.Wording)
	d.Note(r.t("explanation"))
	d.Quote(t.Text.Explanation)
}

// source says by which way an act came.
func (r *reader) source(source string) string {
	if form, ok := strings.CutPrefix(source, "form:"); ok {
		return r.t("source_form", "Form", form)
	}
	key := "source_" + strings.ReplaceAll(source, "-", "_")
	if text := r.t(key); text != "dossier."+key {
		return text
	}
	return source
}

func (r *reader) actor(l *akkoord.BundleLine) string {
	switch l.Actor {
	case akkoord.ActorPerson:
		return r.t("by_person")
	case akkoord.ActorSystem:
		return r.t("by_system")
	}
	return r.t("by_staff", "Actor", cmp.Or(l.Names.Actor, string(l.Actor)))
}

func (r *reader) signUpMails(d *pdf.Document) {
	d.Heading(r.t("sign_up_mails"))
	if len(r.Mails.SignUps) == 0 {
		d.Paragraph(r.t("no_sign_up_mails"))
	}
	for _, m := range r.Mails.SignUps {
		d.Subheading(r.t("mail_" + string(m.Mail)))
		d.Facts(
			pdf.Fact{Label: r.t("asked_at"), Value: r.when(m.AskedAt.Time)},
			pdf.Fact{Label: r.t("sent_at"), Value: r.when(m.DoneAt.Time)},
			pdf.Fact{Label: r.t("answer"), Value: m.Code},
			pdf.Fact{Label: "Message-ID", Value: m.MessageID + "@…"},
			pdf.Fact{Label: r.t("copy"), Value: m.Copy},
			pdf.Fact{Label: r.t("withheld"), Value: r.when(m.Withheld.Time)},
			pdf.Fact{Label: r.t("digest"), Value: digest(m.SHA256)},
		)
	}
}

func digest(sum *akkoord.Sum) string {
	if sum == nil {
		return ""
	}
	return fmt.Sprintf("%x", sum[:])
}

func (r *reader) campaignMails(d *pdf.Document) {
	d.Heading(r.t("campaign_mails"))
	if len(r.Mails.Campaigns) == 0 {
		d.Paragraph(r.t("no_campaign_mails"))
		return
	}
	var rows [][]string
	for _, m := range r.Mails.Campaigns {
		rows = append(rows, []string{r.when(m.UpdatedAt.Time), r.purpose(m.Purpose), m.Subject, r.Set.T(r.locale, "dossier.delivery_"+m.State)})
	}
	d.Table([]pdf.Column{{Name: r.t("when"), Width: 3.4}, {Name: r.t("purpose"), Width: 2.2}, {Name: r.t("subject"), Width: 3.4}, {Name: r.t("outcome"), Width: 2}}, rows)
}

// checking says how a reader can be sure.
func (r *reader) checking(d *pdf.Document) {
	d.Heading(r.t("checking"))
	d.Paragraph(r.t("checking_why"))
	for n := 1; n <= 4; n++ {
		d.Item(fmt.Sprintf("%d.", n), r.t("step_"+strconv.Itoa(n)))
	}
	d.Note(r.t("command"))
	d.Code("akkoord ledger verify --key-fingerprint " + r.Fingerprint + " FILE.zip")
	d.Note(r.t("fingerprint"))
	d.Code(r.Fingerprint)
	if len(r.Heads) > 0 {
		h := r.Heads[0]
		hash, _ := h.Hash.MarshalText()
		d.Note(r.t("head", "Line", int(h.Seq), "Moment", r.when(h.At.Time)))
		d.Code(string(hash))
	}
	d.Subheading(r.t("limits"))
	d.Paragraph(r.t("limits_text"))
}
