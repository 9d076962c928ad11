package akkoord

import "encoding/json"

// PublishedHead is a signed head as it is handed to somebody outside, who
// keeps it: whoever keeps the ledger can't write another one then that nobody
// notices (M30, P25).
type PublishedHead struct {
	Format      string `json:"format"`
	Site        string `json:"site"` // whose ledger it is: AKKOORD_URL
	Seq         int64  `json:"seq"`
	Hash        Sum    `json:"hash"`
	At          Moment `json:"at"`
	Signature   []byte `json:"signature"` // base64
	Fingerprint string `json:"key_fingerprint"`
}

// Published gives the head with what tells a holder whose it is.
func (h Head) Published(site, fingerprint string) PublishedHead {
	return PublishedHead{
		Format: "akkoord ledger head 1", Site: site, Seq: h.Seq, Hash: h.Hash, At: Moment{h.At}, Signature: h.Signature, Fingerprint: fingerprint,
	}
}

// Line gives the head as one line of JSON, without its end.
func (p PublishedHead) Line() ([]byte, error) { return json.Marshal(p) }
