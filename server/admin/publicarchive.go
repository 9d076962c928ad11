package admin

import (
	"context"
	"net/http"

	"akkoord"
	"akkoord/templates"
)

// PublicArchives says which mailings everybody may read.
type PublicArchives interface {
	SetPublicArchive(ctx context.Context, actor akkoord.Actor, slug string, on bool) (akkoord.Purpose, error)
	ChooseArchive(ctx context.Context, actor akkoord.Actor, id akkoord.ID, choice akkoord.ArchiveChoice) (akkoord.Mailing, error)
}

// switchPublicArchive opens the public archive of a purpose, or closes it.
func (s *Site) switchPublicArchive(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	act := r.PostForm.Get("act")
	if act != "on" && act != "off" {
		return errNoAct
	}
	p, err := s.cfg.Store.Purpose(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	_, err = s.cfg.Store.SetPublicArchive(r.Context(), v.user.Actor(), p.Slug, act == "on")
	return s.done(w, r, err, "saved", purposePath(p)+"#public-archive")
}

// archivePlace says whether a mailing stands in the public archive of its purpose; nil:
// there is none, or it is no mailing that could.
func (s *Site) archivePlace(m akkoord.Mailing, c akkoord.Campaign, p akkoord.Purpose, role akkoord.Role) *templates.ArchivePlace {
	over := m.State == akkoord.MailingCancelled || m.State == akkoord.MailingSent
	if !p.PublicArchive || m.Trigger != nil || over && m.CompletedAt.IsZero() {
		return nil
	}
	segment := segmented(m, c)
	place := &templates.ArchivePlace{Key: "out", In: m.Archive.Includes(segment), Can: role.May(akkoord.SendMailings)}
	switch {
	case m.InPublicArchive(p):
		place.Key, place.URL = "shown", s.cfg.BaseURL+akkoord.BackIssue{Mailing: m}.Path(p)
	case place.In && p.Archived():
		place.Key = "rests"
	case place.In:
		place.Key = "will"
	case m.Archive == akkoord.ArchiveByAudience:
		place.Key = "segment"
	}
	return place
}

// segmented reports whether a mailing went to a segment, or will.
func segmented(m akkoord.Mailing, c akkoord.Campaign) bool {
	return m.SegmentID != 0 || m.StartedAt.IsZero() && c.SegmentID != 0
}

// chooseArchive puts a mailing into the public archive, or leaves it out. Where nobody
// has to say so for it to stand there, its audience decides again: what becomes a
// mailing to a segment later is not shown by a choice of before.
func (s *Site) chooseArchive(ctx context.Context, actor akkoord.Actor, m akkoord.Mailing, in bool) error {
	c, err := s.cfg.Store.CampaignByID(ctx, m.CampaignID)
	if err != nil {
		return err
	}
	choice := akkoord.ArchiveExclude
	if in {
		choice = akkoord.ArchiveByAudience
		if segmented(m, c) {
			choice = akkoord.ArchiveInclude
		}
	}
	_, err = s.cfg.Store.ChooseArchive(ctx, actor, m.PublicID, choice)
	return err
}
