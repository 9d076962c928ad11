package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"akkoord"
)

// file is what a browser takes away.
type file struct {
	name, contentType string
	data              []byte
}

// take hands out all that is stored of a person, or the proof of it, for a
// reason that stands in the audit trail (M20, M26, M27, M30). The store leaves
// the line.
func (s *Site) take(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	id, err := akkoord.ParseID(r.PathValue("id"))
	if err != nil {
		return err
	}
	reason := strings.TrimSpace(r.PostForm.Get("reason"))
	var out file
	switch what := r.PostForm.Get("what"); {
	case reason == "":
		err = akkoord.Fieldf("reason", "reason_missing", "Say why you take this away; it is kept on record.")
	case what == "evidence":
		out, err = s.evidence(r.Context(), v, id, reason)
	default:
		out, err = s.record(r.Context(), v, id, reason, what)
	}
	if kind := akkoord.KindOf(err); kind == akkoord.Invalid || kind == akkoord.Conflict {
		return s.done(w, r, err, "", Prefix+"/people/"+id.String())
	}
	if err != nil {
		return err
	}
	attach(w, out.contentType, out.name)
	_, _ = w.Write(out.data) // the reader may have gone
	return nil
}

func (s *Site) evidence(ctx context.Context, v visit, id akkoord.ID, reason string) (file, error) {
	var pages akkoord.BundlePages
	if s.cfg.Dossier != nil {
		pages = s.cfg.Dossier(v.locale)
	}
	data, err := s.cfg.Store.EvidenceBundle(ctx, v.user.Actor(), id, reason, pages)
	return file{"evidence-" + id.String() + ".zip", "application/zip", data}, akkoord.BundleFault(err)
}

func (s *Site) record(ctx context.Context, v visit, id akkoord.ID, reason, format string) (file, error) {
	if format != "json" && format != "csv" && format != "zip" {
		return file{}, akkoord.Fieldf("what", "value_invalid", "What is taken is evidence, zip, json or csv.")
	}
	record, err := s.cfg.Store.ExportPerson(ctx, v.user.Actor(), id, reason)
	if err != nil {
		return file{}, err
	}
	name := id.String() + "." + format
	var out bytes.Buffer
	switch format {
	case "csv":
		err = record.WriteCSV(&out)
		return file{name, "text/csv; charset=utf-8", out.Bytes()}, err
	case "zip":
		err = record.WriteZIP(&out)
		return file{name, "application/zip", out.Bytes()}, err
	}
	data, err := json.MarshalIndent(record, "", "  ")
	return file{name, "application/json", data}, err
}
