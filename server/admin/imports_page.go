package admin

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"akkoord"
	"akkoord/server/intake"
	"akkoord/templates"
)

// importOf finds the import in the path.
func (s *Site) importOf(r *http.Request) (akkoord.Import, error) {
	id, err := akkoord.ParseID(r.PathValue("id"))
	if err != nil {
		return akkoord.Import{}, err
	}
	return s.cfg.Store.Import(r.Context(), id)
}

// importPage shows an import: how far it is, what it did or would do, and what can be done
// with it.
func (s *Site) importPage(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	i, err := s.importOf(r)
	if err != nil {
		return err
	}
	purposes, err := s.cfg.Store.Purposes(ctx)
	if err != nil {
		return err
	}
	page := templates.ImportPage{
		Admin: s.frame(r, v, "people"), ImportRow: importRow(i, purposeName(purposes, i.Spec.PurposeID, v.locale)), Evidence: i.Spec.Evidence, Locale: i.Spec.Locale, Why: i.Why, Ignored: i.Tally.Ignored,
		Version: i.Version(), Effects: int(i.Tally.Effects()), Held: int(i.Tally.Outcomes[akkoord.ImportHeldBack]), OptOuts: int(i.Tally.Outcomes[akkoord.ImportOptOut]), Last: i.KeptUntil(),
	}
	if took := i.UpdatedAt.Sub(i.StartedAt).Seconds(); page.Busy() && page.Left > 0 && took > 0 { // bytes are measured, and rows follow them
		page.Rate = int(float64(i.Tally.Rows) * float64(i.Tally.Position-i.Tally.RunFrom) / float64(max(1, i.Tally.Position)) / took)
	}
	if i.Spec.Processor != akkoord.OwnProcessor {
		page.Source = i.Spec.Processor
	}
	who, err := s.access(ctx, v)
	if err != nil {
		return err
	}
	page.By = who.name(i.Spec.Actor)
	if page.Busy() {
		page.Follow = follow(r, importRefresh)
	}
	all := s.sight.Everybody(ctx, akkoord.GrantFields...) == nil
	if i.Tally.Rows > 0 {
		importOutcomes(i, all, &page)
	}
	if all && r.URL.Query().Get("rows") != "" && i.Spec.DryRun && i.Ended() {
		if err := s.importExamples(r, v, i, &page); err != nil {
			return err
		}
	}
	if i.Kept() && v.user.Role.May(akkoord.ChangePeople) {
		if err := s.importChoices(ctx, i, &page); err != nil {
			return err
		}
	}
	return s.page(w, v, http.StatusOK, page)
}

// importOutcomes fills in what became of rows. Their examples are for those who may see
// all of everybody.
func importOutcomes(i akkoord.Import, all bool, page *templates.ImportPage) {
	examples := func(outcome akkoord.ImportOutcome, n int64) string {
		if !all || n == 0 || !i.Spec.Preview || !i.Ended() {
			return ""
		}
		return "?" + url.Values{"rows": {string(outcome)}}.Encode() + "#rows"
	}
	for _, o := range akkoord.ImportOutcomes {
		n := i.Tally.Outcomes[o]
		page.Outcomes = append(page.Outcomes, templates.ImportCount{Key: string(o), N: int(n), Foreseen: int(i.Tally.Foreseen[o]), URL: examples(o, n)})
		if o == akkoord.ImportUnchanged && i.Tally.Updated > 0 {
			page.Outcomes = append(page.Outcomes, templates.ImportCount{Key: "updated", N: int(i.Tally.Updated), Part: true, URL: examples(akkoord.ImportUpdated, i.Tally.Updated)})
		}
	}
	for _, field := range slices.Sorted(maps.Keys(i.Tally.Fields)) {
		kind, name, _ := strings.Cut(field, ":")
		page.Fields = append(page.Fields, templates.ImportCount{Kind: kind, Name: name, N: int(i.Tally.Fields[field])})
	}
	for _, code := range slices.Sorted(maps.Keys(i.Tally.Reasons)) {
		page.Reasons = append(page.Reasons, templates.ImportCount{Key: importWhy(code), Name: code, N: int(i.Tally.Reasons[code])})
	}
	if all && len(page.Reasons) > 0 && i.Ended() {
		page.Rejects = importPath(i) + "/rejects.csv"
	}
}

