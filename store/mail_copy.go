package store

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"fmt"
	"io"
	"sync"
	"time"

	"akkoord"
)

// mailCopy is a mail that asked for a yes, as it was sent, on its way into the
// database. A process killed before it is there leaves the mail without a
// copy, never without its result.
type mailCopy struct {
	id, attempts, size int64
	at                 time.Time
	code               string
	digest             [sha256.Size]byte
	data               []byte
}

// packer compresses copies, of which one node makes one at a time.
type packer struct {
	mu  sync.Mutex
	out bytes.Buffer
	w   *flate.Writer
}

func (p *packer) pack(data []byte) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out.Reset()
	if p.w == nil {
		var err error
		if p.w, err = flate.NewWriter(&p.out, flate.BestSpeed); err != nil {
			return nil, err
		}
	} else {
		p.w.Reset(&p.out)
	}
	if _, err := p.w.Write(data); err != nil {
		return nil, err
	}
	if err := p.w.Close(); err != nil {
		return nil, err
	}
	return bytes.Clone(p.out.Bytes()), nil
}

// keep takes the copy of a mail that was sent. It is stored soon after.
func (j *sendJournal) keep(r akkoord.SystemResult, at time.Time) {
	policy := j.store.cfg.MailCopies
	if len(r.Copy) == 0 || policy == akkoord.NoMails {
		return
	}
	c := mailCopy{id: r.ID, attempts: int64(r.Attempts), size: int64(len(r.Copy)), at: at, code: r.Code, digest: sha256.Sum256(r.Copy), data: []byte{}}
	if policy != akkoord.DigestMails {
		var err error
		if c.data, err = j.packer.pack(r.Copy); err != nil {
			j.store.cfg.Log.Error("the copy of a confirmation mail was not kept", "outbox", r.ID, "error", err)
			return
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.copies) < settleBacklog {
		j.copies = append(j.copies, c)
		wake(j.wake)
	}
}

// keepCopies stores copies of mails to people who are not gone since.
func (t *tx) keepCopies(copies []mailCopy) error {
	for i := range copies {
		c := &copies[i]
		err := t.exec(`INSERT INTO mail_copy (id, subscriber_id, request, mail, locale, asked_at, first_at, sent_at, attempts, code, size, digest, data)
			SELECT o.id, o.subscriber_id, o.request, o.mail, o.locale, o.at, o.first_at, $2, $3, $4, $5, $6, $7
			FROM outbox o JOIN subscriber s ON s.id = o.subscriber_id WHERE o.id = $1
			ON CONFLICT (id) DO UPDATE SET sent_at = excluded.sent_at, attempts = excluded.attempts, code = excluded.code, size = excluded.size, digest = excluded.digest, data = excluded.data`,
			c.id, micros(c.at), c.attempts, c.code, c.size, c.digest[:], c.data)
		if err != nil {
			return err
		}
	}
	return nil
}

// copiesOf gives the copies of mails to a person, oldest first, as their proof
// shows them, and the members with their bytes. Where the link of a mail may
// still say yes for the person its bytes are left out until it can't.
func (s *Store) copiesOf(q querier, person int64, confirmed map[akkoord.ID]bool) (mails []akkoord.SignUpMail, members []akkoord.BundlePage, err error) {
	key := s.cfg.Keyring.Derive("message-id")
	rows, err := q.query(`SELECT id, request, mail, locale, asked_at, first_at, sent_at, attempts, code, size, digest, data FROM mail_copy WHERE subscriber_id = $1 ORDER BY id`, person)
	err = each(rows, err, func(r row) error {
		var m akkoord.SignUpMail
		var id, asked, first, sent int64
		var request, digest, data []byte
		if err := r.Scan(&id, &request, &m.Mail, &m.Locale, &asked, &first, &sent, &m.Attempts, &m.Code, &m.Size, &digest, &data); err != nil {
			return err
		}
		m.Request, m.AskedAt, m.FirstAt, m.DoneAt = id16(request), moment(asked), moment(first), moment(sent)
		m.MessageID = akkoord.MailToken(key, 'o', id, 0)
		m.SHA256 = new(akkoord.Sum)
		copy(m.SHA256[:], digest)
		open := fromMicros(first).Add(akkoord.Limits.ConfirmWindow)
		switch {
		case len(data) == 0:
		case !confirmed[m.Request] && s.cfg.Now().Before(open):
			m.Withheld = akkoord.Moment{Time: open}
		default:
			text, err := unpack(data, m.Size)
			if err != nil {
				return fmt.Errorf("the copy of mail %d: %w", id, err)
			}
			m.Copy = fmt.Sprintf("mail-%d.eml", id)
			members = append(members, akkoord.BundlePage{Name: m.Copy, Data: text})
		}
		mails = append(mails, m)
		return nil
	})
	return mails, members, err
}

func unpack(data []byte, size int) ([]byte, error) {
	r := flate.NewReader(bytes.NewReader(data))
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, int64(size)+1))
}
