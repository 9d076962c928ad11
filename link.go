package akkoord

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"hash"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// LinkKind is what a signed link lets its holder do. Each kind is an audience
// of its own with keys of its own, so that no link works in another's place
// (RFC 8725 §3.8, requirements-mail G.4).
type LinkKind string

// The kinds of signed links.
const (
	LinkConfirm     LinkKind = "confirm"     // agree to what was asked for (M6)
	LinkUnsubscribe LinkKind = "unsubscribe" // leave; never expires (M11)
	LinkPreferences LinkKind = "preferences" // see and change one's own choices (M14)
	LinkView        LinkKind = "view"        // read a mail as a web page
	LinkUndo        LinkKind = "undo"        // take back a leaving just done
	LinkOwnData     LinkKind = "your-data"   // like preferences, mailed on request (Art. 15 GDPR)
	LinkAddress     LinkKind = "address"     // agree to a new address (M21)
	LinkKeep        LinkKind = "keep"        // say that one still wants a purpose (M18)
	LinkClick       LinkKind = "click"       // follow a link of a mail, by its number (M16)
)

// Link is what a signed link says. It holds no address and no name. Purpose,
// campaign and mailing are the internal numbers, so that leaving works when
// the campaign or even the person's row is gone.
type Link struct {
	Kind       LinkKind
	Subscriber ID
	Request    ID        // confirm: the sign-up that asked
	Purpose    int64     // unsubscribe, undo, keep
	Campaign   int64     // unsubscribe, view, undo
	Mailing    int64     // unsubscribe, view, undo
	Target     int64     // click: the link of the mailing
	At         time.Time // undo: the time of the leaving that it takes back
	Expires    time.Time // zero: never
	Issued     time.Time // set by Read: when it was signed, to the second
}

const linkIssuer = "akkoord"

// life gives how long a link of a kind lives; 0 means for ever.
func (k LinkKind) life() time.Duration {
	switch k {
	case LinkConfirm:
		return Limits.ConfirmWindow
	case LinkUndo:
		return Limits.UndoWindow
	case LinkOwnData, LinkAddress:
		return Limits.OwnWindow
	case LinkKeep:
		return Limits.KeepWindow
	}
	return 0
}

// Links signs and reads links: JWTs with HS256. A key and its algorithm are
// chosen by the whole header from a closed map: what has another header than
// those that were signed here is no link (RFC 7519, RFC 8725 §3.1).
type Links struct{ set atomic.Pointer[linkSet] }

// linkSet is what a keyring's keys come to. It never changes.
type linkSet struct {
	signers map[LinkKind][]*linkSigner     // newest first
	keys    map[LinkKind]map[string][]byte // by encoded header
}

// linkSigner signs the tokens of one kind.
type linkSigner struct {
	from  time.Time // when it begins to, while there is an older one
	head  string    // the encoded header with its dot
	spare sync.Pool
}

// linkDraft is what a token is made with. A keyed hash that is reset costs a
// third of a new one, and a campaign mail holds three tokens.
type linkDraft struct {
	mac                hash.Hash // HMAC-SHA-256 with the key of the kind
	claims, token, sum []byte
}

func newLinkSigner(s SigningKey, key []byte) *linkSigner {
	return &linkSigner{
		from:  s.Created.Add(SigningDelay),
		head:  linkHead(s.ID),
		spare: sync.Pool{New: func() any { return &linkDraft{mac: hmac.New(sha256.New, key)} }},
	}
}

// linkHead gives the encoded header of links signed with a key, with its dot.
func linkHead(kid string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT","kid":`+strconv.Quote(kid)+`}`)) + "."
}

// SigningDelay is how long after it was made a key begins to sign, so that all
// nodes know it by then. Where there is no older key it signs at once.
const SigningDelay = 5 * time.Minute

// Links makes the signer and reader of a keyring's links.
func (k *Keyring) Links() *Links {
	l := &Links{}
	l.Renew(k)
	return l
}

// Renew goes over to the keys of a keyring, for all that sign or read from now on.
func (l *Links) Renew(k *Keyring) {
	set := &linkSet{signers: map[LinkKind][]*linkSigner{}, keys: map[LinkKind]map[string][]byte{}}
	for _, kind := range []LinkKind{LinkConfirm, LinkUnsubscribe, LinkPreferences, LinkView, LinkUndo, LinkOwnData, LinkAddress, LinkKeep, LinkClick} {
		set.keys[kind] = map[string][]byte{}
		for _, s := range slices.Backward(k.signing) {
			key := derive(s.Secret, "link/"+string(kind))
			set.keys[kind][linkHead(s.ID)] = key
			set.signers[kind] = append(set.signers[kind], newLinkSigner(s, key))
		}
	}
	l.set.Store(set)
}

// signer gives what signs links of a kind now: the newest key that has begun to,
// else the oldest.
func (l *Links) signer(kind LinkKind, now time.Time) *linkSigner {
	all := l.set.Load().signers[kind]
	for _, s := range all {
		if !now.Before(s.from) {
			return s
		}
	}
	return all[len(all)-1]
}

// Sign gives the token of a link issued now.
func (l *Links) Sign(link Link, now time.Time) string { return string(l.Append(nil, link, now)) }

