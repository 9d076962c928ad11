package api

import (
	"context"
	"strings"

	"akkoord"
)

// SigningKeys are those that sign links, in the key file of the server (P26).
type SigningKeys interface {
	// Rotate adds a key, ends the one with the id revoke where that is not empty,
	// and gives those that are left, oldest first. A key that is not there is
	// NotFound, a file that can't be written Conflict.
	Rotate(revoke string) ([]akkoord.SigningKey, error)
}

// rotation is the body of POST /keys/rotate.
type rotation struct {
	Reason  string `json:"reason" doc:"Kept in the audit trail."`
	Revoke  string `json:"revoke,omitempty" doc:"Id of a key that is in wrong hands: every link that it signed is dead at once and for good, those to leave too."`
	Confirm string `json:"confirm,omitempty" doc:"The same id once more, since it can't be taken back."`
}

// signingKeys are the keys as the API shows them.
type signingKeys struct {
	Keys    []signingKey `json:"keys" doc:"Oldest first. All verify; the newest signs from signs_from on."`
	Revoked *string      `json:"revoked"`
}

type signingKey struct {
	ID        string `json:"id"`
	CreatedAt *Time  `json:"created_at"`
	SignsFrom *Time  `json:"signs_from" doc:"By then each node has read the key file anew. The only key signs at once."`
}

// rotateKeys makes a new key that signs links, and ends one that is in wrong
// hands.
func (a *API) rotateKeys(ctx context.Context, in *struct{ Body rotation }) (signingKeys, error) {
	b := in.Body
	if strings.TrimSpace(b.Reason) == "" {
		return signingKeys{}, akkoord.Fieldf("reason", "reason_missing", "Say why a new key is made; it is kept on record.")
	}
	if err := akkoord.CheckText("reason", b.Reason, akkoord.Limits.Text); err != nil {
		return signingKeys{}, err
	}
	if b.Confirm != b.Revoke {
		return signingKeys{}, akkoord.Fieldf("confirm", "confirm_differs", "Give the id of the key that ends once more: every link that it signed will be dead, and that can't be taken back.")
	}
	keys, err := a.cfg.SigningKeys.Rotate(b.Revoke)
	if akkoord.KindOf(err) == akkoord.NotFound {
		return signingKeys{}, akkoord.Fieldf("revoke", "key_unknown", "There is no signing key with this id.")
	}
	if err != nil {
		return signingKeys{}, err
	}
	out := signingKeys{Revoked: orNil(b.Revoke)}
	for _, k := range keys {
		out.Keys = append(out.Keys, signingKey{k.ID, when(k.Created), when(k.Created.Add(akkoord.SigningDelay))})
	}
	note := "signs now: " + keys[len(keys)-1].ID
	if b.Revoke != "" {
		note += "; revoked: " + b.Revoke
	}
	return out, a.audit(ctx, "keys.rotate", "keys", note+"; "+b.Reason)
}
