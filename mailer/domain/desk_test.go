package domain_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/mailer"
	"akkoord/mailer/domain"
	"akkoord/mailer/mailertest"
	"akkoord/store"

	"akkoord/store/sqlitetest"
	"github.com/emersion/go-msgauth/dkim"
)

// desk is a Desk on a real store and a real name server.
type desk struct {
	*domain.Desk
	t      *testing.T
	names  *mailertest.NameServer
	signer *mailer.Signer
	keys   *counted
}

// counted counts how often private halves are unsealed.
type counted struct {
	*store.Store
	unsealed int
}

func (c *counted) DomainKeySecrets(ctx context.Context, domain string) ([]akkoord.DomainKeySecret, error) {
	c.unsealed++
	return c.Store.DomainKeySecrets(ctx, domain)
}

func newDesk(t *testing.T, files ...mailer.DKIMKey) *desk {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ring, err := akkoord.NewKeyring(time.Now(), rand.Reader)
	check(err)
	st, err := store.Open(t.Context(), store.Config{Database: sqlitetest.New(t, store.Migrate), Keyring: ring, Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler)})
	check(err)
	t.Cleanup(func() { st.Close() })
	d := &desk{t: t}
	d.names, err = mailertest.NewNameServer()
	check(err)
	t.Cleanup(func() { d.names.Close() })
	d.signer, err = mailer.NewSigner("zonvaart.example", files)
	check(err)
	d.keys = &counted{Store: st}
	d.Desk = domain.NewDesk(domain.DeskConfig{
		Keys: d.keys, Resolver: d.names.Resolver(), Setup: domain.Setup{From: "zonvaart.example", Return: "zonvaart.example", Keys: files},
		Signer: d.signer, Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
	})
	return d
}

func (d *desk) make(kind akkoord.DomainKeyKind) akkoord.DomainKey {
	d.t.Helper()
	k, err := d.MakeDomainKey(d.t.Context(), akkoord.ActorSystem, kind)
	if err != nil {
		d.t.Fatal(err)
	}
	return k
}

func (d *desk) publish(k akkoord.DomainKey) { d.names.Publish(k.Record()) }

// sign lets a key sign, and gives the code of why not.
func (d *desk) sign(k akkoord.DomainKey, insist bool) string {
	d.t.Helper()
	_, err := d.SignWithDomainKey(d.t.Context(), akkoord.ActorSystem, k.PublicID, insist)
	return akkoord.CodeOf(err)
}

// selectors gives those of the signatures of a mail that receivers verify.
func (d *desk) selectors() (out []string) {
	d.t.Helper()
	message := []byte("From: reis@zonvaart.example\r\nTo: anouk@voorbeeld.example\r\nSubject: Hoi\r\n\r\nTekst\r\n")
	signed, err := d.signer.Sign(nil, message)
	if err != nil {
		d.t.Fatal(err)
	}
	all, err := dkim.VerifyWithOptions(bytes.NewReader(signed), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
		return d.names.Resolver().LookupTXT(d.t.Context(), name)
	}})
	if err != nil {
		d.t.Fatal(err)
	}
	for _, v := range all {
		if v.Err != nil || v.Domain != "zonvaart.example" {
			d.t.Errorf("a signature of %s: %v", v.Domain, v.Err)
		}
	}
	for line := range strings.SplitSeq(string(signed), "\r\n") {
		if _, rest, ok := strings.Cut(line, " s="); ok && strings.Contains(rest, "d=zonvaart.example") {
			s, _, _ := strings.Cut(rest, ";")
			out = append(out, s)
		}
	}
	return out
}

