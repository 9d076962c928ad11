package api

import (
	"context"
	"encoding/base64"
	"encoding/hex"

	"akkoord/server/trail"
)

// head is the signed head of the ledger: whoever keeps one can later tell
// whether the lines up to it were altered.
type head struct {
	Seq       int64  `json:"seq"`
	Hash      string `json:"hash" doc:"SHA-256 in hexadecimal."`
	At        *Time  `json:"at"`
	Signature string `json:"signature" doc:"Ed25519 (RFC 8032), in base64."`
	Key       string `json:"key_fingerprint" doc:"SHA-256 of the public key that signed, in hexadecimal."`
}

func (a *API) readHead(ctx context.Context, _ *struct{}) (head, error) {
	h, err := a.cfg.Store.SignHead(ctx)
	return head{h.Seq, hex.EncodeToString(h.Hash[:]), when(h.At), base64.StdEncoding.EncodeToString(h.Signature), a.cfg.KeyFingerprint}, err
}

// verification is what a check of the whole ledger came to.
type verification struct {
	Verified bool   `json:"verified"`
	Lines    int64  `json:"lines" doc:"How many lines of the ledger were checked; of one that does not verify, 0."`
	Problem  string `json:"problem" doc:"Which line does not verify, and why; empty where all do."`
	At       *Time  `json:"at"`
}

// verifyLedger checks the ledger from its first line, as akkoord ledger verify does.
func (a *API) verifyLedger(ctx context.Context, _ *struct{}) (verification, error) {
	head, problem, err := trail.VerifyLedger(ctx, a.cfg.Store, caller(ctx).Actor())
	return verification{Verified: problem == "", Lines: head.Seq, Problem: problem, At: when(a.cfg.Now())}, err
}
