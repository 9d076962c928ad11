package admin

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"akkoord"
	"akkoord/server/intake"
	"akkoord/templates"
)

// Imports takes files of people in, tells what importing them would do, and does it.
type Imports interface {
	// SpoolImport keeps an upload until DropSpool, or, when an import is begun with it, until
	// that is over.
	SpoolImport(body io.Reader) (akkoord.ImportFile, error)
	DropSpool(f akkoord.ImportFile) error
	BeginImport(ctx context.Context, spec akkoord.ImportSpec, file akkoord.ImportFile) (akkoord.Import, error)
	AgainImport(ctx context.Context, actor akkoord.Actor, id akkoord.ID, columns map[string]string) (akkoord.Import, error)
	ConfirmImport(ctx context.Context, actor akkoord.Actor, id akkoord.ID, version, effects int64) (akkoord.Import, error)
	DropPreview(ctx context.Context, actor akkoord.Actor, id akkoord.ID) error
	Import(ctx context.Context, id akkoord.ID) (akkoord.Import, error)
	LatestImports(ctx context.Context, p akkoord.Page) (imports []akkoord.Import, next int64, err error)
	ImportHead(ctx context.Context, i akkoord.Import) ([]akkoord.ImportColumn, error)
	ImportRows(ctx context.Context, importID int64, outcome akkoord.ImportOutcome, f func(akkoord.ImportedRow) error) error
	ImportRowPage(ctx context.Context, importID int64, outcome akkoord.ImportOutcome, p akkoord.Page) (rows []akkoord.ImportedRow, next int64, err error)
}

const (
	importsPath   = Prefix + "/imports"
	uploadPattern = "POST " + importsPath

	importRefresh = 3 // seconds between two looks at what is going on
)

func importPath(i akkoord.Import) string { return importsPath + "/" + i.PublicID.String() }

// imports lists what was imported and looked at, newest first, and takes a file.
func (s *Site) imports(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx, from := r.Context(), after(r)
	page := templates.ImportsPage{
		Admin: s.frame(r, v, "people"), Bases: []string{"consent", "existing_customer", "contract", "other"}, Locales: akkoord.Locales,
		KeptHours: int(akkoord.PreviewKept / time.Hour), MegaBytes: int(akkoord.Limits.ImportUpload >> 20),
	}
	purposes, err := s.cfg.Store.Purposes(ctx)
	if err != nil {
		return err
	}
	list, next, err := s.cfg.Store.LatestImports(ctx, from)
	if err != nil {
		return err
	}
	for _, i := range list {
		row := importRow(i, purposeName(purposes, i.Spec.PurposeID, v.locale))
		if row.Busy() {
			page.Follow = follow(r, importRefresh)
		}
		page.Rows = append(page.Rows, row)
	}
	if page.First = len(list) == 0 && from.After == 0; next != 0 {
		page.Next = "?after=" + strconv.FormatInt(next, 10)
	}
	if v.user.Role.May(akkoord.ChangePeople) {
		page.Add, page.Purposes = importsPath, options(akkoord.InUse(purposes), v.locale)
		parties, err := akkoord.AllPages(ctx, s.cfg.Store.Processors)
		if err != nil {
			return err
		}
		for _, p := range parties {
			page.Processors = append(page.Processors, templates.Option{Value: p.Slug, Name: p.Name})
		}
	}
	return s.page(w, v, http.StatusOK, page)
}

// importRow gives an import as a line.
func importRow(i akkoord.Import, purpose string) templates.ImportRow {
	row := templates.ImportRow{
		URL: importPath(i), Purpose: purpose, Basis: string(i.Spec.Basis), Phase: importPhase(i), At: i.CreatedAt,
		Rows: int(i.Tally.Rows), Total: int(i.Tally.Total), Percent: int(100 * i.Progress()),
	}
	if left, known := i.Remaining(); known && i.UpdatedAt.After(i.StartedAt) {
		row.Left = left
	}
	return row
}

