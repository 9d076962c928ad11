package admin

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	"akkoord"
	"akkoord/templates"
)

// Programs keeps the API keys (M26).
type Programs interface {
	AddKey(ctx context.Context, actor akkoord.Actor, k akkoord.APIKey, hash [32]byte, purposes ...int64) (akkoord.APIKey, error)
	KeyNamed(ctx context.Context, id akkoord.ID) (akkoord.APIKey, error)
	RevokeKey(ctx context.Context, actor akkoord.Actor, id int64) error
}

const keysPath = Prefix + "/keys"

// keys lists the keys of programs, and which people each may see.
func (s *Site) keys(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := s.cfg.Store.Audit(r.Context(), v.user.Actor(), "key.list", "key", ""); err != nil {
		return err
	}
	return s.showKeys(w, r, v, http.StatusOK, templates.KeysPage{})
}

func (s *Site) showKeys(w http.ResponseWriter, r *http.Request, v visit, code int, page templates.KeysPage) error {
	ctx, now := r.Context(), s.cfg.Now()
	keys, err := s.cfg.Store.Keys(ctx)
	if err != nil {
		return err
	}
	grants, err := s.cfg.Store.CurrentGrants(ctx)
	if err != nil {
		return err
	}
	access := akkoord.AccessByHolder(grants, now)
	purposes, err := s.cfg.Store.Purposes(ctx)
	if err != nil {
		return err
	}
	names := map[int64]string{}
	for _, p := range purposes {
		names[p.ID] = p.Text(v.locale).Name
		page.Purposes = append(page.Purposes, templates.Option{Value: p.Slug, Name: names[p.ID]})
	}
	page.Admin = s.frame(r, v, "settings")
	page.Path, page.Tomorrow = keysPath, now.In(s.home).AddDate(0, 0, 1).Format(time.DateOnly)
	page.Role = cmp.Or(page.Role, string(akkoord.RoleEditor))
	for _, role := range akkoord.Roles {
		page.Roles = append(page.Roles, string(role))
	}
	for _, k := range keys {
		row := templates.KeyRow{
			ID: k.PublicID.String(), Name: k.Name, Role: string(k.Role), Reason: k.Reason, Since: k.CreatedAt, UsedAt: k.UsedAt, EndedAt: k.RevokedAt,
			ExpiresAt: k.ExpiresAt, Expired: !k.Works(now), Action: keysPath + "/" + k.PublicID.String(), SeesPeople: k.Role.May(akkoord.ReadPeople),
		}
		seen, all := access[k.Actor()].Scope()
		row.Everybody = all
		for _, id := range seen {
			row.Purposes = append(row.Purposes, names[id])
		}
		page.Rows = append(page.Rows, row)
	}
	return s.page(w, v, code, page)
}

// makeKey makes a key, and shows it this once.
func (s *Site) makeKey(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	ctx, in := r.Context(), r.PostForm
	page := templates.KeysPage{Name: strings.TrimSpace(in.Get("name")), Role: in.Get("role"), Reason: in.Get("reason"), LastDay: in.Get("last_day"), Chosen: in["purpose"]}
	secret, hash, err := s.cfg.NewKey()
	if err != nil {
		return err
	}
	k := akkoord.APIKey{Name: page.Name, Role: akkoord.Role(page.Role), Reason: page.Reason}
	if page.LastDay != "" {
		day, wrong := time.ParseInLocation(time.DateOnly, page.LastDay, s.home)
		if wrong != nil {
			err = akkoord.Fieldf("last_day", "day_invalid", "Give a day, like 2027-06-30.")
		}
		k.ExpiresAt = day.AddDate(0, 0, 1)
	}
	purposes, unknown := s.purposesNamed(ctx, page.Chosen)
	if err == nil {
		err = unknown
	}
	if err == nil {
		_, err = s.cfg.Store.AddKey(ctx, v.user.Actor(), k, hash, purposes...)
	}
	if err == nil {
		return s.showKeys(w, r, v, http.StatusOK, templates.KeysPage{Made: page.Name, Secret: secret})
	}
	errs, code, ok := faults(err, map[string]string{"expires_at": "last_day"})
	if !ok {
		return err
	}
	page.Errors = errs
	return s.showKeys(w, r, v, code, page)
}

// purposesNamed gives the numbers of purposes by their slugs.
func (s *Site) purposesNamed(ctx context.Context, slugs []string) (ids []int64, err error) {
	for _, slug := range slugs {
		p, err := s.cfg.Store.Purpose(ctx, slug)
		if akkoord.KindOf(err) == akkoord.NotFound {
			err = akkoord.Fieldf("purpose", "key_purpose", "There is no such purpose.")
		}
		if err != nil {
			return nil, err
		}
		ids = append(ids, p.ID)
	}
	return ids, nil
}

// endKey ends a key at once.
func (s *Site) endKey(w http.ResponseWriter, r *http.Request, v visit) error {
	id, err := akkoord.ParseID(r.PathValue("id"))
	if err != nil {
		return err
	}
	k, err := s.cfg.Store.KeyNamed(r.Context(), id)
	if err != nil {
		return err
	}
	return s.done(w, r, s.cfg.Store.RevokeKey(r.Context(), v.user.Actor(), k.ID), "key_ended", keysPath)
}
