package store

import (
	"slices"

	"akkoord"
)

// What a form was filled in with waits in signup_value until the sign-up is
// confirmed: a stranger who types somebody's address changes nothing about them.

// filled gives what waits of a person, by slug of the attribute, and whose
// sign-up it is part of.
func (t *tx) filled(person int64) (map[string]string, map[string]akkoord.ID, error) {
	values, requests := map[string]string{}, map[string]akkoord.ID{}
	rows, err := t.query(`SELECT a.slug, v.value, v.request FROM signup_value v JOIN attribute a ON a.id = v.attribute_id WHERE v.subscriber_id = $1`, person)
	err = each(rows, err, func(r row) error {
		var slug, value string
		var request []byte
		err := r.Scan(&slug, &value, &request)
		values[slug], requests[slug] = value, id16(request)
		return err
	})
	return values, requests, err
}

// filledDiffers reports whether a form is filled in with something else than
// what waits.
func (t *tx) filledDiffers(person int64, values []akkoord.FormValue) (bool, error) {
	have, _, err := t.filled(person)
	return slices.ContainsFunc(values, func(v akkoord.FormValue) bool { return have[v.Slug] != v.Value }), err
}

// keepFilled has what was filled in wait for the confirmation of the purposes
// that a change asks for; the rest was asked for nothing that is pending.
func (t *tx) keepFilled(c *catalogue, person int64, change akkoord.Change, values []akkoord.FormValue) error {
	for _, e := range change.Events {
		for _, v := range values {
			a, err := c.attribute(v.Slug)
			if err != nil {
				return err
			}
			if a.PurposeID != e.PurposeID {
				continue
			}
			if err := t.exec(`INSERT INTO signup_value (subscriber_id, attribute_id, request, value, at) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (subscriber_id, attribute_id) DO UPDATE SET request = excluded.request, value = excluded.value, at = excluded.at`,
				person, a.ID, e.Request[:], v.Value, micros(t.now)); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeFilled makes what was filled in with a sign-up the person's own, once
// its purposes are confirmed, and runs the rules that this sets off.
func (t *tx) takeFilled(c *catalogue, st akkoord.Standing, request akkoord.ID, confirmed []akkoord.Subscription) error {
	if len(c.attributes) == 0 {
		return nil
	}
	have, requests, err := t.filled(st.Subscriber.ID)
	if err != nil || len(have) == 0 {
		return err
	}
	values := map[string]*string{}
	for slug, v := range have {
		a, err := c.attribute(slug)
		if err != nil {
			return err
		}
		if requests[slug] == request && slices.ContainsFunc(confirmed, func(sub akkoord.Subscription) bool { return sub.PurposeID == a.PurposeID }) {
			values[slug] = &v
		}
	}
	if _, err := t.setAttributes(c, st, values); err != nil {
		return err
	}
	return t.exec(`DELETE FROM signup_value WHERE subscriber_id = $1 AND request = $2`, st.Subscriber.ID, request[:])
}
