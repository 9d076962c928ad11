package store

import (
	"context"
	"database/sql"
	"errors"

	"akkoord"
)

// MailLinks gives the numbers of links of a mailing, in order. Those that are
// new are stored.
func (s *Store) MailLinks(ctx context.Context, mailingID int64, links []akkoord.MailLink) ([]int64, error) {
	var out []int64
	err := s.record(ctx, "mail links", func(t *tx) error {
		out = make([]int64, len(links))
		for i, l := range links {
			if err := t.exec(`INSERT INTO link (mailing_id, campaign_id, purpose_id, url, topic)
				SELECT m.id, c.id, c.purpose_id, CAST($2 AS TEXT), CAST($3 AS TEXT) FROM mailing m JOIN campaign c ON c.id = m.campaign_id WHERE m.id = $1
				ON CONFLICT (mailing_id, url, topic) DO NOTHING`, mailingID, l.URL, l.Topic); err != nil {
				return err
			}
			if err := t.queryRow(`SELECT id FROM link WHERE mailing_id = $1 AND url = $2 AND topic = $3`, mailingID, l.URL, l.Topic).Scan(&out[i]); err != nil {
				return missing(err, "mailing")
			}
		}
		return nil
	})
	return out, err
}

// clickedLink is a link that somebody follows.
type clickedLink struct {
	id, mailing, purpose int64
	url                  string
}

// LinkTarget gives the URL of the link that a signed link is about; empty for
// the decoy. NotFound where there is none.
func (s *Store) LinkTarget(ctx context.Context, link akkoord.Link) (string, error) {
	l, err := linkOf(s.view(ctx), link)
	return l.url, err
}

func linkOf(q querier, link akkoord.Link) (clickedLink, error) {
	l := clickedLink{id: link.Target}
	err := q.queryRow(`SELECT mailing_id, purpose_id, url FROM link WHERE id = $1`, link.Target).Scan(&l.mailing, &l.purpose, &l.url)
	return l, missing(err, "link")
}

// NoteClick notes that a person followed a link, where they let their clicks be
// counted for its purpose at this moment: of anybody else nothing is stored,
// not even that somebody did (M22).
func (s *Store) NoteClick(ctx context.Context, link akkoord.Link, by akkoord.ClickBy) error {
	return s.record(ctx, "note click", func(t *tx) error {
		l, err := linkOf(t, link)
		if err != nil {
			return err
		}
		var person, handed int64
		var state int
		err = t.queryRow(`SELECT x.subscriber_id, coalesce(d.state, 0), coalesce(d.updated_at, 0)
			FROM subscriber s JOIN subscription x ON x.subscriber_id = s.id AND x.purpose_id = $2
			LEFT JOIN delivery d ON d.mailing_id = $3 AND d.subscriber_id = s.id
			WHERE s.public_id = $1 AND x.state = 'active' AND x.tracking > 0
				AND NOT EXISTS (SELECT 1 FROM suppression k WHERE k.hash = s.email_hash AND k.kind = 'restricted')`,
			link.Subscriber[:], l.purpose, l.mailing).Scan(&person, &state, &handed)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		f := akkoord.ClickFacts{ClickBy: by, Decoy: l.url == ""}
		if akkoord.DeliveryState(state) == akkoord.Sent {
			f.After = t.now.Sub(fromMicros(handed))
		}
		return t.noteClick(l, person, f)
	})
}

// seenClick is a row of click.
type seenClick struct {
	link, first, last int64
	machine           int64
}

func (t *tx) noteClick(l clickedLink, person int64, f akkoord.ClickFacts) error {
	var own *seenClick
	var just []seenClick // by a person, as it seemed, and new
	rows, err := t.query(`SELECT k.link_id, k.first_at, k.last_at, k.machine FROM click k JOIN link l ON l.id = k.link_id
		WHERE k.subscriber_id = $1 AND l.mailing_id = $2`, person, l.mailing)
	err = each(rows, err, func(r row) error {
		var c seenClick
		if err := r.Scan(&c.link, &c.first, &c.last, &c.machine); err != nil {
			return err
		}
		if c.link == l.id {
			own = &c
		} else if !t.now.After(fromMicros(c.last).Add(akkoord.ClickBurst)) {
			f.Others++
		}
		if !t.now.After(fromMicros(c.first).Add(akkoord.ClickBurst)) && c.machine == 0 && c.link != l.id {
			just = append(just, c)
		}
		f.Marked = f.Marked || c.machine == 1 && !t.now.After(fromMicros(c.last).Add(akkoord.ClickMark))
		return nil
	})
	if err != nil {
		return err
	}
	if f.Burst() {
		for _, c := range just {
			if err := errors.Join(t.exec(`UPDATE click SET machine = 1 WHERE subscriber_id = $1 AND link_id = $2`, person, c.link), t.tally(c.link, -1, 1)); err != nil {
				return err
			}
		}
	}
	return t.putClick(l, person, own, f.Machine())
}

