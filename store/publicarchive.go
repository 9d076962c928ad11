package store

import (
	"context"

	"akkoord"
)

// SetPublicArchive says whether everybody may read a purpose's mailings on the web.
// Errors: NotFound.
func (s *Store) SetPublicArchive(ctx context.Context, actor akkoord.Actor, slug string, on bool) (akkoord.Purpose, error) {
	var out akkoord.Purpose
	err := s.update(ctx, "set public archive", func(t *tx) error {
		var err error
		if out, err = t.purposeNamed(slug); err != nil || out.PublicArchive == on {
			return err
		}
		out.PublicArchive, out.PublicArchiveAt = on, t.now
		if err := t.exec(`UPDATE purpose SET public_archive = $2, public_archive_at = $3 WHERE id = $1`, out.ID, numberOf(on), micros(t.now)); err != nil {
			return err
		}
		note := "off"
		if on {
			note = "on"
		}
		t.catalogue = true
		return t.audit(actor, "purpose.public_archive", named("purpose", slug), note)
	})
	return out, err
}

// ChooseArchive says whether a mailing stands in the public archive of its purpose, at
// any time. Errors: NotFound, and Invalid for an unknown choice.
func (s *Store) ChooseArchive(ctx context.Context, actor akkoord.Actor, id akkoord.ID, choice akkoord.ArchiveChoice) (akkoord.Mailing, error) {
	if err := choice.Check(); err != nil {
		return akkoord.Mailing{}, err
	}
	var out akkoord.Mailing
	err := s.update(ctx, "choose archive", func(t *tx) error {
		var err error
		if out, err = loadMailing(t, mailingByPublicID, id[:]); err != nil || out.Archive == choice {
			return err
		}
		out.Archive = choice
		if err := t.exec(`UPDATE mailing SET public_archive = $2 WHERE id = $1`, out.ID, string(choice)); err != nil {
			return err
		}
		if err := t.exec(`UPDATE purpose SET public_archive_at = $2 WHERE id = (SELECT purpose_id FROM campaign WHERE id = $1)`, out.CampaignID, micros(t.now)); err != nil {
			return err
		}
		note := string(choice)
		if choice == akkoord.ArchiveByAudience {
			note = "by audience"
		}
		t.catalogue = true
		return t.audit(actor, "mailing.public_archive", named("mailing", out.PublicID.String()), note)
	})
	return out, err
}

// inPublicArchive is akkoord.Mailing.InPublicArchive, of a purpose that has one.
const inPublicArchive = `m.completed_at > 0 AND m.trigger_on = '' AND (m.public_archive = 'include' OR m.public_archive = '' AND m.segment_id = 0)`

// What stands in the public archive of a purpose is chosen from the indexes
// campaign_purpose and mailing_public_archive, without what the mailings say.
const (
	backIssueMarks = `SELECT m.id, c.name FROM mailing m JOIN campaign c ON c.id = m.campaign_id WHERE c.purpose_id = $1 AND ` + inPublicArchive
	newestFirst    = ` ORDER BY m.started_at DESC, m.id DESC LIMIT $2`
	latestIssues   = backIssueMarks + newestFirst
	issuesBefore   = backIssueMarks + ` AND (m.started_at < $3 OR m.started_at = $3 AND m.id < $4)` + newestFirst
	issuePlace     = `SELECT m.started_at, m.id FROM mailing m JOIN campaign c ON c.id = m.campaign_id WHERE c.purpose_id = $1 AND m.public_id = $2 AND ` + inPublicArchive
)

// IssueMarks gives marks of the latest mailings in the public archive of a purpose, those
// that began to go out last first. Errors: NotFound where there is no such archive.
func (s *Store) IssueMarks(ctx context.Context, purposeID int64, limit int) ([]akkoord.IssueMark, error) {
	return s.issueMarks(ctx, purposeID, akkoord.ID{}, limit)
}

func (s *Store) issueMarks(ctx context.Context, purposeID int64, before akkoord.ID, limit int) ([]akkoord.IssueMark, error) {
	p, err := s.PurposeByID(ctx, purposeID)
	if err != nil {
		return nil, err
	}
	if !p.HasPublicArchive() {
		return nil, errNoPurpose
	}
	v, query, args := s.view(ctx), latestIssues, []any{purposeID, limit}
	if !before.IsZero() {
		var at, id int64
		if err := v.queryRow(issuePlace, purposeID, before[:]).Scan(&at, &id); err != nil {
			return nil, missing(err, "mailing")
		}
		query, args = issuesBefore, append(args, at, id)
	}
	rows, err := v.query(query, args...)
	return list(rows, err, func(r row) (akkoord.IssueMark, error) {
		var m akkoord.IssueMark
		err := r.Scan(&m.Mailing, &m.Campaign)
		return m, err
	})
}

// BackIssues gives mailings in the public archive of a purpose, those that began to go
// out last first: the latest, or those before another one that stands there. older says
// whether there are more. Errors: NotFound where there is no such archive, or no such
// other one in it.
func (s *Store) BackIssues(ctx context.Context, purposeID int64, before akkoord.ID, limit int) (issues []akkoord.BackIssue, older bool, err error) {
	marks, err := s.issueMarks(ctx, purposeID, before, limit+1)
	if err != nil {
		return nil, false, err
	}
	if older = len(marks) > limit; older {
		marks = marks[:limit]
	}
	ids := make([]any, limit) // the same statement for any number
	for i := range ids {
		ids[i] = int64(0)
		if i < len(marks) {
			ids[i] = marks[i].Mailing
		}
	}
	rows, err := s.view(ctx).query(mailingQuery+` WHERE m.id IN (`+parameters(1, limit)+`)`, ids...)
	mailings := make(map[int64]akkoord.Mailing, len(marks))
	if err = each(rows, err, func(r row) error {
		m, err := scanMailing(r)
		mailings[m.ID] = m
		return err
	}); err != nil {
		return nil, false, err
	}
	for _, k := range marks {
		issues = append(issues, akkoord.BackIssue{Mailing: mailings[k.Mailing], Campaign: k.Campaign})
	}
	return issues, older, nil
}

// BackIssue gives a mailing in the public archive of a purpose, or NotFound.
func (s *Store) BackIssue(ctx context.Context, purposeID int64, id akkoord.ID) (akkoord.BackIssue, error) {
	p, err := s.PurposeByID(ctx, purposeID)
	if err != nil {
		return akkoord.BackIssue{}, err
	}
	m, err := s.Mailing(ctx, id)
	if err != nil {
		return akkoord.BackIssue{}, err
	}
	c, err := s.CampaignByID(ctx, m.CampaignID)
	if err != nil {
		return akkoord.BackIssue{}, err
	}
	if c.PurposeID != p.ID || !m.InPublicArchive(p) {
		return akkoord.BackIssue{}, akkoord.Errorf(akkoord.NotFound, "not_found", "There is no such mailing.")
	}
	return akkoord.BackIssue{Mailing: m, Campaign: c.Name}, nil
}
