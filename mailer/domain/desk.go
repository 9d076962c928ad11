package domain

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"akkoord"
	"akkoord/mailer"
)

const (
	// lookWait is how long a look waits for name servers and the relay: what is
	// not known by then is said to be unknown.
	lookWait = 5 * time.Second
	// lookKept is how long what was found is given again.
	lookKept = 5 * time.Minute
	// renewEvery is how often a node asks whether other keys sign now.
	renewEvery = 2 * time.Second
)

// Keys keeps the DKIM keys that are made here.
type Keys interface {
	Signing
	DomainKeys(ctx context.Context) ([]akkoord.DomainKey, error)
	AddDomainKey(ctx context.Context, actor akkoord.Actor, k akkoord.DomainKey, private []byte, taken []string) (akkoord.DomainKey, error)
	MoveDomainKey(ctx context.Context, actor akkoord.Actor, id akkoord.ID, action, note string, rule func(k akkoord.DomainKey, all []akkoord.DomainKey, now time.Time) ([]akkoord.DomainKey, error)) (akkoord.DomainKey, error)
	RemoveDomainKey(ctx context.Context, actor akkoord.Actor, id akkoord.ID) error
}

// Signing knows the keys that mail of a domain is signed by.
type Signing interface {
	// SigningDomainKeys gives their numbers, in the order of DomainKeySecrets.
	SigningDomainKeys(ctx context.Context, domain string) ([]int64, error)
	DomainKeySecrets(ctx context.Context, domain string) ([]akkoord.DomainKeySecret, error)
}

// DeskConfig says what a Desk works on.
type DeskConfig struct {
	Keys     Keys
	Resolver Resolver
	Setup    Setup          // with the keys of AKKOORD_DKIM, which win over stored ones; From "": there is no sender
	Signer   *mailer.Signer // of the mails, for Setup.From; nil where there is no sender
	// Relay asks whether the mail server answers; nil: there is none.
	Relay  func(context.Context) Finding
	Now    func() time.Time
	Random io.Reader
	Log    *slog.Logger
}

// Desk knows how the sending domain is, and keeps its DKIM keys: it makes them,
// looks whether they are published, and lets them sign.
type Desk struct {
	cfg DeskConfig

	renewing sync.Mutex
	using    []int64 // stored keys that sign
	told     string  // what was wrong with them, and told of

	looking sync.Mutex
	last    akkoord.Deliverability
}

// NewDesk makes a Desk.
func NewDesk(cfg DeskConfig) *Desk { return &Desk{cfg: cfg} }

// Run takes up what other nodes change of the keys, until ctx ends.
func (d *Desk) Run(ctx context.Context) error {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			d.follow(ctx)
		}
	}
}

// follow is Renew, and tells once of what keeps from it.
func (d *Desk) follow(ctx context.Context) {
	err := d.Renew(ctx)
	d.renewing.Lock()
	defer d.renewing.Unlock()
	switch {
	case err == nil:
		d.told = ""
	case ctx.Err() == nil && d.told != err.Error():
		d.told = err.Error()
		d.cfg.Log.Error("the DKIM keys can't be read; mails are signed as before", "error", err)
	}
}

// Renew lets those keys sign that are to by what is stored, and unseals none where
// they do already. Keys of AKKOORD_DKIM stay.
func (d *Desk) Renew(ctx context.Context) error {
	if d.cfg.Signer == nil || len(d.cfg.Setup.Keys) > 0 {
		return nil
	}
	d.renewing.Lock()
	defer d.renewing.Unlock()
	now, err := d.cfg.Keys.SigningDomainKeys(ctx, d.cfg.Setup.From)
	if err != nil || slices.Equal(now, d.using) {
		return err
	}
	secrets, err := d.cfg.Keys.DomainKeySecrets(ctx, d.cfg.Setup.From)
	if err != nil {
		return err
	}
	var ids []int64
	var keys []mailer.DKIMKey
	for _, s := range secrets {
		k, err := mailer.StoredDKIM(s.Selector, s.Private)
		if err != nil {
			return err
		}
		ids, keys = append(ids, s.ID), append(keys, k)
	}
	d.using = ids
	d.cfg.Signer.Use(keys)
	d.forget()
	d.cfg.Log.Info("other DKIM keys sign from now on", "keys", len(keys))
	return nil
}

// Signs reports whether mails are signed here now.
func (d *Desk) Signs() bool { return len(d.cfg.Signer.Keys()) > 0 }

// Deliverability gives what was found of the sending domain within the last
// minutes, or looks; again: looks in any case. It takes no longer than five
// seconds.
func (d *Desk) Deliverability(ctx context.Context, again bool) akkoord.Deliverability {
	d.looking.Lock()
	defer d.looking.Unlock()
	now := d.cfg.Now()
	if !again && !d.last.LookedAt.IsZero() && now.Sub(d.last.LookedAt) < lookKept {
		return d.last
	}
	out := akkoord.Deliverability{Domain: d.cfg.Setup.From, Return: d.cfg.Setup.Return, LookedAt: now}
	for _, k := range d.cfg.Setup.Keys {
		out.Files = append(out.Files, k.Selector)
	}
	if out.Domain == "" {
		return out
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookWait) // what is found is for others too
	defer cancel()
	setup := d.cfg.Setup
	setup.Keys = d.cfg.Signer.Keys()
	var relay []Finding
	var group sync.WaitGroup
	if d.cfg.Relay != nil {
		group.Go(func() { relay = append(relay, d.cfg.Relay(ctx)) })
	}
	found := Check(ctx, d.cfg.Resolver, setup)
	group.Wait()
	for _, f := range append(found, relay...) {
		out.Findings = append(out.Findings, f.plain())
	}
	d.last = out
	return out
}

