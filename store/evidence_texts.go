package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"akkoord"
)

// signUps shows what was on the form of each sign-up, and what was ticked.
func (e *evidence) signUps(q querier) error {
	forms := map[int64]*akkoord.BundleForm{}
	for i := range e.bundle.Texts.Forms {
		forms[e.bundle.Texts.Forms[i].ID] = &e.bundle.Texts.Forms[i]
	}
	e.bundle.Texts.SignUps = []akkoord.BundleSignUp{}
	places := map[akkoord.ID]int{}
	for _, l := range e.bundle.Lines {
		if l.Kind != akkoord.Requested || l.FormVersionID == 0 {
			continue
		}
		place, known := places[l.Request]
		if !known {
			place = len(e.bundle.Texts.SignUps)
			places[l.Request] = place
			up := akkoord.BundleSignUp{Seq: l.Seq, At: l.At, Request: l.Request, FormVersionID: l.FormVersionID, Locale: l.Locale, Boxes: []akkoord.BundleBox{}}
			if f := forms[l.FormVersionID]; f != nil {
				var err error
				if up.Boxes, err = e.boxes(q, f, l.At); err != nil {
					return err
				}
			}
			e.bundle.Texts.SignUps = append(e.bundle.Texts.SignUps, up)
		}
		boxes := e.bundle.Texts.SignUps[place].Boxes
		for i := range boxes {
			if boxes[i].Purpose == l.Names.Purpose {
				boxes[i].Ticked, boxes[i].Version = true, l.WordingVersion
			}
		}
	}
	return nil
}

// boxes gives the boxes of a form at a time, none ticked.
func (e *evidence) boxes(q querier, f *akkoord.BundleForm, at akkoord.Moment) ([]akkoord.BundleBox, error) {
	out := []akkoord.BundleBox{}
	for _, slug := range f.Purposes {
		place, known := e.c.slugs[slug]
		if !known {
			continue
		}
		box := akkoord.BundleBox{Purpose: slug}
		err := q.queryRow(`SELECT coalesce(max(version), 0) FROM purpose_text WHERE purpose_id = $1 AND created_at <= $2`,
			e.c.purposes[place].ID, micros(at.Time)).Scan(&box.Version)
		if err != nil {
			return nil, err
		}
		out = append(out, box)
	}
	return out, nil
}

// textVersion is a version of a purpose's texts.
type textVersion struct {
	purpose int64
	version int
}

// texts shows each version of the texts that a line or a box names, in all
// languages, with the line by which the ledger holds it.
func (e *evidence) texts(q querier) error {
	var named []textVersion
	for _, l := range e.bundle.Lines {
		named = append(named, textVersion{l.PurposeID, l.WordingVersion})
	}
	for _, up := range e.bundle.Texts.SignUps {
		for _, box := range up.Boxes {
			named = append(named, textVersion{e.c.purposes[e.c.slugs[box.Purpose]].ID, box.Version})
		}
	}
	seen := map[textVersion]bool{}
	for _, v := range named {
		if v.purpose == 0 || v.version == 0 || seen[v] {
			continue
		}
		seen[v] = true
		rows, err := q.query(eventQuery+` WHERE e.kind = 'worded' AND e.purpose_id = $1 AND e.wording_version = $2 ORDER BY e.seq`, v.purpose, v.version)
		if err := each(rows, err, func(r row) error { return e.text(r) }); err != nil {
			return err
		}
	}
	for i := range e.bundle.Texts.Purposes {
		l := &e.bundle.Texts.Purposes[i].Line
		e.lines[l.Seq] = l
	}
	return nil
}

func (e *evidence) text(r row) error {
	event, _, err := scanEvent(r)
	if err != nil {
		return err
	}
	text, known := e.c.wordings[wordingKey{event.PurposeID, event.WordingVersion, event.Locale}]
	if !known {
		return fmt.Errorf("%w: version %d (%s) of the texts of purpose %d is gone", akkoord.ErrBundle, event.WordingVersion, event.Locale, event.PurposeID)
	}
	covered, err := toJSON(text)
	e.bundle.Texts.Purposes = append(e.bundle.Texts.Purposes, akkoord.BundleText{
		PurposeID: event.PurposeID, Slug: e.c.purpose(event.PurposeID).Slug, Version: event.WordingVersion, Locale: event.Locale,
		Text: text, Covered: covered, Line: akkoord.NewBundleLine(event),
	})
	return err
}

// forms shows the form versions that lines name.
func (e *evidence) forms(q querier) error {
	e.bundle.Texts.Forms = []akkoord.BundleForm{}
	seen := map[int64]bool{0: true}
	for _, l := range e.bundle.Lines {
		if seen[l.FormVersionID] {
			continue
		}
		seen[l.FormVersionID] = true
		f, err := scanForm(q.queryRow(`SELECT f.id, f.public_id, f.slug, f.created_at, v.id, v.number, v.spec, v.created_at
			FROM form_version v JOIN form f ON f.id = v.form_id WHERE v.id = $1`, l.FormVersionID))
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return err
		}
		v := f.Version
		e.bundle.Texts.Forms = append(e.bundle.Texts.Forms, akkoord.BundleForm{
			ID: v.ID, Slug: f.Slug, Number: v.Number, CreatedAt: akkoord.Moment{Time: v.CreatedAt}, Purposes: v.Purposes, Interests: v.Interests, Asks: v.Asks, Tracking: v.Tracking, Texts: v.Texts,
		})
	}
	return nil
}

// privacy shows the versions of the privacy statement that lines name.
func (e *evidence) privacy(q querier) error {
	e.bundle.Texts.Privacy = []akkoord.BundlePrivacy{}
	seen := map[int]bool{0: true}
	for _, l := range e.bundle.Lines {
		if seen[l.PrivacyVersion] {
			continue
		}
		seen[l.PrivacyVersion] = true
		var at int64
		var facts string
		err := q.queryRow(`SELECT created_at, facts FROM privacy_statement WHERE version = $1`, l.PrivacyVersion).Scan(&at, &facts)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return err
		}
		e.bundle.Texts.Privacy = append(e.bundle.Texts.Privacy, akkoord.BundlePrivacy{Version: l.PrivacyVersion, Since: moment(at), Facts: json.RawMessage(facts)})
	}
	return nil
}
