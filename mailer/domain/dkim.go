package domain

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"strings"

	"akkoord"
	"akkoord/mailer"
)

// dkim asks whether the public half of each key is published (E.1, E.5).
func (c check) dkim() []Finding {
	if len(c.Keys) == 0 {
		return []Finding{found("dkim", Warn, "no DKIM key signs here; mail goes unsigned unless the mail server signs it for %s. Make a key at /admin/deliverability, or set AKKOORD_DKIM", c.From)}
	}
	var out []Finding
	for _, k := range c.Keys {
		out = append(out, c.key(k))
		if w := k.Warning(); w != "" {
			out = append(out, found("dkim", Warn, "%s", w))
		}
	}
	return out
}

func (c check) key(k mailer.DKIMKey) Finding {
	kind, public := published(k)
	return c.record(akkoord.DomainKey{Domain: c.From, Selector: k.Selector, Kind: kind, Public: public, State: akkoord.DomainKeySigning})
}

// record asks whether the record of a key is right.
func (c check) record(k akkoord.DomainKey) Finding {
	name, want := k.Record()
	var unpublished, other string
	if k.State == akkoord.DomainKeySigning {
		unpublished, other = "; receivers can't verify the signature", ": every signature by it fails"
	}
	kind, public := string(k.Kind), k.Public
	all, err := c.LookupTXT(c.ctx, name)
	switch {
	case err != nil && !notThere(err):
		return away("dkim", name, err)
	case len(all) == 0:
		return found("dkim", Fail, "the public key of selector %s is not published%s", k.Selector, unpublished).publish(name, want)
	case len(all) > 1:
		return found("dkim", Fail, "%s has %d records, of which receivers may take any (RFC 6376, section 3.6.2.2); leave one", name, len(all)).publish(name, want)
	}
	t := tags(all[0])
	at, _ := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(t["p"]), ""))
	switch {
	case t["v"] != "" && t["v"] != "DKIM1":
		return found("dkim", Fail, "%s is no DKIM record", name).publish(name, want)
	case t["p"] == "":
		return found("dkim", Fail, "%s says that its key was revoked; publish the key, or sign with another selector", name).publish(name, want)
	case !bytes.Equal(at, public) || t["k"] != "" && t["k"] != kind:
		return found("dkim", Fail, "%s has another key than this selector's%s", name, other).publish(name, want)
	case t["h"] != "" && !strings.Contains(t["h"], "sha256"):
		return found("dkim", Fail, "%s admits %s alone, and mail is signed with sha256; leave h= out", name, t["h"]).publish(name, want)
	case strings.Contains(t["t"], "y"):
		return found("dkim", Warn, "%s says that it is a test (t=y); leave that out when mail verifies", name).publish(name, want)
	}
	return found("dkim", OK, "%s has the key", name)
}

// sight is record, in one word too. A record in a test is seen all the same:
// receivers verify by it.
func (c check) sight(k akkoord.DomainKey) (akkoord.DomainSight, Finding) {
	f := c.record(k)
	switch {
	case f.Verdict == Fail:
		return akkoord.RecordWrong, f
	case f.unknown:
		return akkoord.RecordUnknown, f
	}
	return akkoord.RecordRight, f
}

// published gives the type and the public half of a key as a record has them
// (RFC 6376 §3.6.1, RFC 8463 §4).
func published(k mailer.DKIMKey) (kind akkoord.DomainKeyKind, public []byte) {
	switch p := k.Public().(type) {
	case *rsa.PublicKey:
		public, _ = x509.MarshalPKIXPublicKey(p) // an RSA key always can be
		return akkoord.DomainKeyRSA, public
	case ed25519.PublicKey:
		return akkoord.DomainKeyEd25519, p
	}
	return "", nil
}