// forget drops what was found: other keys sign.
func (d *Desk) forget() {
	d.looking.Lock()
	defer d.looking.Unlock()
	d.last = akkoord.Deliverability{}
}

func (f Finding) plain() akkoord.DomainFinding {
	return akkoord.DomainFinding{What: f.What, Verdict: string(f.Verdict), Text: f.Text, Name: f.Name, Record: f.Record}
}

// DomainKeys gives the stored keys, oldest first.
func (d *Desk) DomainKeys(ctx context.Context) ([]akkoord.DomainKey, error) {
	return d.cfg.Keys.DomainKeys(ctx)
}

// MakeDomainKey makes a key for the sending domain. It signs nothing yet. Errors:
// Conflict with code no_sender where there is no such domain, and those of the
// store.
func (d *Desk) MakeDomainKey(ctx context.Context, actor akkoord.Actor, kind akkoord.DomainKeyKind) (akkoord.DomainKey, error) {
	k := akkoord.DomainKey{Domain: d.cfg.Setup.From, Kind: kind}
	if k.Domain == "" {
		return k, akkoord.Errorf(akkoord.Conflict, "no_sender", "Set AKKOORD_FROM first: keys are for its domain.")
	}
	private, public, err := mailer.NewDKIM(kind, d.cfg.Random)
	if err != nil {
		return k, err
	}
	k.Public = public
	var taken []string
	for _, file := range d.cfg.Setup.Keys {
		taken = append(taken, file.Selector)
	}
	return d.cfg.Keys.AddDomainKey(ctx, actor, k, private, taken)
}

// LookUpDomainKey looks whether the record of a key is published, and says what
// was found.
func (d *Desk) LookUpDomainKey(ctx context.Context, actor akkoord.Actor, id akkoord.ID) (akkoord.DomainKey, akkoord.DomainFinding, error) {
	sight, found, err := d.look(ctx, id)
	if err != nil {
		return akkoord.DomainKey{}, found, err
	}
	k, err := d.cfg.Keys.MoveDomainKey(ctx, actor, id, "dkim.look", found.Verdict, func(k akkoord.DomainKey, _ []akkoord.DomainKey, now time.Time) ([]akkoord.DomainKey, error) {
		return []akkoord.DomainKey{k.Looked(sight, now)}, nil
	})
	return k, found, err
}

// SignWithDomainKey lets a key sign, in place of the one of its kind that does,
// once its record is seen; insist: in any case. Errors: NotFound, Conflict with
// code dkim_foreign for a key of another domain than the sender's, and those of
// akkoord.DomainKey.Sign.
func (d *Desk) SignWithDomainKey(ctx context.Context, actor akkoord.Actor, id akkoord.ID, insist bool) (akkoord.DomainKey, error) {
	sight, _, err := d.look(ctx, id)
	if err != nil {
		return akkoord.DomainKey{}, err
	}
	note := "its record was seen"
	if sight != akkoord.RecordRight {
		note = "its record was not seen"
	}
	return d.moved(ctx, actor, id, "dkim.sign", note, func(k akkoord.DomainKey, all []akkoord.DomainKey, now time.Time) ([]akkoord.DomainKey, error) {
		if k.Domain != d.cfg.Setup.From {
			return nil, akkoord.Errorf(akkoord.Conflict, "dkim_foreign", "This key is for %s, which is not the domain of AKKOORD_FROM: it would sign nothing.", k.Domain)
		}
		return k.Looked(sight, now).Sign(all, sight == akkoord.RecordRight, insist, now)
	})
}

// RetireDomainKey lets a key sign no more, and destroys its private half. Errors:
// NotFound and those of akkoord.DomainKey.Retire.
func (d *Desk) RetireDomainKey(ctx context.Context, actor akkoord.Actor, id akkoord.ID) (akkoord.DomainKey, error) {
	return d.moved(ctx, actor, id, "dkim.retire", "", akkoord.DomainKey.Retire)
}

func (d *Desk) moved(ctx context.Context, actor akkoord.Actor, id akkoord.ID, action, note string, rule func(akkoord.DomainKey, []akkoord.DomainKey, time.Time) ([]akkoord.DomainKey, error)) (akkoord.DomainKey, error) {
	k, err := d.cfg.Keys.MoveDomainKey(ctx, actor, id, action, note, rule)
	if err != nil {
		return k, err
	}
	d.follow(ctx)
	return k, nil
}

// RemoveDomainKey forgets a key. Errors: NotFound and those of
// akkoord.DomainKey.CheckRemove.
func (d *Desk) RemoveDomainKey(ctx context.Context, actor akkoord.Actor, id akkoord.ID) error {
	return d.cfg.Keys.RemoveDomainKey(ctx, actor, id)
}

// look asks name servers for the record of a key.
func (d *Desk) look(ctx context.Context, id akkoord.ID) (akkoord.DomainSight, akkoord.DomainFinding, error) {
	all, err := d.cfg.Keys.DomainKeys(ctx)
	if err != nil {
		return 0, akkoord.DomainFinding{}, err
	}
	at := slices.IndexFunc(all, func(k akkoord.DomainKey) bool { return k.PublicID == id })
	if at < 0 {
		return 0, akkoord.DomainFinding{}, akkoord.Errorf(akkoord.NotFound, "not_found", "There is no such DKIM key.")
	}
	ctx, cancel := context.WithTimeout(ctx, lookWait)
	defer cancel()
	sight, f := check{ctx: ctx, Resolver: d.cfg.Resolver}.sight(all[at])
	return sight, f.plain(), nil
}
