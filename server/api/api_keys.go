package api

import (
	"context"
	"crypto/rand"
	"time"

	"akkoord"
)

// newKey is the body of POST /api-keys.
type newKey struct {
	Name      string       `json:"name" doc:"What it is for."`
	Role      akkoord.Role `json:"role" enum:"owner,manager,editor,analyst,dpo,mail"`
	Reason    string       `json:"reason" doc:"Why the program needs access. Kept for good."`
	Purposes  []string     `json:"purposes,omitempty" doc:"Slugs: it may see the people of these purposes. Everybody where it is left out. Grants widen or end that later."`
	ExpiresAt time.Time    `json:"expires_at,omitempty" doc:"When it stops working; by itself never where it is left out."`
}

// apiKey is a key as the API shows it.
type apiKey struct {
	ID        akkoord.ID   `json:"id" format:"uuid"`
	Name      string       `json:"name"`
	Role      akkoord.Role `json:"role"`
	Reason    string       `json:"reason"`
	Purposes  []string     `json:"purposes" doc:"Whose people its grants let it see now; null: everybody."`
	CreatedAt *Time        `json:"created_at"`
	UsedAt    *Time        `json:"used_at" doc:"To within a minute."`
	ExpiresAt *Time        `json:"expires_at"`
	EndedAt   *Time        `json:"ended_at"`
}

// madeKey is a key with its secret.
type madeKey struct {
	apiKey
	Key *string `json:"key" doc:"Shown this once: a repetition by Idempotency-Key has null."`
}

func (madeKey) once() string { return "key" }

// showKeys gives keys with the purposes whose people they may see.
func (a *API) showKeys(ctx context.Context, keys ...akkoord.APIKey) ([]apiKey, error) {
	grants, err := a.cfg.Store.CurrentGrants(ctx)
	if err != nil {
		return nil, err
	}
	var purposes []int64
	for _, g := range grants {
		purposes = append(purposes, g.Purposes...)
	}
	slugs, err := a.cfg.Store.PurposeSlugs(ctx, purposes)
	if err != nil {
		return nil, err
	}
	access := akkoord.AccessByHolder(grants, a.cfg.Now())
	out := make([]apiKey, len(keys))
	for i, k := range keys {
		out[i] = apiKey{ID: k.PublicID, Name: k.Name, Role: k.Role, Reason: k.Reason, CreatedAt: when(k.CreatedAt), UsedAt: when(k.UsedAt), ExpiresAt: when(k.ExpiresAt), EndedAt: when(k.RevokedAt)}
		seen, all := access[k.Actor()].Scope()
		if all {
			continue
		}
		out[i].Purposes = []string{}
		for _, id := range seen {
			out[i].Purposes = append(out[i].Purposes, slugs[id])
		}
	}
	return out, nil
}

func (a *API) listKeys(ctx context.Context, in *struct{ Paging }) (list[apiKey], error) {
	page, err := in.page()
	if err != nil {
		return list[apiKey]{}, err
	}
	all, err := a.cfg.Store.Keys(ctx)
	if err != nil {
		return list[apiKey]{}, err
	}
	rows, next := cut(all, func(k akkoord.APIKey) int64 { return k.ID }, page)
	shown, err := a.showKeys(ctx, rows...)
	if err != nil {
		return list[apiKey]{}, err
	}
	return newList(shown, next, func(k apiKey) apiKey { return k }), a.audit(ctx, "key.list", "key", "")
}

func (a *API) makeKey(ctx context.Context, in *struct{ Body newKey }) (madeKey, error) {
	b := in.Body
	if len(b.Purposes) > akkoord.Limits.Purposes {
		return madeKey{}, akkoord.Fieldf("purposes", "too_many_items", "A key names at most %d purposes.", akkoord.Limits.Purposes)
	}
	var purposes []int64
	for _, slug := range b.Purposes {
		p, err := a.cfg.Store.Purpose(ctx, slug)
		if err != nil {
			return madeKey{}, unknown(err, "purposes")
		}
		purposes = append(purposes, p.ID)
	}
	secret, hash, err := NewKey(rand.Reader)
	if err != nil {
		return madeKey{}, err
	}
	k, err := a.cfg.Store.AddKey(ctx, caller(ctx).Actor(), akkoord.APIKey{Name: b.Name, Role: b.Role, Reason: b.Reason, ExpiresAt: b.ExpiresAt}, hash, purposes...)
	if err != nil {
		return madeKey{}, err
	}
	shown, err := a.showKeys(ctx, k)
	if err != nil {
		return madeKey{}, err
	}
	return madeKey{shown[0], &secret}, nil
}

func (a *API) endKey(ctx context.Context, in *ByID) (apiKey, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return apiKey{}, err
	}
	k, err := a.cfg.Store.KeyNamed(ctx, id)
	if err == nil {
		err = a.cfg.Store.RevokeKey(ctx, caller(ctx).Actor(), k.ID)
	}
	if err == nil {
		k, err = a.cfg.Store.KeyNamed(ctx, id)
	}
	if err != nil {
		return apiKey{}, err
	}
	shown, err := a.showKeys(ctx, k)
	if err != nil {
		return apiKey{}, err
	}
	return shown[0], nil
}