// E.1, E.2, E.6: keys that are made here sign once their record is in DNS, and are
// replaced without a mail that can't be verified; what they sign, receivers verify.
func TestKeysMadeHereSignOnceTheyArePublished(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	one := d.make(akkoord.DomainKeyRSA)
	if k, found, err := d.LookUpDomainKey(ctx, akkoord.ActorSystem, one.PublicID); err != nil || k.State != akkoord.DomainKeyNew || found.Verdict != "fail" || found.Record == "" {
		t.Errorf("before it is published: %+v, %+v, %v", k, found, err)
	}
	if got := d.selectors(); got != nil || d.Signs() {
		t.Errorf("before anything signs: %v", got)
	}
	if code := d.sign(one, false); code != "dkim_unseen" {
		t.Errorf("unseen: %q", code)
	}
	d.publish(one)
	if k, _, err := d.LookUpDomainKey(ctx, akkoord.ActorSystem, one.PublicID); err != nil || k.State != akkoord.DomainKeyPublished || k.SeenAt.IsZero() {
		t.Errorf("published: %+v, %v", k, err)
	}
	if code := d.sign(one, false); code != "" || strings.Join(d.selectors(), " ") != one.Selector {
		t.Errorf("signing: %q, %v", code, d.selectors())
	}
	ed := d.make(akkoord.DomainKeyEd25519)
	d.publish(ed)
	if code := d.sign(ed, false); code != "" || strings.Join(d.selectors(), " ") != one.Selector+" "+ed.Selector {
		t.Errorf("both: %q, %v", code, d.selectors())
	}
	two := d.make(akkoord.DomainKeyRSA)
	d.names.Publish(two.Selector+"._domainkey.zonvaart.example", "v=DKIM1; k=rsa; p=AAAA")
	if _, found, err := d.LookUpDomainKey(ctx, akkoord.ActorSystem, two.PublicID); err != nil || !strings.HasSuffix(found.Text, "has another key than this selector's") {
		t.Errorf("another key in place of one that signs nothing: %+v, %v", found, err)
	}
	if code := d.sign(two, false); code != "dkim_unseen" {
		t.Errorf("with another key published: %q", code)
	}
	d.publish(two)
	if code := d.sign(two, false); code != "" || strings.Join(d.selectors(), " ") != two.Selector+" "+ed.Selector {
		t.Errorf("rotated: %q, %v", code, d.selectors())
	}
	found := d.Deliverability(ctx, false)
	var well int
	for _, f := range found.Findings {
		if f.What == "dkim" && f.Verdict == "ok" {
			well++
		}
	}
	if well != 2 || found.Domain != "zonvaart.example" {
		t.Errorf("%+v", found)
	}
	d.names.Publish("zonvaart.example", "v=spf1 ip4:192.0.2.1 -all")
	if again := d.Deliverability(ctx, false); again.LookedAt != found.LookedAt {
		t.Error("what was found is not remembered")
	}
	if again := d.Deliverability(ctx, true); again.Findings[0].Verdict != "ok" || found.Findings[0].Verdict != "warn" {
		t.Errorf("asked again: %+v", again.Findings[0])
	}
	if _, err := d.RetireDomainKey(ctx, akkoord.ActorSystem, two.PublicID); akkoord.CodeOf(err) != "dkim_rsa_last" {
		t.Errorf("Ed25519 would sign alone: %v", err)
	}
	for _, k := range []akkoord.DomainKey{ed, two} {
		if _, err := d.RetireDomainKey(ctx, akkoord.ActorSystem, k.PublicID); err != nil {
			t.Error(err)
		}
	}
	if d.Signs() || d.selectors() != nil {
		t.Error("retired keys sign")
	}
	three := d.make(akkoord.DomainKeyRSA)
	if code := d.sign(three, true); code != "" || !d.Signs() {
		t.Errorf("an owner insists: %q", code)
	}
}

// ADR 54: nodes compare numbers, and unseal private halves where those changed alone.
// What was found of the domain is looked up anew then, also on a node that nobody
// acted on.
func TestOtherNodesFollowByNumbers(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	signer, err := mailer.NewSigner("zonvaart.example", nil)
	if err != nil {
		t.Fatal(err)
	}
	other := domain.NewDesk(domain.DeskConfig{
		Keys: d.keys, Resolver: d.names.Resolver(), Setup: domain.Setup{From: "zonvaart.example", Return: "zonvaart.example"},
		Signer: signer, Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
	})
	signs := func() bool {
		return slices.ContainsFunc(other.Deliverability(ctx, false).Findings, func(f akkoord.DomainFinding) bool { return f.What == "dkim" && f.Verdict == "ok" })
	}
	k := d.make(akkoord.DomainKeyRSA)
	d.publish(k)
	if signs() {
		t.Error("a new key signs")
	}
	if code := d.sign(k, false); code != "" {
		t.Fatal(code)
	}
	before := d.keys.unsealed
	for range 3 {
		if err := other.Renew(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.keys.unsealed - before; got != 1 {
		t.Errorf("unsealed %d times, want once", got)
	}
	if !signs() {
		t.Error("the other node tells what it found before")
	}
}

// A key of AKKOORD_DKIM wins over stored ones, and its selector stays its own.
func TestKeyFilesWin(t *testing.T) {
	private, _, err := mailer.NewDKIM(akkoord.DomainKeyRSA, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	selector := "akkoord" + time.Now().UTC().Format("200601")
	file, err := mailer.StoredDKIM(selector, private)
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, file)
	k := d.make(akkoord.DomainKeyRSA)
	d.publish(k)
	if code := d.sign(k, false); code != "" || k.Selector != selector+"-2" {
		t.Errorf("%s: %q", k.Selector, code)
	}
	if keys := d.signer.Keys(); len(keys) != 1 || keys[0].Selector != selector {
		t.Errorf("%v sign", keys)
	}
	if found := d.Deliverability(t.Context(), false); len(found.Files) != 1 || found.Files[0] != selector {
		t.Errorf("%+v", found.Files)
	}
}

// E.9: a name server that does not answer makes nothing wrong, only unknown, and
// holds nobody up.
func TestSilentNameServersLeaveThingsUnknown(t *testing.T) {
	d := newDesk(t)
	k := d.make(akkoord.DomainKeyRSA)
	if err := d.names.Close(); err != nil {
		t.Fatal(err)
	}
	if k, found, err := d.LookUpDomainKey(t.Context(), akkoord.ActorSystem, k.PublicID); err != nil || k.State != akkoord.DomainKeyNew || found.Verdict != "warn" {
		t.Errorf("%+v %+v %v", k, found, err)
	}
	for _, f := range d.Deliverability(t.Context(), true).Findings {
		if f.Verdict != "warn" {
			t.Errorf("%+v", f)
		}
	}
}
