package akkoord

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	_ "embed" // the bundle's README
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// Bundle is the proof of one person's dealings: what they did, when, having
// seen which texts, what was mailed under it, and that none of it was altered
// since (M30, Art. 7(1) GDPR). docs/evidence.md describes its members.
type Bundle struct {
	MadeAt  time.Time
	Person  BundlePerson
	Lines   []BundleLine // of the person, oldest first
	Secrets BundleSecrets
	Texts   BundleTexts
	Mails   BundleMails
	Heads   []BundleHead
	Chain   []BundleRun

	Fingerprint string       // of the key that signs it
	Pages       []BundlePage // what people read, made of the rest
}

// BundlePage is a member that people read. The proof is in the others.
type BundlePage struct {
	Name string
	Data []byte
}

// BundlePages makes the pages of a bundle that is complete but for them.
type BundlePages func(*Bundle) ([]BundlePage, error)

// BundlePerson is whom a bundle is about, in person.json.
type BundlePerson struct {
	Number        int64                `json:"number"` // as lines of the ledger name them
	Person        PersonData           `json:"person"`
	Consents      []ConsentRecord      `json:"consents"`
	CampaignsLeft []CampaignLeftRecord `json:"campaigns_left"`
	Suppressions  []SuppressionRecord  `json:"suppressions"`
}

// Sum is a SHA-256 hash, written as 64 lower-case hexadecimal digits.
type Sum [sha256.Size]byte

// MarshalText writes the hash.
func (s Sum) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, s[:]), nil }

// UnmarshalText reads the hash.
func (s *Sum) UnmarshalText(b []byte) error {
	if n, err := hex.Decode(s[:], b[:min(len(b), 2*len(s))]); err != nil || n != len(s) || len(b) != 2*len(s) {
		return fmt.Errorf("%q is no SHA-256 hash", b)
	}
	return nil
}

// BundleLine is a line of the ledger with every field that its hash covers.
type BundleLine struct {
	Seq            int64     `json:"seq"`
	At             Moment    `json:"at"`
	Kind           EventKind `json:"kind"`
	SubscriberID   int64     `json:"subscriber_id"`
	PurposeID      int64     `json:"purpose_id"`
	CampaignID     int64     `json:"campaign_id"`
	MailingID      int64     `json:"mailing_id"`
	Request        ID        `json:"request"`
	FormVersionID  int64     `json:"form_version_id"`
	WordingVersion int       `json:"wording_version"`
	PrivacyVersion int       `json:"privacy_version"`
	Locale         string    `json:"locale"`
	Source         string    `json:"source"`
	Actor          Actor     `json:"actor"`
	Commitment     Sum       `json:"commitment"`
	Previous       Sum       `json:"previous_hash"`
	Hash           Sum       `json:"hash"`
	Names          LineNames `json:"names,omitzero"`
}

// LineNames says what some numbers of a line stand for. No hash covers them.
type LineNames struct {
	Purpose  string `json:"purpose,omitempty"`
	Campaign string `json:"campaign,omitempty"`
	Actor    string `json:"actor,omitempty"`
}

// BundleFault says of a bundle that could not be made because the record does
// not verify that it is so; any other error stays as it is.
func BundleFault(err error) error {
	if !errors.Is(err, ErrBundle) {
		return err
	}
	return errors.Join(Errorf(Conflict, "record_altered",
		"The record of this person does not verify, so no proof of it can be given. Run akkoord ledger verify to see what was altered."), err)
}

// NewBundleLine shows an event whole.
func NewBundleLine(e Event) BundleLine {
	return BundleLine{
		Seq: e.Seq, At: Moment{e.At}, Kind: e.Kind, SubscriberID: e.SubscriberID, PurposeID: e.PurposeID, CampaignID: e.CampaignID,
		MailingID: e.MailingID, Request: e.Request, FormVersionID: e.FormVersionID, WordingVersion: e.WordingVersion,
		PrivacyVersion: e.PrivacyVersion, Locale: e.Locale, Source: e.Source, Actor: e.Actor, Commitment: e.Commitment, Hash: e.Hash,
	}
}

// Event gives the line as the ledger has it.
func (l *BundleLine) Event() Event {
	return Event{
		Seq: l.Seq, At: l.At.Time, Kind: l.Kind, SubscriberID: l.SubscriberID, PurposeID: l.PurposeID, CampaignID: l.CampaignID,
		MailingID: l.MailingID, Request: l.Request, FormVersionID: l.FormVersionID, WordingVersion: l.WordingVersion,
		PrivacyVersion: l.PrivacyVersion, Locale: l.Locale, Source: l.Source, Actor: l.Actor, Commitment: l.Commitment, Hash: l.Hash,
	}
}

