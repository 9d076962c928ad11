package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"akkoord"
)

// maxRecord bounds the mails of one person's record.
const maxRecord = 1_000_000

// SendContract takes an order for a transactional mail (M9): mail and row of the
// outbox are stored in one commit, so an answer that was lost can be asked for
// again with the same key and no second mail goes out. The same key with another
// order is a Conflict with code idempotency_key_reused. An address that can't be
// reached is taken and skipped at once. Errors: Invalid about a field, NotFound
// never.
func (s *Store) SendContract(ctx context.Context, actor akkoord.Actor, order akkoord.ContractOrder) (akkoord.ContractMail, error) {
	id, err := s.newID(s.cfg.Now())
	if err != nil {
		return akkoord.ContractMail{}, err
	}
	key, request, err := s.contractKeys(actor, order, id)
	if err != nil {
		return akkoord.ContractMail{}, err
	}
	var out akkoord.ContractMail
	err = s.update(ctx, "send contract", func(t *tx) error {
		before, have, err := t.contractByKey(key)
		if err != nil {
			return err
		}
		if before != nil {
			if !bytes.Equal(before, request[:]) {
				return akkoord.Errorf(akkoord.Conflict, "idempotency_key_reused", "This idempotency key was used for another mail; choose a new one.")
			}
			out = have
			return nil
		}
		if err := t.putContract(id, key, request, order); err != nil {
			return err
		}
		if out, err = contractMail(t, id); err != nil {
			return err
		}
		return t.audit(actor, "transactional.send", named("transactional", id.String()), order.Template)
	})
	return out, err
}

// contractKeys gives the keyed hashes of the caller's key and of the order.
func (s *Store) contractKeys(actor akkoord.Actor, order akkoord.ContractOrder, id akkoord.ID) (key, request akkoord.AddressHash, err error) {
	text, err := toJSON([]any{order.Template, order.To.Address(), order.Locale, order.Values})
	request = s.hasher.Text("transactional", text)
	key = s.hasher.Text("transactional key", string(actor)+"\n"+order.Key)
	if order.Key == "" {
		key = s.hasher.Text("transactional id", id.String())
	}
	return key, request, err
}

func (t *tx) contractByKey(key akkoord.AddressHash) (request []byte, m akkoord.ContractMail, err error) {
	var id []byte
	err = t.queryRow(`SELECT request, public_id FROM contract_mail WHERE key = $1`, key[:]).Scan(&request, &id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, m, nil
	}
	if err == nil {
		m, err = contractMail(t, id16(id))
	}
	return request, m, err
}