// importPhase names how far an import is, for people.
func importPhase(i akkoord.Import) string {
	switch {
	case !i.Ended() && i.Spec.DryRun:
		return "looking"
	case !i.Ended():
		return "importing"
	case i.State == akkoord.ImportFailed && i.Kept():
		return "unread"
	case i.State == akkoord.ImportFailed:
		return "failed"
	case i.Kept():
		return "ready"
	case i.Spec.DryRun:
		return "looked"
	}
	return "done"
}

// takeImport keeps a file while it arrives, and has it looked at. What is wrong with it is
// told once all of it was read: a browser reads no answer before.
func (s *Site) takeImport(w http.ResponseWriter, r *http.Request, v visit) error {
	pacer := intake.Pace(w, r)
	file, fields, err := intake.File(r)
	r.PostForm = fields
	var kept akkoord.ImportFile
	if err == nil {
		kept, err = s.keepImport(file)
	}
	if err != nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
	pacer.Extend() // for the answer
	if _, tooLarge := errors.AsType[*http.MaxBytesError](pacer.Err()); tooLarge {
		err = akkoord.Errorf(akkoord.TooLarge, "import_large", "A file has at most %d MB here; import larger ones by the API or the command.", akkoord.Limits.ImportUpload>>20)
	} else if pacer.Err() != nil || errors.Is(err, intake.ErrBroken) {
		err = akkoord.Errorf(akkoord.Invalid, "body_invalid", "The form did not arrive whole.")
	}
	if akkoord.CodeOf(err) == "file_missing" {
		err = akkoord.Fieldf("file", "file_empty", "Choose a file with rows in it.")
	}
	var i akkoord.Import
	if err == nil {
		i, err = s.cfg.Store.BeginImport(r.Context(), akkoord.ImportSpec{
			Actor: v.user.Actor(), Purpose: fields.Get("purpose"), Basis: akkoord.Basis(fields.Get("basis")), Evidence: fields.Get("evidence"), Processor: fields.Get("source_processor"),
			Locale: fields.Get("locale"), Preview: true,
		}, kept)
	}
	if err != nil {
		if kept.Spool != "" {
			err = errors.Join(err, s.cfg.Store.DropSpool(kept))
		}
		return s.done(w, r, err, "", importsPath)
	}
	http.Redirect(w, r, importPath(i), http.StatusSeeOther)
	return nil
}

func (s *Site) keepImport(file io.Reader) (akkoord.ImportFile, error) {
	in, err := intake.Readable(file, true)
	if err != nil {
		return akkoord.ImportFile{}, err
	}
	return s.cfg.Store.SpoolImport(in)
}

// importExample hands out a file as it can be imported.
func (s *Site) importExample(w http.ResponseWriter, _ *http.Request, _ visit) error {
	attach(w, "text/csv; charset=utf-8", "example.csv")
	_, err := io.WriteString(w, akkoord.ImportExample)
	return err
}

// actOnImport imports what was looked at, reads its columns as something else, or drops
// its file.
func (s *Site) actOnImport(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	id, err := akkoord.ParseID(r.PathValue("id"))
	if err != nil {
		return err
	}
	ctx, in, actor, notice, next := r.Context(), r.PostForm, v.user.Actor(), "", r.URL.Path
	switch in.Get("act") {
	case "import":
		version, noVersion := strconv.ParseInt(in.Get("version"), 10, 64)
		effects, noEffects := strconv.ParseInt(in.Get("effects"), 10, 64)
		if noVersion != nil || noEffects != nil {
			return errNoAct
		}
		_, err = s.cfg.Store.ConfirmImport(ctx, actor, id, version, effects)
		notice = "import_begun"
	case "columns":
		_, err = s.cfg.Store.AgainImport(ctx, actor, id, chosenColumns(in))
	case "drop":
		err = s.cfg.Store.DropPreview(ctx, actor, id)
		notice, next = "import_dropped", importsPath
	default:
		err = errNoAct
	}
	return s.done(w, r, err, notice, next)
}

// chosenColumns gives what columns are to be read as, of a form with a field for the name
// of each and one for its choice.
func chosenColumns(in url.Values) map[string]string {
	out := map[string]string{}
	uses := in["use"]
	for n, name := range in["column"] {
		if n < len(uses) && uses[n] != "" {
			out[name] = uses[n]
		}
	}
	return out
}
