package store

import (
	"slices"

	"akkoord"
)

// contentVersion is a content of a mailing that is being sent, which doesn't change.
type contentVersion struct {
	mailing int64
	version int
}

// maxAsked bounds for how many contents it is remembered whom their blocks are for.
const maxAsked = 1000

// blockInterests gives the interests that the blocks of a mailing are for. They are
// read once for each version of its content.
func (t *tx) blockInterests(m liveCampaign) ([]string, error) {
	turn, key := &t.store.journal.turn, contentVersion{m.mailing, m.version}
	if asked, known := turn.asked[key]; known {
		return asked, nil
	}
	mailing, err := loadMailing(t, mailingByID, m.mailing)
	if err != nil {
		return nil, err
	}
	if turn.asked == nil || len(turn.asked) >= maxAsked {
		turn.asked = map[contentVersion][]string{}
	}
	turn.asked[key] = mailing.BlockInterests()
	return turn.asked[key], nil
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
// of those that the mailing's blocks are for.
func (t *tx) readInterests(m liveCampaign, people []akkoord.Recipient) error {
	if len(m.interests) == 0 {
		return nil
	}
	at := make(map[int64]int, len(people))
	for i := range people {
		at[people[i].SubscriberID] = i
	}
	for part := range slices.Chunk(people, manyPeople) {
		args := make([]any, manyPeople)
		for i := range args {
			args[i] = part[min(i, len(part)-1)].SubscriberID
		}
		rows, err := t.query(`SELECT si.subscriber_id, i.slug FROM subscriber_interest si JOIN interest i ON i.id = si.interest_id
			WHERE si.subscriber_id IN (`+parameters(1, manyPeople)+`) ORDER BY i.slug`, args...)
		if err := each(rows, err, func(r row) error {
			var id int64
			var slug string
			err := r.Scan(&id, &slug)
			if slices.Contains(m.interests, slug) {
				r := &people[at[id]]
				r.Interests = append(r.Interests, slug)
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