// Append appends the token of a link issued now to dst. Claims and signature
// are written here, jwt reads them.
func (l *Links) Append(dst []byte, link Link, now time.Time) []byte {
	s := l.signer(link.Kind, now)
	d := s.spare.Get().(*linkDraft)
	defer s.spare.Put(d)
	d.claims = link.appendClaims(d.claims[:0], now)
	d.token = base64.RawURLEncoding.AppendEncode(append(d.token[:0], s.head...), d.claims)
	d.mac.Reset()
	d.mac.Write(d.token)
	d.sum = d.mac.Sum(d.sum[:0])
	d.token = base64.RawURLEncoding.AppendEncode(append(d.token, '.'), d.sum)
	return append(dst, d.token...)
}

// appendClaims writes what a link issued now says, as JSON.
func (link *Link) appendClaims(c []byte, now time.Time) []byte {
	c = append(c, `{"iss":"`+linkIssuer+`","aud":"`...)
	c = append(c, link.Kind...)
	c = append(c, `","sub":"`...)
	c = link.Subscriber.Append(c)
	c = append(c, `","iat":`...)
	c = strconv.AppendInt(c, now.Unix(), 10)
	expires := link.Expires
	if life := link.Kind.life(); expires.IsZero() && life > 0 {
		expires = now.Add(life)
	}
	if !expires.IsZero() {
		c = append(c, `,"exp":`...)
		c = strconv.AppendInt(c, expires.Unix(), 10)
	}
	if !link.Request.IsZero() {
		c = append(c, `,"r":"`...)
		c = append(link.Request.Append(c), '"')
	}
	c = appendClaim(c, `,"p":`, link.Purpose)
	c = appendClaim(c, `,"c":`, link.Campaign)
	c = appendClaim(c, `,"m":`, link.Mailing)
	c = appendClaim(c, `,"l":`, link.Target)
	if !link.At.IsZero() {
		c = appendClaim(c, `,"t":`, link.At.UnixMicro())
	}
	return append(c, '}')
}

func appendClaim(c []byte, name string, n int64) []byte {
	if n == 0 {
		return c
	}
	return strconv.AppendInt(append(c, name...), n, 10)
}

type linkClaims struct {
	Issuer   string `json:"iss"`
	Audience string `json:"aud"`
	Subject  string `json:"sub"`
	IssuedAt int64  `json:"iat"`
	Expires  int64  `json:"exp"`
	Request  string `json:"r"`
	Purpose  int64  `json:"p"`
	Campaign int64  `json:"c"`
	Mailing  int64  `json:"m"`
	Target   int64  `json:"l"`
	At       int64  `json:"t"`
}

var errLink = Errorf(NotFound, "link_invalid", "This link is not complete or no longer valid. Open the mail again and press the button there.")

// linkLeeway is by how much the clocks of two nodes may differ.
const linkLeeway = time.Minute

// Read checks a token against the kind that its route expects. Every failure
// is the same NotFound error (requirements-mail G.8), but for a genuine link
// past its time: then the error is Expired and the link is given as well.
func (l *Links) Read(kind LinkKind, token string, now time.Time) (Link, error) {
	claims, ok := l.verify(kind, token)
	if !ok || claims.Issuer != linkIssuer || claims.Audience != string(kind) || now.Add(linkLeeway).Before(time.Unix(claims.IssuedAt, 0)) {
		return Link{}, errLink
	}
	link := Link{Kind: kind, Issued: time.Unix(claims.IssuedAt, 0).UTC(), Purpose: claims.Purpose, Campaign: claims.Campaign, Mailing: claims.Mailing, Target: claims.Target}
	var err error
	if link.Subscriber, err = ParseID(claims.Subject); err != nil {
		return Link{}, errLink
	}
	if claims.Request != "" {
		if link.Request, err = ParseID(claims.Request); err != nil {
			return Link{}, errLink
		}
	}
	if claims.At != 0 {
		link.At = time.UnixMicro(claims.At).UTC()
	}
	if claims.Expires == 0 {
		if kind.life() > 0 {
			return Link{}, errLink
		}
		return link, nil
	}
	link.Expires = time.Unix(claims.Expires, 0).UTC()
	if !now.Before(link.Expires.Add(linkLeeway)) {
		return link, Errorf(Expired, "link_expired", "This link has expired. Ask for a new mail, or sign up again.")
	}
	return link, nil
}

// verify gives what a token says when it was signed here for a kind.
func (l *Links) verify(kind LinkKind, token string) (claims linkClaims, ok bool) {
	head, last := strings.IndexByte(token, '.')+1, strings.LastIndexByte(token, '.')
	if len(token) > Limits.Token || head == 0 || last < head {
		return claims, false
	}
	key, known := l.set.Load().keys[kind][token[:head]]
	if !known {
		return claims, false
	}
	signature, err := base64.RawURLEncoding.Strict().DecodeString(token[last+1:])
	if err != nil || jwt.SigningMethodHS256.Verify(token[:last], signature, key) != nil {
		return claims, false
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(token[head:last])
	return claims, err == nil && json.Unmarshal(text, &claims) == nil
}
