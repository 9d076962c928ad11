package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"akkoord"
	"akkoord/server/admin"
	"akkoord/server/api"
	"akkoord/store"
)

// open opens the database for a command. instead names the API call to use
// when a server holds the database.
func (d databaseSettings) open(ctx context.Context, instead string) (*store.Store, error) {
	cfg, err := d.installedConfig(ctx)
	if err != nil {
		return nil, err
	}
	return opened(ctx, cfg, instead)
}

// installedConfig is storeConfig of a database that there is already.
func (d databaseSettings) installedConfig(ctx context.Context) (store.Config, error) {
	if err := d.installed(ctx); err != nil {
		return store.Config{}, err
	}
	return d.storeConfig(false)
}

// installed reports where there is no database yet. A command that made one in the wrong
// folder would answer that nobody is on record.
func (d databaseSettings) installed(ctx context.Context) error {
	database, err := d.database()
	if err != nil {
		return err
	}
	have, _, err := store.SchemaVersions(ctx, database)
	if err == nil && have == 0 {
		err = errors.New("the database is empty; start the server once, or set AKKOORD_DATABASE")
	}
	return err
}

// openOrMake is open for a command that an installation may begin with: it makes the database
// and the master key where there are none, and says so.
func (d databaseSettings) openOrMake(ctx context.Context, told io.Writer, instead string) (*store.Store, error) {
	missing := d.installed(ctx) != nil
	cfg, err := d.storeConfig(true)
	if err != nil {
		return nil, err
	}
	st, err := opened(ctx, cfg, instead)
	if err == nil && missing {
		fmt.Fprintln(told, "There was no database yet: a new installation begins with this one. If you have one already, set AKKOORD_DATABASE and AKKOORD_SECRET_FILE as its server has them.")
	}
	return st, err
}

func opened(ctx context.Context, cfg store.Config, instead string) (*store.Store, error) {
	st, err := store.Open(ctx, cfg)
	if errors.Is(err, store.ErrInUse) && instead != "" {
		return nil, fmt.Errorf("%w; %s", err, instead)
	}
	return st, err
}

// find opens the database for a command about one person, and reads where they
// stand; a zero Subscriber is nobody on record.
func (d databaseSettings) find(ctx context.Context, e akkoord.Email, instead string) (*store.Store, akkoord.Standing, error) {
	st, err := d.open(ctx, instead)
	if err != nil {
		return nil, akkoord.Standing{}, err
	}
	standing, err := st.StandingByEmail(ctx, e)
	if err != nil {
		return nil, standing, errors.Join(err, st.Close())
	}
	return st, standing, nil
}

// recorded is find for an address as typed, which must be on record.
func (d databaseSettings) recorded(ctx context.Context, address, instead string) (*store.Store, akkoord.Standing, error) {
	email, err := akkoord.ParseEmail(address)
	if err != nil {
		return nil, akkoord.Standing{}, usageError{err}
	}
	st, standing, err := d.find(ctx, email, instead)
	if err == nil && standing.Subscriber.ID == 0 {
		err = errors.Join(errors.New("nobody with this address is on record"), st.Close())
	}
	return st, standing, err
}

// openReadOnly opens the database beside a running server.
func (d databaseSettings) openReadOnly(ctx context.Context) (*store.Store, error) {
	cfg, err := d.installedConfig(ctx)
	if err != nil {
		return nil, err
	}
	return store.OpenReadOnly(ctx, cfg)
}

// look opens the database for a command that reads it: on PostgreSQL beside its nodes, on
// SQLite while no server runs (contract).
func (d databaseSettings) look(ctx context.Context, instead string) (*store.Store, error) {
	if _, isFile := store.File(d.Database); isFile {
		return d.open(ctx, instead)
	}
	return d.openReadOnly(ctx)
}

// commandActor is who acts when a command is run on the machine itself.
const commandActor = akkoord.Actor("command")

type userAddCommand struct {
	databaseSettings
	URL           string `env:"AKKOORD_URL" default:"http://127.0.0.1:8080" help:"Base of the login link." group:"Settings"`
	Email         string `required:"" help:"Address of the user."`
	Role          string `required:"" help:"owner, manager, editor, analyst or dpo."`
	Reason        string `required:"" help:"Why this person needs access; it is kept on record (M26)."`
	PasswordStdin bool   `help:"Read a password from standard input, in place of a login link; for somebody who is there already, their new one."`
	ForgetFactor  bool   `name:"forget-second-factor" help:"Take away the second factor, passkeys, recovery codes and single sign-on of somebody who lost them."`
}

