package mailer

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"strings"
)

// ReturnPath makes the envelope senders that reports come back to, one for
// each delivery and signed, so that a forged report finds nobody (VERP, mail
// rule J.1). Of the same kind are the addresses that mail to leaves (C.12).
type ReturnPath struct {
	local, domain string
	key           []byte
}

const verpTag = 8 // bytes of the signature

// NewReturnPath makes the return paths local+…@domain of the setting
// AKKOORD_RETURN_PATH, bounces@d. Key is akkoord.Keyring.Derive("return-path").
func NewReturnPath(address string, key []byte) *ReturnPath {
	at := strings.LastIndexByte(address, '@')
	return &ReturnPath{local: address[:at], domain: address[at+1:], key: key}
}

// Plain gives the address that no delivery is named in.
func (p *ReturnPath) Plain() string { return p.local + "@" + p.domain }

// Of gives the return path of one person's copy of a mailing.
func (p *ReturnPath) Of(mailing, subscriber int64) string {
	b := binary.AppendUvarint(nil, uint64(mailing))
	b = binary.AppendUvarint(b, uint64(subscriber))
	return p.local + "+" + idEncoding.EncodeToString(append(b, p.tag(b)...)) + "@" + p.domain
}

// Read gives the delivery that an address returned by Of names; false where it
// is not one of ours.
func (p *ReturnPath) Read(address string) (mailing, subscriber int64, ok bool) {
	rest, ok := strings.CutPrefix(strings.ToLower(address), strings.ToLower(p.local)+"+")
	if !ok {
		return 0, 0, false
	}
	text, ok := strings.CutSuffix(rest, "@"+strings.ToLower(p.domain))
	if !ok {
		return 0, 0, false
	}
	b, err := idEncoding.DecodeString(text)
	if err != nil || len(b) <= verpTag {
		return 0, 0, false
	}
	b, tag := b[:len(b)-verpTag], b[len(b)-verpTag:]
	if !hmac.Equal(tag, p.tag(b)) {
		return 0, 0, false
	}
	m, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, 0, false
	}
	s, k := binary.Uvarint(b[n:])
	return int64(m), int64(s), k > 0 && n+k == len(b)
}

func (p *ReturnPath) tag(b []byte) []byte {
	mac := hmac.New(sha256.New, p.key)
	mac.Write(b)
	return mac.Sum(nil)[:verpTag]
}

// ReportField is a field of a mail's header in which a sending service that
// puts a return path of its own on a mail takes ours, to name it in what it
// tells. Without a Name there is none.
type ReportField struct{ Name, Before, After string }

// append puts the field of one mail, as the first of its header, behind dst.
func (f ReportField) append(dst []byte, returnPath string) []byte {
	if f.Name == "" {
		return dst
	}
	dst = append(append(append(dst, f.Name...), ": "...), f.Before...)
	return append(append(append(dst, returnPath...), f.After...), "\r\n"...)
}