func (t *tx) putContract(id akkoord.ID, key, request akkoord.AddressHash, order akkoord.ContractOrder) error {
	c, err := contractBySlug(t, order.Template)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return akkoord.Fieldf("template", "template_unknown", "There is no such template.")
	case err != nil:
		return err
	case !c.RetiredAt.IsZero():
		return fixed("template", "template_retired", "This template is out of use; choose another, or put it back into use.")
	}
	if err := c.Spec.CheckValues(order.Values); err != nil {
		return err
	}
	values, err := toJSON(order.Values)
	if err != nil {
		return err
	}
	_, locale := c.Spec.Text(order.Locale)
	d := akkoord.SystemDelivery{Request: id}
	if err := t.queryRow(`INSERT INTO outbox (subscriber_id, request, locale, at, due_at, state, fence, attempts, first_at, mail, code, done_at, about)
		VALUES (0, $1, $2, $3, $3, 0, 0, 0, 0, '', '', 0, $4) RETURNING id`, id[:], locale, micros(t.now), string(akkoord.MailContract)).Scan(&d.ID); err != nil {
		return err
	}
	hash := t.store.hasher.Person(order.To)
	if err := t.exec(`INSERT INTO contract_mail (id, public_id, template_id, version, key, request, hash, email, locale, fields, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		d.ID, id[:], c.ID, c.Version, key[:], request[:], hash[:], order.To.Address(), locale, values, micros(t.now)); err != nil {
		return err
	}
	kinds, err := suppressions(t, hash)
	if err != nil {
		return err
	}
	if v := akkoord.GateContract(kinds); !v.Allowed {
		return t.dropOutbox(d, v.Code)
	}
	t.outbox = true
	return nil
}

// claimContract is claimOutbox for a transactional mail.
func (t *tx) claimContract(o outboxRow) (akkoord.SystemDelivery, error) {
	d := o.SystemDelivery
	var hash []byte
	var email, spec, fields string
	c := &akkoord.ContractCopy{}
	err := t.queryRow(`SELECT m.template_id, m.version, m.hash, m.email, m.fields, v.spec FROM contract_mail m
		JOIN contract_version v ON v.template_id = m.template_id AND v.number = m.version WHERE m.id = $1`, d.ID).
		Scan(&c.Template, &c.Version, &hash, &email, &fields, &spec)
	if errors.Is(err, sql.ErrNoRows) || err == nil && email == "" {
		return d, t.dropOutbox(d, "erased")
	}
	if err != nil {
		return d, err
	}
	kinds, err := suppressions(t, akkoord.AddressHash(hash))
	if err != nil {
		return d, err
	}
	if v := akkoord.GateContract(kinds); !v.Allowed {
		return d, t.dropOutbox(d, v.Code)
	}
	if d.To, err = akkoord.ParseEmail(email); err != nil {
		return d, fmt.Errorf("transactional mail %d: the stored address does not parse", d.ID)
	}
	if err := errors.Join(json.Unmarshal([]byte(spec), &c.Spec), json.Unmarshal([]byte(fields), &c.Values)); err != nil {
		return d, fmt.Errorf("transactional mail %d: %w", d.ID, err)
	}
	d.Mail, d.Contract = akkoord.MailContract, c
	return t.claimed(d)
}

// ContractMail gives a transactional mail, or NotFound.
func (s *Store) ContractMail(ctx context.Context, id akkoord.ID) (akkoord.ContractMail, error) {
	return contractMail(s.view(ctx), id)
}

func contractMail(q querier, id akkoord.ID) (akkoord.ContractMail, error) {
	list, err := contractMails(q, ` AND m.public_id = $3`, int64(0), int64(1), id[:])
	if err == nil && len(list) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return akkoord.ContractMail{}, missing(err, "transactional mail")
	}
	return list[0], nil
}

// ContractMails gives a page of the log, oldest first, and the number after which
// the next page begins; 0 when there is none.
func (s *Store) ContractMails(ctx context.Context, f akkoord.ContractFilter, p akkoord.Page) ([]akkoord.ContractMail, int64, error) {
	where, args := ``, []any{p.After, int64(p.Size() + 1)}
	add := func(compared string, arg any) {
		args = append(args, arg)
		where += fmt.Sprintf(` AND %s = $%d`, compared, len(args))
	}
	if !f.To.IsZero() {
		hash := s.hasher.Person(f.To)
		add(`m.hash`, hash[:])
	}
	if f.Template != "" {
		add(`c.slug`, f.Template)
	}
	if f.State != "" {
		where += ` AND ` + contractStates[f.State]
	}
	list, err := contractMails(s.view(ctx), where+` ORDER BY m.id`, args...)
	list, next := cut(list, p, func(m akkoord.ContractMail) int64 { return m.ID })
	return list, next, err
}

// contractStates say what is true of the rows o of each state.
var contractStates = map[akkoord.ContractState]string{
	akkoord.ContractQueued:   `o.state = 0 AND o.attempts = 0`,
	akkoord.ContractDeferred: `o.state = 0 AND o.attempts > 0`,
	akkoord.ContractSent:     `o.state = 1 AND o.mail <> '' AND o.code LIKE '2%'`,
	akkoord.ContractFailed:   `o.state = 1 AND o.mail <> '' AND o.code NOT LIKE '2%'`,
	akkoord.ContractSkipped:  `o.state = 1 AND o.mail = ''`,
}

// contractMails reads at most $2 mails with numbers over $1.
func contractMails(q querier, where string, args ...any) ([]akkoord.ContractMail, error) {
	rows, err := q.query(`SELECT m.id, m.public_id, c.slug, m.version, m.email, m.locale, m.at, o.state, o.mail, o.code, o.reply, o.attempts, o.first_at, o.due_at, o.done_at
		FROM contract_mail m JOIN contract_template c ON c.id = m.template_id JOIN outbox o ON o.id = m.id
		WHERE m.id > $1`+where+` LIMIT $2`, args...)
	return list(rows, err, scanContractMail)
}

func scanContractMail(r row) (akkoord.ContractMail, error) {
	var m akkoord.ContractMail
	var id []byte
	var email string
	var at, state, first, due, done int64
	var mail akkoord.SystemMail
	if err := r.Scan(&m.ID, &id, &m.Template, &m.Version, &email, &m.Locale, &at, &state, &mail, &m.Code, &m.Reply, &m.Attempts, &first, &due, &done); err != nil {
		return m, err
	}
	m.PublicID, m.At, m.FirstAt, m.DoneAt = id16(id), fromMicros(at), fromMicros(first), fromMicros(done)
	switch {
	case state == 0 && m.Attempts == 0:
		m.State = akkoord.ContractQueued
	case state == 0:
		m.State, m.NextAt = akkoord.ContractDeferred, fromMicros(due)
	case mail == akkoord.MailNone:
		m.State = akkoord.ContractSkipped
	case strings.HasPrefix(m.Code, "2"):
		m.State = akkoord.ContractSent
	default:
		m.State = akkoord.ContractFailed
	}
	var err error
	if email != "" {
		if m.To, err = akkoord.ParseEmail(email); err != nil {
			err = fmt.Errorf("transactional mail %d: the stored address does not parse", m.ID)
		}
	}
	return m, err
}

// ContractCounts is how the sending of transactional mail is going.
type ContractCounts struct {
	Waiting int64
	Oldest  time.Time // when the oldest of them was asked for; zero: none waits
	Failed  int64     // in the last day
}

// ContractCounts counts the mails that wait, and that failed in the last day.
func (s *Store) ContractCounts(ctx context.Context) (c ContractCounts, err error) {
	v, oldest := s.view(ctx), int64(0)
	err = v.queryRow(`SELECT count(*), coalesce(min(m.at), 0) FROM outbox o JOIN contract_mail m ON m.id = o.id WHERE o.state = 0`).Scan(&c.Waiting, &oldest)
	if err != nil {
		return c, err
	}
	c.Oldest = fromMicros(oldest)
	return c, v.queryRow(`SELECT count(*) FROM contract_mail m JOIN outbox o ON o.id = m.id WHERE m.at > $1 AND `+contractStates[akkoord.ContractFailed], micros(s.cfg.Now().Add(-24*time.Hour))).Scan(&c.Failed)
}
