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

// BackIssues gives mailings in the public archive of a purpose, those that began to go
// out last first: the latest, or those before another one. older says whether there
// are more. Errors: NotFound where there is no such archive, or no such other one.
func (s *Store) BackIssues(ctx context.Context, purposeID int64, before akkoord.ID, limit int) (issues []akkoord.BackIssue, older bool, err error) {
	p, err := s.PurposeByID(ctx, purposeID)
	if err != nil {
		return nil, false, err
	}
	if !p.HasPublicArchive() {
		return nil, false, errNoPurpose
	}
	where, args := ` WHERE c.purpose_id = $1 AND `+inPublicArchive, []any{purposeID, limit + 1}
	if !before.IsZero() {
		last, err := s.Mailing(ctx, before)
		if err != nil {
			return nil, false, err
		}
		where += ` AND (m.started_at < $3 OR m.started_at = $3 AND m.id < $4)`
		args = append(args, micros(last.StartedAt), last.ID)
	}
	v := s.view(ctx)
	rows, err := v.query(mailingQuery+` JOIN campaign c ON c.id = m.campaign_id`+where+` ORDER BY m.started_at DESC, m.id DESC LIMIT $2`, args...)
	mailings, err := list(rows, err, scanMailing)
	if err != nil {
		return nil, false, err
	}
	if older = len(mailings) > limit; older {
		mailings = mailings[:limit]
	}
	issues, err = s.backIssues(ctx, mailings)
	return issues, older, err
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

// backIssues names the campaigns of mailings.
func (s *Store) backIssues(ctx context.Context, mailings []akkoord.Mailing) ([]akkoord.BackIssue, error) {
	ids := make([]int64, len(mailings))
	for i, m := range mailings {
		ids[i] = m.CampaignID
	}
	names, err := s.CampaignNames(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]akkoord.BackIssue, len(mailings))
	for i, m := range mailings {
		out[i] = akkoord.BackIssue{Mailing: m, Campaign: names[m.CampaignID]}
	}
	return out, nil
}