// importWhys are the codes of why a row is refused or held that have words of their own.
var importWhys = []string{
	"email_missing", "columns_mismatch", "row_malformed", "encoding_unknown", "basis_facts_missing", "time_unreadable", "time_future", "time_absurd", "status_unknown",
	"interest_invalid", "interests_many", "name_too_long", "text_invalid", "attribute_value", "attribute_unknown", "file_columns",
}

// importWhy gives the key of the words for a code.
func importWhy(code string) string {
	switch {
	case slices.Contains(importWhys, code):
		return code
	case strings.HasPrefix(code, "email_"):
		return "email"
	case strings.HasPrefix(code, "attribute_"):
		return "attribute_value"
	}
	return "other"
}

// importExamples shows rows of one outcome of a preview.
func (s *Site) importExamples(r *http.Request, v visit, i akkoord.Import, page *templates.ImportPage) error {
	outcome := akkoord.ImportOutcome(r.URL.Query().Get("rows"))
	if !slices.Contains(akkoord.ImportOutcomes, outcome) && outcome != akkoord.ImportUpdated {
		return nil
	}
	ctx, from := r.Context(), after(r)
	if err := s.cfg.Store.Audit(ctx, v.user.Actor(), "import.examples", "import:"+i.PublicID.String(), string(outcome)); err != nil {
		return err
	}
	page.Shown = string(outcome)
	rows, next, err := s.cfg.Store.ImportRowPage(ctx, i.ID, outcome, from)
	if next > 0 {
		page.More = "?" + url.Values{"rows": {page.Shown}, "after": {strconv.FormatInt(next, 10)}}.Encode() + "#rows"
	}
	for _, row := range rows {
		address, changes := row.Previewed()
		example := templates.ImportExample{Line: int(row.Line), Address: address, Code: row.Code, Why: importWhy(row.Code)}
		for _, c := range changes {
			_, name, _ := strings.Cut(c.Field, ":")
			example.Changes = append(example.Changes, templates.ImportChange{Kind: c.Kind(), Name: name, Old: c.Old, New: c.New})
		}
		page.Examples = append(page.Examples, example)
	}
	return err
}

// importChoices fills in what can be done with a file that is kept.
func (s *Site) importChoices(ctx context.Context, i akkoord.Import, page *templates.ImportPage) error {
	columns, err := s.cfg.Store.ImportHead(ctx, i)
	if akkoord.KindOf(err) == akkoord.NotFound || beyondGrant(err) {
		return nil
	}
	page.Action = importPath(i)
	if akkoord.KindOf(err) == akkoord.Invalid { // what is wrong with it the page says
		return nil
	}
	if err != nil {
		return err
	}
	for _, c := range columns {
		page.Columns = append(page.Columns, templates.ImportColumn{Name: c.Name, Use: i.Spec.Columns[c.Name], Read: c.Read, Values: c.Values})
	}
	attributes, err := s.cfg.Store.Attributes(ctx)
	for _, a := range attributes {
		page.Attributes = append(page.Attributes, a.Slug)
	}
	page.Uses = akkoord.ImportColumns
	return err
}

// importRejects hands out the rows that an import refused.
func (s *Site) importRejects(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	i, err := s.importOf(r)
	if err != nil {
		return err
	}
	if err := s.sight.Export(ctx, akkoord.GrantFields...); err != nil {
		return err
	}
	if err := s.cfg.Store.Audit(ctx, v.user.Actor(), "import.rejects", "import:"+i.PublicID.String(), ""); err != nil {
		return err
	}
	attach(w, "text/csv; charset=utf-8", i.PublicID.String()+".rejected.csv")
	return s.cutOff(r, intake.WriteRejects(w, i, func(outcome akkoord.ImportOutcome, f func(akkoord.ImportedRow) error) error {
		return s.cfg.Store.ImportRows(ctx, i.ID, outcome, f)
	}))
}
