package store

import (
	"time"

	"akkoord"
)

// knownWebhooks are the endpoints as the writer remembers them, so that a
// change asks nothing to find out whom to tell: where there is no endpoint,
// telling costs a comparison.
type knownWebhooks struct {
	loaded  bool
	at      int64 // revision that they were loaded at; see tail.webhooks
	changed bool  // since the transaction began
	all     []akkoord.Webhook
}

// webhooks gives the endpoints in force.
func (t *tx) webhooks() ([]akkoord.Webhook, error) {
	k := &t.known
	if k.loaded && k.at == t.tail.webhooks {
		return k.all, nil
	}
	all, err := loadWebhooks(t)
	if err != nil {
		return nil, err
	}
	k.loaded, k.at, k.all = true, t.tail.webhooks, all
	return all, nil
}

// changedWebhooks has all nodes read the endpoints again.
func (t *tx) changedWebhooks() {
	t.tail.webhooks++
	t.known.loaded, t.known.changed = false, true
}

// forgetChanged has the endpoints read again where a transaction changed them
// that may have been undone since.
func (k *knownWebhooks) forgetChanged() {
	if k.changed {
		*k = knownWebhooks{}
	}
}

// announce puts messages down for the endpoints that are told of a change
// about a person.
func (t *tx) announce(st akkoord.Standing, c akkoord.Change) error {
	all, err := t.webhooks()
	if err != nil || len(all) == 0 {
		return err
	}
	var people []int64
	for _, sub := range st.Subscriptions {
		people = append(people, sub.PurposeID)
	}
	about := subject{number: st.Subscriber.ID}
	if c.Forget { // nothing will lead to them any more
		about = subject{id: st.Subscriber.PublicID}
	}
	for _, a := range akkoord.Announcements(st, c) {
		if err := t.tell(all, a, about, people); err != nil {
			return err
		}
	}
	return nil
}

// announceMove is announce for an act on a mailing.
func (t *tx) announceMove(m *akkoord.Mailing, from akkoord.MailingState, act string, by akkoord.Actor) error {
	all, err := t.webhooks()
	if err != nil || len(all) == 0 {
		return err
	}
	a, told := akkoord.AnnounceMove(from, act, by)
	if !told {
		return nil
	}
	a.MailingID, a.CampaignID = m.ID, m.CampaignID
	if err := t.queryRow(`SELECT purpose_id FROM campaign WHERE id = $1`, m.CampaignID).Scan(&a.PurposeID); err != nil {
		return err
	}
	return t.tell(all, a, subject{}, nil)
}

// announceReport is announce for a bounce or a complaint. Of a mail that a
// sign-up caused it is about the purposes that were asked for.
func (t *tx) announceReport(r akkoord.Report, asked []int64) error {
	all, err := t.webhooks()
	if err != nil || len(all) == 0 {
		return err
	}
	a, about := akkoord.AnnounceReport(r), subject{number: r.Subscriber}
	if r.Mailing != 0 {
		if err := t.queryRow(`SELECT c.purpose_id, c.id FROM mailing m JOIN campaign c ON c.id = m.campaign_id WHERE m.id = $1`, r.Mailing).Scan(&a.PurposeID, &a.CampaignID); err != nil {
			return err
		}
		return t.tell(all, a, about, nil)
	}
	for _, a.PurposeID = range asked {
		if err := t.tell(all, a, about, nil); err != nil {
			return err
		}
	}
	return nil
}

// subject is whom a message is about: nobody, somebody by number, or somebody
// who is gone by their id.
type subject struct {
	number int64
	id     akkoord.ID
}

// tell puts a message down for each endpoint that is to be told of an event.
func (t *tx) tell(all []akkoord.Webhook, a akkoord.Announcement, about subject, people []int64) error {
	told := false
	for i, w := range all {
		if !w.Wants(a, people) {
			continue
		}
		told = true
		if err := t.putMessage(w.ID, a, about); err != nil {
			return err
		}
		if about == (subject{}) {
			continue
		}
		if reached, fresh := w.Reaches(a.PurposeID); fresh {
			text, err := toJSON(reached.Reached)
			if err != nil {
				return err
			}
			if err := t.exec(`UPDATE webhook SET reached = $2 WHERE id = $1`, w.ID, text); err != nil {
				return err
			}
			t.changedWebhooks()
			all[i] = reached // what else this change announces goes on from there
		}
	}
	if !told {
		return nil
	}
	return t.enqueueWebhooks()
}

// dueAtOnce is when a message is due that was not tried yet: always, whatever
// the clock says since.
const dueAtOnce = 0

func (t *tx) putMessage(webhook int64, a akkoord.Announcement, about subject) error {
	id, err := t.store.newID(t.now)
	if err != nil {
		return err
	}
	person := []byte{}
	if !about.id.IsZero() {
		person = about.id[:]
	}
	t.rows[webhookRows].add(id[:], webhook, micros(t.now), string(a.Event), about.number, person, a.PurposeID, a.CampaignID, a.MailingID, a.Reason, dueAtOnce)
	return nil
}

// enqueueWebhooks has the endpoints looked after at once.
func (t *tx) enqueueWebhooks() error {
	j, err := akkoord.NewJob(akkoord.JobWebhook, "", time.Time{}, nil)
	if err != nil {
		return err
	}
	return t.enqueue(j)
}
