package akkoord

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrBundle is wrapped by every finding of VerifyBundle.
var ErrBundle = errors.New("the evidence does not verify")

// maxBundle is how many bytes a bundle's members may have together, so that a
// forged one can't fill the memory.
const maxBundle = 512 << 20

// VerifyBundle checks a bundle by itself (M30): signature and digests of its
// members, commitments, texts, and the chain of the ledger to signed heads.
// passed is told each check that was passed. pinned is the fingerprint of the
// key that must have signed, or empty. The first thing that is wrong is an
// error that wraps ErrBundle and names the member.
func VerifyBundle(file io.ReaderAt, size int64, pinned string, passed func(check string)) error {
	c := bundleCheck{passed: passed}
	if err := c.open(file, size); err != nil {
		return err
	}
	for _, part := range []func() error{
		func() error { return c.signature(pinned) }, c.members, c.read, c.copies, c.heads, c.person, c.evidence, c.texts, c.chain,
	} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

type bundleCheck struct {
	passed   func(string)
	files    map[string][]byte
	key      ed25519.PublicKey
	manifest bundleManifestFile
	bundle   Bundle
	signed   map[int64]Sum // hash by line of heads that verify
	lines    map[int64]*BundleLine
}

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrBundle}, args...)...)
}

func (c *bundleCheck) pass(format string, args ...any) { c.passed(fmt.Sprintf(format, args...)) }

func (c *bundleCheck) open(file io.ReaderAt, size int64) error {
	z, err := zip.NewReader(file, size)
	if err != nil {
		return bad("the file is no zip file, or was cut short")
	}
	c.files = map[string][]byte{}
	left := int64(maxBundle)
	for _, f := range z.File {
		if _, twice := c.files[f.Name]; twice {
			return bad("%s is in it twice", f.Name)
		}
		r, err := f.Open()
		if err != nil {
			return bad("%s can't be read: %v", f.Name, err)
		}
		data, err := io.ReadAll(io.LimitReader(r, left+1))
		if err = errors.Join(err, r.Close()); err != nil {
			return bad("%s was altered or cut short: it can't be read (%v)", f.Name, err)
		}
		if left -= int64(len(data)); left < 0 {
			return bad("its members are larger than %d bytes", maxBundle)
		}
		c.files[f.Name] = data
	}
	for _, name := range []string{bundleManifest, bundleSignature, bundleKey} {
		if len(c.files[name]) == 0 {
			return bad("%s is missing", name)
		}
	}
	return nil
}

// signature checks who vouches for the manifest.
func (c *bundleCheck) signature(pinned string) error {
	manifest := c.files[bundleManifest]
	listed := json.Unmarshal(manifest, &c.manifest) == nil
	var err error
	if c.key, err = parsePublicKey(c.files[bundleKey]); err != nil {
		return bad("%s was altered: it is no Ed25519 public key as Akkoord writes it", bundleKey)
	}
	if !ed25519.Verify(c.key, manifest, c.files[bundleSignature]) {
		if !listed {
			return bad("%s was altered: it is no JSON, and its signature does not fit", bundleManifest)
		}
		for _, m := range c.manifest.Members {
			if m.Name == bundleKey && m.SHA256 != sha256.Sum256(c.files[bundleKey]) {
				return bad("%s was altered: it is not the key that %s names", bundleKey, bundleManifest)
			}
		}
		return bad("the signature %s does not fit %s: one of them was altered", bundleSignature, bundleManifest)
	}
	if !listed || c.manifest.Format != bundleFormat {
		return bad("%s is of a format that this program does not know", bundleManifest)
	}
	fingerprint := KeyFingerprint(c.key)
	if pinned != "" && !strings.EqualFold(pinned, fingerprint) {
		return bad("it was signed with another key: the fingerprint of its key is %s, and the one that was given differs", fingerprint)
	}
	c.pass("key: the manifest of %s is signed with the key %s", c.manifest.MadeAt, fingerprint)
	return nil
}

// parsePublicKey reads a key written as encodePublicKey writes it, to the byte.
func parsePublicKey(text []byte) (ed25519.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("no Ed25519 key")
	}
	if again, err := encodePublicKey(key); err != nil || !bytes.Equal(again, text) {
		return nil, errors.New("written otherwise")
	}
	return key, nil
}

// members checks that all that the manifest names is there, unaltered, and
// nothing else.
func (c *bundleCheck) members() error {
	listed := map[string]bool{bundleManifest: true, bundleSignature: true}
	for _, m := range c.manifest.Members {
		data, ok := c.files[m.Name]
		if !ok {
			return bad("%s is missing", m.Name)
		}
		if len(data) != m.Size || sha256.Sum256(data) != m.SHA256 {
			return bad("%s was altered: it is not what %s names", m.Name, bundleManifest)
		}
		listed[m.Name] = true
	}
	for name := range c.files {
		if !listed[name] {
			return bad("%s was added: %s does not name it", name, bundleManifest)
		}
	}
	c.pass("members: all %d are there, unaltered", len(c.files))
	return nil
}

func (c *bundleCheck) read() error {
	for _, part := range c.bundle.parts() {
		data, ok := c.files[part.name]
		if !ok {
			return bad("%s is missing", part.name)
		}
		if err := json.Unmarshal(data, part.v); err != nil {
			return bad("%s can't be read: %v", part.name, err)
		}
	}
	return nil
}

// copies holds the mails as sent to what mails.json says of them.
func (c *bundleCheck) copies() error {
	n := 0
	for _, m := range c.bundle.Mails.SignUps {
		if m.Copy == "" {
			continue
		}
		data, ok := c.files[m.Copy]
		if !ok || m.SHA256 == nil || len(data) != m.Size || *m.SHA256 != Sum(sha256.Sum256(data)) {
			return bad("%s is not the mail of which mails.json has the digest", m.Copy)
		}
		n++
	}
	c.pass("mails: %d mails are those that mails.json has a digest of", n)
	return nil
}

