package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"akkoord"
	"akkoord/store"
)

// grantInstead is what a running server is asked instead of the commands on
// grants.
const grantInstead = "use its API instead: /api/v1/grants"

type grantListCommand struct {
	databaseSettings
	All bool `help:"Also those that are over and need no review."`
}

func (c *grantListCommand) Run(ctx context.Context, io streams) error {
	st, err := c.open(ctx, grantInstead)
	if err != nil {
		return err
	}
	defer st.Close()
	holders, err := holderNames(ctx, st)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(io.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tWHO\tSTATE\tPEOPLE\tFIELDS\tUNTIL\tREVIEW\tREASON")
	now := time.Now()
	for p := (akkoord.Page{}); ; {
		grants, next, err := st.Grants(ctx, p)
		if err != nil {
			return err
		}
		for _, g := range grants {
			state := g.State(now)
			if over := state == akkoord.GrantEnded || state == akkoord.GrantExpired; over && !c.All && !g.ReviewDue(now) {
				continue
			}
			people, err := purposeNames(ctx, st, g.Purposes)
			if err != nil {
				return err
			}
			fields := make([]string, len(g.Fields))
			for i, f := range g.Fields {
				fields[i] = string(f)
			}
			review := dayOf(g.ReviewOn)
			if g.BreakGlass {
				review = "break-glass"
			}
			if g.ReviewDue(now) {
				review += " due"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", g.PublicID, cmp.Or(holders[g.Holder], string(g.Holder)), state, people,
				cmp.Or(strings.Join(fields, ","), "all"), dayOf(g.Until), review, strings.ReplaceAll(g.Reason, "\n", " "))
		}
		if p.After = next; next == 0 {
			return w.Flush()
		}
	}
}

func dayOf(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.DateOnly)
}

func purposeNames(ctx context.Context, st *store.Store, ids []int64) (string, error) {
	slugs, err := st.PurposeSlugs(ctx, ids)
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = slugs[id]
	}
	return cmp.Or(strings.Join(names, ","), "all"), err
}

// holderNames tells users and keys as people know them.
func holderNames(ctx context.Context, st *store.Store) (map[akkoord.Actor]string, error) {
	out := map[akkoord.Actor]string{}
	users, err := st.Users(ctx)
	for _, u := range users {
		out[u.Actor()] = u.Email
	}
	if err != nil {
		return nil, err
	}
	keys, err := st.Keys(ctx)
	for _, k := range keys {
		out[k.Actor()] = "key " + k.Name
	}
	return out, err
}

type grantAddCommand struct {
	databaseSettings
	Email    string    `xor:"who" required:"" help:"Address of the user who gets it."`
	Key      string    `xor:"who" required:"" help:"Name of the API key that gets it."`
	Purpose  []string  `help:"Slug of a purpose whose people it opens; repeat it for more. Everybody without it."`
	Field    []string  `help:"address, name, attributes, history or mails; repeat it for more. All without it."`
	Reason   string    `required:"" help:"Why it is needed; it is kept on record (M26)."`
	Until    time.Time `format:"2006-01-02" help:"The day on which it ends. Without it until it is ended."`
	ReviewOn time.Time `format:"2006-01-02" help:"The day on which somebody looks whether it is still needed, within a year; needed without --until."`
}

func (c *grantAddCommand) Run(ctx context.Context, io streams) error {
	st, err := c.open(ctx, grantInstead)
	if err != nil {
		return err
	}
	defer st.Close()
	g := akkoord.Grant{Reason: c.Reason, Until: c.Until, ReviewOn: c.ReviewOn}
	for _, f := range c.Field {
		g.Fields = append(g.Fields, akkoord.GrantField(f))
	}
	if g.Holder, err = c.holder(ctx, st); err != nil {
		return err
	}
	for _, slug := range c.Purpose {
		p, err := st.Purpose(ctx, slug)
		if err != nil {
			return err
		}
		g.Purposes = append(g.Purposes, p.ID)
	}
	if g, err = st.GiveGrant(ctx, commandActor, g); err != nil {
		return err
	}
	_, err = fmt.Fprintln(io.out, g.PublicID)
	return err
}

// holder finds the user or key by the name that people know.
func (c *grantAddCommand) holder(ctx context.Context, st *store.Store) (akkoord.Actor, error) {
	users, err := st.Users(ctx)
	if err != nil {
		return "", err
	}
	for _, u := range users {
		if c.Email != "" && strings.EqualFold(u.Email, c.Email) {
			return akkoord.Actor("user:" + u.PublicID.String()), nil
		}
	}
	keys, err := st.Keys(ctx)
	if err != nil {
		return "", err
	}
	for _, k := range keys {
		if c.Key != "" && k.Name == c.Key && k.RevokedAt.IsZero() {
			return akkoord.Actor("key:" + k.PublicID.String()), nil
		}
	}
	return "", errors.New("there is no such user or key")
}

type grantEndCommand struct {
	databaseSettings
	ID     string `arg:"" help:"Its id, as grant list prints it."`
	Reason string `required:"" help:"Why; it is kept on record."`
}

func (c *grantEndCommand) Run(ctx context.Context, _ streams) error {
	id, err := akkoord.ParseID(c.ID)
	if err != nil {
		return usageError{err}
	}
	st, err := c.open(ctx, grantInstead)
	if err != nil {
		return err
	}
	defer st.Close()
	_, err = st.EndGrant(ctx, commandActor, id, c.Reason)
	return err
}

type grantReviewCommand struct {
	databaseSettings
	ID       string    `arg:"" help:"Its id, as grant list prints it."`
	Note     string    `required:"" help:"Why it is still needed, or what came of an emergency; it is kept on record."`
	ReviewOn time.Time `format:"2006-01-02" help:"The day on which it is looked at again, within a year. Without it for one that was taken by break-glass."`
}

func (c *grantReviewCommand) Run(ctx context.Context, _ streams) error {
	id, err := akkoord.ParseID(c.ID)
	if err != nil {
		return usageError{err}
	}
	st, err := c.open(ctx, grantInstead)
	if err != nil {
		return err
	}
	defer st.Close()
	_, err = st.ReviewGrant(ctx, commandActor, id, c.ReviewOn, c.Note)
	return err
}