// BundleSecrets is what the commitments of the person's lines are made of, in
// evidence.json: each is HMAC-SHA-256 over Covered with the salt as key.
type BundleSecrets struct {
	Salt  string       `json:"salt"` // hexadecimal
	Lines []SecretLine `json:"lines"`
}

// SecretLine is the personal part of a line, as its commitment covers it.
type SecretLine struct {
	Seq     int64   `json:"seq"`
	Covered string  `json:"covered"`
	WholeIP WholeIP `json:"whole_ip,omitzero"` // of which Covered has a digest, while it is kept (F.7)
}

// BundleTexts is what the person could read, in texts.json.
type BundleTexts struct {
	SignUps  []BundleSignUp  `json:"sign_ups"`
	Purposes []BundleText    `json:"purposes"`
	Forms    []BundleForm    `json:"forms"`
	Privacy  []BundlePrivacy `json:"privacy_statements"`
}

// BundleSignUp is what the form of one sign-up showed and what was ticked.
type BundleSignUp struct {
	Seq           int64       `json:"seq"` // its first line
	At            Moment      `json:"at"`
	Request       ID          `json:"request"`
	FormVersionID int64       `json:"form_version_id"`
	Locale        string      `json:"locale"`
	Boxes         []BundleBox `json:"boxes"`
}

// BundleBox is a box of a form. That of a purpose which was agreed to already
// leaves no line, ticked or not.
type BundleBox struct {
	Purpose string `json:"purpose"`
	Version int    `json:"wording_version"` // in force at the time
	Ticked  bool   `json:"ticked"`
}

// BundleText is one version of a purpose's texts in one language. The
// commitment of its line is SHA-256 over Covered, which holds the same text.
type BundleText struct {
	PurposeID int64       `json:"purpose_id"`
	Slug      string      `json:"purpose"`
	Version   int         `json:"version"`
	Locale    string      `json:"locale"`
	Text      PurposeText `json:"text"`
	Covered   string      `json:"covered"`
	Line      BundleLine  `json:"line"`
}

// BundleForm is one version of a form as it was shown.
type BundleForm struct {
	ID        int64               `json:"form_version_id"`
	Slug      string              `json:"form"`
	Number    int                 `json:"number"`
	CreatedAt Moment              `json:"created_at"`
	Purposes  []string            `json:"purposes"` // boxes in their order; none is ever pre-ticked
	Interests []string            `json:"interests"`
	Asks      []FormAttribute     `json:"attributes,omitempty"` // what was filled in is evidence of the lines
	Tracking  bool                `json:"tracking,omitempty"`   // a box of its own let clicks be counted; whether it was ticked is evidence of the lines too
	Texts     map[string]FormText `json:"texts"`
}

// BundlePrivacy is one version of the privacy statement.
type BundlePrivacy struct {
	Version int             `json:"version"`
	Since   Moment          `json:"since"`
	Facts   json.RawMessage `json:"facts"`
}

// BundleMails is what was mailed to the person, in mails.json.
type BundleMails struct {
	SignUps   []SignUpMail   `json:"sign_up_mails"` // those without a copy of the last month alone
	Campaigns []CampaignMail `json:"campaign_mails"`
}

// SignUpMail is a mail that a sign-up caused.
type SignUpMail struct {
	Mail      SystemMail `json:"mail"`
	Request   ID         `json:"request"`
	MessageID string     `json:"message_id_begins"` // up to the @
	Locale    string     `json:"locale"`
	AskedAt   Moment     `json:"asked_at"`
	FirstAt   Moment     `json:"first_at"`
	DoneAt    Moment     `json:"done_at"`
	Attempts  int        `json:"attempts"`
	Code      string     `json:"code"`
	Size      int        `json:"size,omitempty"`          // bytes as sent
	SHA256    *Sum       `json:"sha256,omitempty"`        // of them
	Copy      string     `json:"copy,omitempty"`          // the member that holds them
	Withheld  Moment     `json:"withheld_until,omitzero"` // until when they are left out, since their link can still say yes
}