func (c *bundleCheck) heads() error {
	c.signed = map[int64]Sum{}
	for _, h := range c.bundle.Heads {
		head := Head{Seq: h.Seq, Hash: h.Hash, At: h.At.Time, Signature: h.Signature}
		if !head.Verify(c.key) {
			return bad("heads.json: the signature of the head of line %d does not fit", h.Seq)
		}
		c.signed[h.Seq] = h.Hash
	}
	c.pass("heads: the signatures of %d heads of the ledger fit", len(c.signed))
	return nil
}

// person checks that all lines are about the one person.
func (c *bundleCheck) person() error {
	c.lines = map[int64]*BundleLine{}
	last := int64(0)
	for i := range c.bundle.Lines {
		l := &c.bundle.Lines[i]
		if l.SubscriberID != c.bundle.Person.Number || l.SubscriberID == 0 {
			return bad("events.json: line %d is not of the person", l.Seq)
		}
		if l.Seq <= last {
			return bad("events.json: line %d follows line %d", l.Seq, last)
		}
		last = l.Seq
		c.lines[l.Seq] = l
	}
	if last == 0 {
		return bad("events.json holds no line")
	}
	c.pass("person: %d lines are about person %s", len(c.lines), c.bundle.Person.Person.ID)
	return nil
}

// evidence computes the commitment of each line again.
func (c *bundleCheck) evidence() error {
	salt, err := hex.DecodeString(c.bundle.Secrets.Salt)
	if err != nil || len(salt) == 0 {
		return bad("evidence.json: the salt can't be read")
	}
	if len(c.bundle.Secrets.Lines) != len(c.lines) {
		return bad("evidence.json does not have each line of events.json once")
	}
	done := map[int64]bool{}
	whole := 0
	for _, s := range c.bundle.Secrets.Lines {
		l := c.lines[s.Seq]
		if l == nil || done[s.Seq] {
			return bad("evidence.json does not have each line of events.json once")
		}
		done[s.Seq] = true
		mac := hmac.New(sha256.New, salt)
		mac.Write([]byte(s.Covered))
		if Sum(mac.Sum(nil)) != l.Commitment {
			return bad("evidence.json: what line %d says of address, network and program is not what the ledger committed to", s.Seq)
		}
		if s.WholeIP.Address == "" {
			continue
		}
		var e Evidence
		if json.Unmarshal([]byte(s.Covered), &e) != nil || !s.WholeIP.Fits(e) {
			return bad("evidence.json: the IP address of line %d is not the one that the ledger committed to a digest of", s.Seq)
		}
		whole++
	}
	c.pass("evidence: the commitments of all %d lines were computed again, and the digests of %d IP addresses", len(done), whole)
	return nil
}

// texts holds the texts that were agreed to to the ledger's digests of them.
func (c *bundleCheck) texts() error {
	type version struct {
		purpose int64
		version int
	}
	have := map[version]bool{}
	for i := range c.bundle.Texts.Purposes {
		t := &c.bundle.Texts.Purposes[i]
		l := &t.Line
		var covered PurposeText
		if Sum(sha256.Sum256([]byte(t.Covered))) != l.Commitment || json.Unmarshal([]byte(t.Covered), &covered) != nil || covered != t.Text {
			return bad("texts.json: version %d (%s) of the texts of purpose %s is not the one that the ledger has a digest of", t.Version, t.Locale, t.Slug)
		}
		if l.Kind != Worded || l.PurposeID != t.PurposeID || l.WordingVersion != t.Version || l.Locale != t.Locale || c.lines[l.Seq] != nil {
			return bad("texts.json: line %d is not about version %d (%s) of the texts of purpose %s", l.Seq, t.Version, t.Locale, t.Slug)
		}
		c.lines[l.Seq] = l
		have[version{t.PurposeID, t.Version}] = true
	}
	for _, l := range c.bundle.Lines {
		if l.WordingVersion != 0 && l.PurposeID != 0 && !have[version{l.PurposeID, l.WordingVersion}] {
			return bad("texts.json lacks version %d of the texts of purpose %d, which line %d names", l.WordingVersion, l.PurposeID, l.Seq)
		}
	}
	c.pass("texts: %d texts are those that the ledger has a digest of", len(c.bundle.Texts.Purposes))
	return nil
}

// chain leads every line to a signed head.
func (c *bundleCheck) chain() error {
	proven, passed := 0, 0
	for _, run := range c.bundle.Chain {
		seq, last := run.AfterSeq, run.AfterHash
		if hash, ok := c.signed[seq]; seq != 0 && (!ok || hash != last) || seq == 0 && last != (Sum{}) {
			return bad("chain.json: a run begins after line %d, which no head of heads.json signs", seq)
		}
		for _, digest := range run.Digests {
			seq++
			next := Sum(ChainDigest(last, digest))
			if l := c.lines[seq]; l != nil {
				e := l.Event()
				if Sum(e.Digest()) != digest || l.Previous != last || l.Hash != next {
					return bad("line %d is not the one in the ledger: it was altered", seq)
				}
				delete(c.lines, seq)
				proven++
			}
			last = next
			passed++
		}
		if hash, ok := c.signed[seq]; !ok || hash != last {
			return bad("chain.json: the run to line %d does not lead to a signed head", seq)
		}
	}
	for seq := range c.lines {
		return bad("chain.json does not lead past line %d", seq)
	}
	c.pass("chain: %d lines lead over %d of the ledger to signed heads", proven, passed)
	return nil
}
