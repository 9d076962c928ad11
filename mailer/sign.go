package mailer

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// signedFields are signed where present (mail rule E.4). Those with over set
// are named once more than they occur, so that adding one breaks the signature.
var signedFields = []struct {
	name string
	over bool
}{
	{"From", true}, {"To", true}, {"Subject", true}, {"Date", true}, {"Reply-To", true}, {"Content-Type", true},
	{"List-Unsubscribe", true}, {"List-Unsubscribe-Post", true},
	{"Cc", false}, {"Sender", false}, {"Message-ID", false}, {"MIME-Version", false}, {"Content-Transfer-Encoding", false},
	{"Content-Language", false}, {"List-ID", false}, {"Feedback-ID", false}, {"Auto-Submitted", false},
	{"X-Campaign", false}, {"X-Mailing", false}, {"CFBL-Address", false}, {"CFBL-Feedback-ID", false},
}

// Sign appends to dst a DKIM-Signature for each key and then msg, a whole
// message with CRLF line ends. msg must not lie in dst's spare room. Header and
// body are read once for all keys, both in relaxed form (RFC 6376, mail rule E.3).
func (s *Signer) Sign(dst, msg []byte) ([]byte, error) {
	header, body := cutHeader(msg)
	h := sha256.New()
	hashBody(h, body)
	at := strconv.FormatInt(s.now().Unix(), 10)
	bodyHash := base64.StdEncoding.EncodeToString(h.Sum(nil))
	names, signed := fieldsToSign(header)
	rest := len(signed)
	for _, k := range s.Keys() {
		from := len(dst)
		dst = append(dst, "DKIM-Signature: v=1; a="+k.algorithm()+"; c=relaxed/relaxed; t="+at+
			";\r\n s="+k.Selector+"; d="+s.domain+";\r\n bh="+bodyHash+";\r\n h="...)
		dst = append(appendNames(dst, names), ";\r\n b="...)
		signed = appendRelaxedField(signed[:rest], dst[from:])
		h.Reset()
		h.Write(signed)
		signature, err := k.sign(h.Sum(nil))
		if err != nil {
			return dst[:from], fmt.Errorf("dkim: sign for selector %s: %w", k.Selector, err)
		}
		dst = appendFolded(dst, base64.StdEncoding.EncodeToString(signature))
	}
	return append(dst, msg...), nil
}

// algorithm is the name of the key's kind in a signature (RFC 8301, RFC 8463).
func (k DKIMKey) algorithm() string {
	if _, ok := k.Public().(ed25519.PublicKey); ok {
		return "ed25519-sha256"
	}
	return "rsa-sha256"
}

// sign signs a SHA-256 hash. An Ed25519 key takes it as its message (RFC 8463
// section 3). Neither kind draws random numbers.
func (k DKIMKey) sign(sum []byte) ([]byte, error) {
	if _, ok := k.Public().(ed25519.PublicKey); ok {
		return k.signer.Sign(nil, sum, crypto.Hash(0))
	}
	return k.signer.Sign(nil, sum, crypto.SHA256)
}

// cutHeader gives the header of a message, and the body without the empty line
// before it.
func cutHeader(msg []byte) (header, body []byte) {
	if at := bytes.Index(msg, []byte("\r\n\r\n")); at >= 0 {
		return msg[:at+2], msg[at+4:]
	}
	return msg, nil
}

// fieldsToSign gives the h= list for a header, and the fields that it names in
// relaxed form: of those that occur several times the last one first (RFC 6376
// section 5.4.2).
func fieldsToSign(header []byte) (names []string, signed []byte) {
	places := make([][][]byte, len(signedFields)) // as in signedFields
	for len(header) > 0 {
		field := header[:fieldEnd(header)]
		header = header[len(field):]
		name, _, ok := bytes.Cut(field, []byte(":"))
		if i := placeOf(bytes.TrimRight(name, " \t")); ok && i >= 0 {
			places[i] = append(places[i], field)
		}
	}
	names, signed = make([]string, 0, 2*len(signedFields)), make([]byte, 0, 4096)
	for i, f := range signedFields {
		for _, field := range slices.Backward(places[i]) {
			names = append(names, f.name)
			signed = append(appendRelaxedField(signed, field), crlf...)
		}
		if f.over {
			names = append(names, f.name)
		}
	}
	return names, signed
}

// placeOf finds a field in signedFields; -1 if it is not signed.
func placeOf(name []byte) int {
	for i, f := range signedFields {
		if len(name) == len(f.name) && strings.EqualFold(string(name), f.name) {
			return i
		}
	}
	return -1
}

// fieldEnd is where the first field of a header ends, with its folded lines.
func fieldEnd(header []byte) int {
	for at := 0; ; {
		n := bytes.IndexByte(header[at:], '\n')
		if n < 0 {
			return len(header)
		}
		if at += n + 1; at == len(header) || !blank(header[at]) {
			return at
		}
	}
}

const signatureLine = 76 // columns of a DKIM-Signature's lines

// appendNames appends the h= list, folded where a name would go past the line.
func appendNames(dst []byte, names []string) []byte {
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ':')
		}
		if column(dst)+len(name) >= signatureLine {
			dst = append(dst, "\r\n "...)
		}
		dst = append(dst, name...)
	}
	return dst
}

// appendFolded appends the value of b=, on as many lines as it takes, and CRLF.
func appendFolded(dst []byte, signature string) []byte {
	for {
		n := min(len(signature), signatureLine-column(dst))
		dst, signature = append(dst, signature[:n]...), signature[n:]
		if signature == "" {
			return append(dst, crlf...)
		}
		dst = append(dst, "\r\n "...)
	}
}