// CampaignMail is a mailing that was to go to the person, with its content.
type CampaignMail struct {
	DeliveryRecord
	MessageID string `json:"message_id_begins"` // up to the @
	Purpose   string `json:"purpose"`
	Subject   string `json:"subject"`
	Preheader string `json:"preheader,omitempty"`
	Markdown  string `json:"markdown,omitempty"`
	HTML      string `json:"html,omitempty"`
	Blocks    string `json:"blocks,omitempty"` // as FormatBlocks writes them
	// Languages are all translations of the mailing. The fields above say what the
	// person gets in the language that they have now.
	Languages map[string]Translation `json:"languages,omitempty"`
}

// BundleHead is a signed head of the ledger, in heads.json.
type BundleHead struct {
	Seq       int64  `json:"seq"`
	Hash      Sum    `json:"hash"`
	At        Moment `json:"at"`
	Signature []byte `json:"signature"` // base64
}

// BundleRun leads from a signed head, or from the ledger's beginning, line by
// line to a later signed head, in chain.json.
type BundleRun struct {
	AfterSeq  int64 `json:"after_seq"`
	AfterHash Sum   `json:"after_hash"`
	Digests   []Sum `json:"digests"` // of the lines that follow, without gaps
}

// MailToken gives what stands before the @ of a mail's Message-ID: kind 'o'
// and the outbox row, or 'm' with mailing and person. key is
// Keyring.Derive("message-id").
func MailToken(key []byte, kind byte, a, b int64) string {
	mac := hmac.New(sha256.New, key)
	name := binary.BigEndian.AppendUint64([]byte{kind}, uint64(a))
	mac.Write(binary.BigEndian.AppendUint64(name, uint64(b)))
	return mailTokens.EncodeToString(mac.Sum(nil)[:20])
}

var mailTokens = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// The members of a bundle that say how the others are checked.
const (
	bundleManifest  = "manifest.json"
	bundleSignature = "manifest.sig"
	bundleKey       = "public-key.pem"
	bundleFormat    = "akkoord evidence 1"
)

//go:embed evidence_readme.txt
var bundleReadme []byte

// bundleManifestFile names every member but itself and its signature.
type bundleManifestFile struct {
	Format  string         `json:"format"`
	MadeAt  Moment         `json:"made_at"`
	Members []bundleMember `json:"members"`
}

type bundleMember struct {
	Name   string `json:"name"`
	Size   int    `json:"size"`
	SHA256 Sum    `json:"sha256"`
}

type namedPart struct {
	name string
	v    any
}

// Seal gives the bundle as a zip file, its manifest signed with the key that
// signs the heads of the ledger.
func (b *Bundle) Seal(key ed25519.PrivateKey) ([]byte, error) {
	public, err := encodePublicKey(key.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	manifest := bundleManifestFile{Format: bundleFormat, MadeAt: Moment{b.MadeAt}}
	add := func(name string, data []byte) error {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: b.MadeAt.UTC()})
		if err != nil {
			return err
		}
		manifest.Members = append(manifest.Members, bundleMember{name, len(data), sha256.Sum256(data)})
		_, err = w.Write(data)
		return err
	}
	if err := add("README.txt", bundleReadme); err != nil {
		return nil, err
	}
	for _, page := range b.Pages {
		if err := add(page.Name, page.Data); err != nil {
			return nil, err
		}
	}
	for _, part := range b.parts() {
		data, err := bundleJSON(part.v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part.name, err)
		}
		if err := add(part.name, data); err != nil {
			return nil, err
		}
	}
	if err := add(bundleKey, public); err != nil {
		return nil, err
	}
	data, err := bundleJSON(manifest)
	if err != nil {
		return nil, err
	}
	if err := add(bundleManifest, data); err != nil {
		return nil, err
	}
	if err := add(bundleSignature, ed25519.Sign(key, data)); err != nil {
		return nil, err
	}
	err = z.Close()
	return out.Bytes(), err
}

// parts are the members that hold the record.
func (b *Bundle) parts() []namedPart {
	return []namedPart{
		{"person.json", &b.Person}, {"events.json", &b.Lines}, {"evidence.json", &b.Secrets}, {"texts.json", &b.Texts},
		{"mails.json", &b.Mails}, {"heads.json", &b.Heads}, {"chain.json", &b.Chain},
	}
}

func bundleJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	err := enc.Encode(v)
	return out.Bytes(), err
}

func encodePublicKey(key ed25519.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), err
}

// KeyFingerprint gives SHA-256 over an Ed25519 key, in hexadecimal, by which
// people recognise it.
func KeyFingerprint(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:])
}
