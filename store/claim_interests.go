package store

import (
	"slices"

	"akkoord"
)

// sentContent is a content of a mailing that is being sent, which doesn't change.
type sentContent struct {
	mailing int64
	version int
	variant int
	locale  string // of its reader
}

// maxAsked bounds for how many contents it is remembered whom their blocks are for.
const maxAsked = 1000

// blockInterests gives the interests that the blocks of a content are for. They are
// read once.
func (t *tx) blockInterests(c sentContent) ([]string, error) {
	turn := &t.store.journal.turn
	if asked, known := turn.asked[c]; known {
		return asked, nil
	}
	m, err := loadMailing(t, mailingByID, c.mailing)
	if err != nil {
		return nil, err
	}
	if turn.asked == nil || len(turn.asked) >= maxAsked {
		turn.asked = map[sentContent][]string{}
	}
	turn.asked[c] = m.Text(c.variant, c.locale).BlockInterests()
	return turn.asked[c], nil
}

// checkBlockInterests refuses blocks for an interest that there is not.
func (t *tx) checkBlockInterests(m akkoord.Mailing) error {
	asked := m.BlockInterests()
	var known []string
	if err := inList(t, asked, `SELECT slug, id FROM interest WHERE slug IN (`, func(slug string, _ int64) { known = append(known, slug) }); err != nil {
		return err
	}
	for _, slug := range asked {
		if !slices.Contains(known, slug) {
			return akkoord.Fieldf("blocks", "interest_unknown", "There is no interest %q; a form or an import makes one.", slug)
		}
	}
	return nil
}

// readInterests tells of people who are about to be mailed which interests they chose
// of those that the blocks of their text are for.
func (t *tx) readInterests(m liveCampaign, people []akkoord.Recipient) error {
	asked := map[int64][]string{}
	at := map[int64]*akkoord.Recipient{}
	var ids []int64
	for i := range people {
		r := &people[i]
		slugs, err := t.blockInterests(sentContent{m.mailing, m.version, r.Variant, akkoord.MailLanguage(r.Locale)})
		if err != nil {
			return err
		}
		if len(slugs) > 0 {
			asked[r.SubscriberID], at[r.SubscriberID] = slugs, r
			ids = append(ids, r.SubscriberID)
		}
	}
	for part := range slices.Chunk(ids, manyPeople) {
		args := filled(part, manyPeople, func(id int64) any { return id })
		rows, err := t.query(`SELECT si.subscriber_id, i.slug FROM subscriber_interest si JOIN interest i ON i.id = si.interest_id
			WHERE si.subscriber_id IN (`+parameters(1, manyPeople)+`) ORDER BY i.slug`, args...)
		if err := each(rows, err, func(r row) error {
			var id int64
			var slug string
			err := r.Scan(&id, &slug)
			if slices.Contains(asked[id], slug) {
				at[id].Interests = append(at[id].Interests, slug)
			}
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// manyPeople is for how many people one question is asked.
const manyPeople = 100