func (c *userAddCommand) Run(ctx context.Context, std streams) error {
	role, err := akkoord.ParseRole(c.Role)
	if err != nil {
		return usageError{err}
	}
	if role == akkoord.RoleMail {
		return usageError{errors.New("the role mail is for programs: akkoord key add --role mail")}
	}
	email, err := akkoord.ParseEmail(c.Email)
	if err != nil {
		return usageError{err}
	}
	if err := akkoord.CheckReason(c.Reason); err != nil {
		return usageError{err}
	}
	var hash string
	if c.PasswordStdin {
		if hash, err = readPassword(std.in, email.Address()); err != nil {
			return err
		}
	}
	st, err := c.openOrMake(ctx, std.err, "stop that process first, or use /admin/users or POST /api/v1/users")
	if err != nil {
		return err
	}
	defer st.Close()
	done := "Added"
	user, err := st.AddUser(ctx, commandActor, akkoord.User{Email: email.Address(), Role: role, Reason: c.Reason})
	if akkoord.CodeOf(err) == "email_taken" {
		done = "There already is"
		user, err = sameUser(ctx, st, email, role)
	}
	if err != nil {
		return err
	}
	if c.ForgetFactor {
		if err := st.ForgetFactors(ctx, commandActor, user); err != nil {
			return err
		}
	}
	if hash != "" {
		if err := st.SetPassword(ctx, commandActor, user, hash); err != nil {
			return err
		}
		fmt.Fprintf(std.out, "%s %s as %s. Log in at:\n%s%s/login\n", done, c.Email, role, strings.TrimSuffix(c.URL, "/"), admin.Prefix)
		return nil
	}
	link, err := loginLink(ctx, st, c.URL, user)
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, "%s %s as %s. Log in once, within 24 hours, with:\n%s\n", done, c.Email, role, link)
	return nil
}

// readPassword reads a password, which may end with a line break, and gives its
// hash.
func readPassword(in io.Reader, email string) (string, error) {
	b, err := io.ReadAll(io.LimitReader(in, 1<<12))
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	password := strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	if err := akkoord.CheckPassword(password, email); err != nil {
		return "", usageError{err}
	}
	return admin.HashPassword(password)
}

// sameUser finds the user with an address, who gets a new link when the role
// is the one they have.
func sameUser(ctx context.Context, st *store.Store, email akkoord.Email, role akkoord.Role) (akkoord.User, error) {
	users, err := st.Users(ctx)
	if err != nil {
		return akkoord.User{}, err
	}
	for _, u := range users {
		have, err := akkoord.ParseEmail(u.Email)
		if err != nil || have.Key() != email.Key() {
			continue
		}
		if u.Role != role {
			return u, fmt.Errorf("this person has access already, as %s; give that role for a new login link", u.Role)
		}
		return u, nil
	}
	return akkoord.User{}, errors.New("this person has access already")
}

// loginLink makes a link that logs a user in once.
func loginLink(ctx context.Context, st *store.Store, base string, user akkoord.User) (string, error) {
	path, hash, err := newLogin()
	if err != nil {
		return "", err
	}
	if err := st.AddLoginToken(ctx, commandActor, user.ID, hash, time.Now().Add(admin.LoginLife)); err != nil {
		return "", err
	}
	return strings.TrimSuffix(base, "/") + path, nil
}

// newLogin makes the path of a one-time login link, and the hash that is stored.
func newLogin() (path string, hash [32]byte, err error) {
	token, hash, err := admin.NewLoginToken(rand.Reader)
	return admin.LoginPath(token), hash, err
}

type keyAddCommand struct {
	databaseSettings
	Name   string `required:"" help:"What the key is for."`
	Role   string `required:"" help:"owner, manager, editor, analyst, dpo or mail (for programs that send transactional mail or hand over what comes in)."`
	Reason string `required:"" help:"Why this program needs access; it is kept on record (M26)."`

	LastDay  string   `placeholder:"YYYY-MM-DD" help:"The last day on which it works, in UTC; without it, it works until it is ended."`
	Purposes []string `name:"purpose" placeholder:"SLUG" help:"It sees the people of this purpose alone; may be given several times. Without it, everybody."`
}

// key gives what the flags say.
func (c *keyAddCommand) key(role akkoord.Role) (akkoord.APIKey, error) {
	k := akkoord.APIKey{Name: c.Name, Role: role, Reason: c.Reason}
	if c.LastDay == "" {
		return k, nil
	}
	day, err := time.Parse(time.DateOnly, c.LastDay)
	if err != nil {
		return k, fmt.Errorf("--last-day is %q; give a day, like 2027-06-30", c.LastDay)
	}
	k.ExpiresAt = day.AddDate(0, 0, 1)
	return k, nil
}

func (c *keyAddCommand) Run(ctx context.Context, std streams) error {
	role, err := akkoord.ParseRole(c.Role)
	if err != nil {
		return usageError{err}
	}
	if err := akkoord.CheckReason(c.Reason); err != nil {
		return usageError{err}
	}
	key, err := c.key(role)
	if err != nil {
		return usageError{err}
	}
	st, err := c.openOrMake(ctx, std.err, "stop that process first, or use /admin/keys or POST /api/v1/api-keys")
	if err != nil {
		return err
	}
	defer st.Close()
	var purposes []int64
	for _, slug := range c.Purposes {
		p, err := st.Purpose(ctx, slug)
		if akkoord.KindOf(err) == akkoord.NotFound {
			return fmt.Errorf("--purpose: there is no purpose %s", slug)
		}
		if err != nil {
			return err
		}
		purposes = append(purposes, p.ID)
	}
	secret, err := addKey(ctx, st, key, purposes...)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(std.out, secret)
	return err
}

// addKey makes an API key and gives its secret, which is stored nowhere.
func addKey(ctx context.Context, st *store.Store, key akkoord.APIKey, purposes ...int64) (string, error) {
	secret, hash, err := newAPIKey()
	if err != nil {
		return "", err
	}
	_, err = st.AddKey(ctx, commandActor, key, hash, purposes...)
	return secret, err
}

// newAPIKey makes the secret of an API key, and its hash.
func newAPIKey() (key string, hash [32]byte, err error) { return api.NewKey(rand.Reader) }