// putClick stores a click over the one that is there, or as the first. A person
// takes the place of a program, and never the other way round.
func (t *tx) putClick(l clickedLink, person int64, own *seenClick, machine bool) error {
	var series, clicks, machines int64 = 0, 1, 0
	if machine {
		series, clicks, machines = 1, 0, 1
	}
	switch {
	case own == nil || own.machine == 1 && !machine:
		if err := t.exec(`INSERT INTO click (subscriber_id, link_id, purpose_id, first_at, last_at, times, machine) VALUES ($1, $2, $3, $4, $4, 1, $5)
			ON CONFLICT (subscriber_id, link_id) DO UPDATE SET first_at = excluded.first_at, last_at = excluded.last_at, times = 1, machine = excluded.machine`,
			person, l.id, l.purpose, micros(t.now), series); err != nil {
			return err
		}
		if err := t.tally(l.id, clicks, machines); err != nil {
			return err
		}
	case own.machine == series:
		if err := t.exec(`UPDATE click SET last_at = $3, times = times + 1 WHERE subscriber_id = $1 AND link_id = $2`, person, l.id, micros(t.now)); err != nil {
			return err
		}
	}
	if machine {
		return nil
	}
	return t.exec(`INSERT INTO activity (subscriber_id, purpose_id, signal, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (subscriber_id, purpose_id, signal) DO UPDATE SET at = excluded.at WHERE activity.at < excluded.at`,
		person, l.purpose, string(akkoord.SignalClick), micros(t.now))
}

func (t *tx) tally(link, clicks, machine int64) error {
	return t.exec(`INSERT INTO link_tally (link_id, clicks, machine) VALUES ($1, $2, $3)
		ON CONFLICT (link_id) DO UPDATE SET clicks = link_tally.clicks + excluded.clicks, machine = link_tally.machine + excluded.machine`, link, clicks, machine)
}

// LinkCounts gives the links of a mailing with how often each was followed,
// the decoy too.
func (s *Store) LinkCounts(ctx context.Context, mailingID int64) ([]akkoord.LinkCount, error) {
	var out []akkoord.LinkCount
	rows, err := s.view(ctx).query(`SELECT l.url, l.topic, coalesce(t.clicks, 0), coalesce(t.machine, 0) FROM link l
		LEFT JOIN link_tally t ON t.link_id = l.id WHERE l.mailing_id = $1 ORDER BY l.id`, mailingID)
	return out, each(rows, err, func(r row) error {
		var c akkoord.LinkCount
		err := r.Scan(&c.URL, &c.Topic, &c.Clicks, &c.Machine)
		out = append(out, c)
		return err
	})
}

// clicksOf gives what a person clicked, for their record (M20).
func clicksOf(q querier, c *catalogue, subscriberID int64) ([]akkoord.ClickRecord, error) {
	var out []akkoord.ClickRecord
	rows, err := q.query(`SELECT k.purpose_id, n.slug, l.url, l.topic, k.first_at, k.last_at, k.times, k.machine FROM click k JOIN link l ON l.id = k.link_id
		JOIN campaign n ON n.id = l.campaign_id WHERE k.subscriber_id = $1 ORDER BY k.first_at, k.link_id`, subscriberID)
	return out, each(rows, err, func(r row) error {
		var k akkoord.ClickRecord
		var purpose, first, last, machine int64
		err := r.Scan(&purpose, &k.Campaign, &k.Link, &k.Topic, &first, &last, &k.Times, &machine)
		k.Purpose, k.FirstAt, k.LastAt, k.Machine = c.purpose(purpose).Slug, moment(first), moment(last), machine == 1
		out = append(out, k)
		return err
	})
}
