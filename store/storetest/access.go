package storetest

import (
	"crypto/sha256"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

func testAccess(t *testing.T, open Open) {
	a := newAgency(t, open)
	ctx := t.Context()

	// M26: who has access, and why.
	u := must(a.AddUser(ctx, akkoord.ActorSystem, akkoord.User{Email: "Eva@zonvaart.example", Role: akkoord.RoleOwner, Reason: "runs the site"}))(t)
	for _, tt := range []struct {
		user akkoord.User
		code string
	}{
		{akkoord.User{Email: "eva@ZONVAART.example", Role: akkoord.RoleOwner, Reason: "twice"}, "email_taken"},
		{akkoord.User{Email: "bob@zonvaart.example", Role: akkoord.RoleOwner}, "reason_missing"},
		{akkoord.User{Email: "bob@zonvaart.example", Role: "king", Reason: "r"}, "role_unknown"},
		{akkoord.User{Email: "bob", Role: akkoord.RoleOwner, Reason: "r"}, "email_missing_at"},
	} {
		if _, err := a.AddUser(ctx, Admin, tt.user); akkoord.CodeOf(err) != tt.code {
			t.Errorf("a user with %s gave %v", tt.code, err)
		}
	}
	if diff := cmp.Diff([]akkoord.User{u}, must(a.Users(ctx))(t)); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
	if got := must(a.User(ctx, u.ID))(t); got != u {
		t.Errorf("the user is %+v, want %+v", got, u)
	}

	token := sha256.Sum256([]byte("token"))
	if err := a.AddLoginToken(ctx, Admin, u.ID, token, Start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	var let, refused atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			switch got, err := a.UseLoginToken(ctx, token); {
			case err == nil && got == u:
				let.Add(1)
			case akkoord.KindOf(err) == akkoord.Unauthorized && got == akkoord.User{}:
				refused.Add(1)
			}
		})
	}
	wg.Wait()
	if let.Load() != 1 || refused.Load() != 19 {
		t.Errorf("a token that works once let in %d times and refused %d of 20", let.Load(), refused.Load())
	}
	if err := a.LoggedIn(ctx, u, "", [32]byte{}); err != nil {
		t.Fatal(err)
	}
	late := sha256.Sum256([]byte("late"))
	if err := a.AddLoginToken(ctx, Admin, u.ID, late, Start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	a.Clock.Move(time.Hour)
	if _, err := a.UseLoginToken(ctx, late); akkoord.KindOf(err) != akkoord.Unauthorized {
		t.Errorf("an expired token gave %v", err)
	}
	if err := a.AddLoginToken(ctx, Admin, 99, late, Start); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("a token for nobody gave %v", err)
	}

	hash := sha256.Sum256([]byte("key"))
	k := must(a.AddKey(ctx, u.Actor(), akkoord.APIKey{Name: "shop", Role: akkoord.RoleManager, Reason: "orders"}, hash))(t)
	if got := must(a.KeyByHash(ctx, hash))(t); got != k {
		t.Errorf("the key is %+v, want %+v", got, k)
	}
	if err := a.RevokeKey(ctx, u.Actor(), k.ID); err != nil {
		t.Fatal(err)
	}
	for _, h := range [][32]byte{hash, token} {
		if got, err := a.KeyByHash(ctx, h); akkoord.KindOf(err) != akkoord.Unauthorized || got != (akkoord.APIKey{}) {
			t.Errorf("a revoked or unknown key gave %+v, %v", got, err)
		}
	}
	if keys := must(a.Keys(ctx))(t); len(keys) != 1 || keys[0].RevokedAt.IsZero() {
		t.Errorf("the keys are %+v", keys)
	}
	if err := a.RevokeKey(ctx, u.Actor(), 99); akkoord.KindOf(err) != akkoord.NotFound {
		t.Errorf("revoking no key gave %v", err)
	}

	// M27: each of these left its line, once, with who did it, and what by the
	// name that it has outside.
	trail := a.trail(t)
	user, key := "user:"+u.PublicID.String(), "key:"+k.PublicID.String()
	for _, want := range []string{
		"user:1 purpose.create purpose:travel-news", "user:1 form.create form:home", "user:1 campaign.create campaign:winter",
		"user:1 mailing.create mailing:" + a.Mailing.PublicID.String(),
		"system user.create " + user, "user:1 user.login " + user, "user:1 key.create " + key, "user:1 key.revoke " + key,
	} {
		if n := len(slices.DeleteFunc(slices.Clone(trail), func(line string) bool { return line != want })); n != 1 {
			t.Errorf("%q stands %d times in the audit trail", want, n)
		}
	}
	p := a.active(t, "pim@voorbeeld.example", a.News).Subscriber
	names := must(a.PublicNames(ctx, []string{"user:1", "key:1", "system", "user:1", "key:99", "purpose:1", "person", user, "subscriber:1", "mailing:1", "user:x"}))(t)
	if diff := cmp.Diff(map[string]string{
		"user:1": user, "key:1": key, "subscriber:1": "subscriber:" + p.PublicID.String(), "mailing:1": "mailing:" + a.Mailing.PublicID.String(),
	}, names); diff != "" {
		t.Errorf("names by public id (-want +got):\n%s", diff)
	}
	if none := must(a.PublicNames(ctx, []string{"system"}))(t); len(none) != 0 {
		t.Errorf("the system is named %v", none)
	}
	if diff := cmp.Diff(map[int64]string{p.ID: "Anouk"}, must(a.PersonNames(ctx, []int64{p.ID, 99}))(t)); diff != "" {
		t.Errorf("people's names (-want +got):\n%s", diff)
	}
	if none := must(a.PersonNames(ctx, nil))(t); len(none) != 0 {
		t.Errorf("nobody is named %v", none)
	}
}

func testRecords(t *testing.T, open Open) {
	t.Run("sessions", func(t *testing.T) {
		a := newAgency(t, open)
		s := a.Sessions()
		for _, data := range []string{"one", "two"} {
			if err := s.CommitCtx(t.Context(), "token", []byte(data), Start.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
			if got, found, err := s.FindCtx(t.Context(), "token"); err != nil || !found || string(got) != data {
				t.Errorf("found %q, %v, %v; want %q", got, found, err, data)
			}
		}
		if err := s.Commit("other", []byte("x"), Start.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		a.Clock.Move(time.Minute)
		if err := s.Delete("token"); err != nil {
			t.Fatal(err)
		}
		for _, token := range []string{"token", "other", "unknown"} {
			if _, found, err := s.Find(token); err != nil || found {
				t.Errorf("session %s is found, %v", token, err)
			}
		}
	})

	t.Run("an answer is kept for a day", func(t *testing.T) {
		a := newAgency(t, open)
		key, body, other := sha256.Sum256([]byte("k")), sha256.Sum256([]byte("b")), sha256.Sum256([]byte("o"))
		if _, _, found, err := a.Idempotent(t.Context(), key, body); found || err != nil {
			t.Errorf("an answer was there before the request: %v", err)
		}
		for _, answer := range []string{"first", "second"} {
			if err := a.SaveIdempotent(t.Context(), key, body, 201, []byte(answer)); err != nil {
				t.Fatal(err)
			}
			if status, got, found, err := a.Idempotent(t.Context(), key, body); status != 201 || string(got) != "first" || !found || err != nil {
				t.Errorf("the answer is %d %q, %v, %v; the first one stays", status, got, found, err)
			}
		}
		if _, _, _, err := a.Idempotent(t.Context(), key, other); akkoord.CodeOf(err) != "idempotency_key_reused" {
			t.Errorf("the same key with another body gave %v", err)
		}
		a.Clock.Move(25 * time.Hour)
		if _, _, found, err := a.Idempotent(t.Context(), key, body); found || err != nil {
			t.Errorf("after a day the answer is still given, %v", err)
		}
		if err := a.SaveIdempotent(t.Context(), key, other, 200, []byte("third")); err != nil {
			t.Fatal(err)
		}
		if status, got, found, err := a.Idempotent(t.Context(), key, other); status != 200 || string(got) != "third" || !found || err != nil {
			t.Errorf("after a day the answer is %d %q, %v, %v", status, got, found, err)
		}
	})

	t.Run("M5 the privacy statement has versions", func(t *testing.T) {
		a := newAgency(t, open)
		if _, _, _, err := a.PrivacyVersion(t.Context(), 0); akkoord.KindOf(err) != akkoord.NotFound {
			t.Errorf("a statement that was never made gave %v", err)
		}
		facts := func(controller string) akkoord.PrivacyFacts {
			return akkoord.PrivacyFacts{Controller: controller, Purposes: []akkoord.PrivacyItem{{Slug: "travel-news", Texts: a.News.Texts}}}
		}
		var since []time.Time
		for i, tt := range []struct {
			controller string
			want       int
		}{{"A", 1}, {"A", 1}, {"B", 2}, {"B", 2}, {"A", 3}} {
			version, at, err := a.PrivacyStatement(t.Context(), facts(tt.controller))
			if err != nil || version != tt.want {
				t.Errorf("statement %d is version %d, %v; want %d", i, version, err, tt.want)
			}
			since = append(since, at)
			a.Clock.Move(time.Hour)
		}
		if since[0] != since[1] || since[2] != since[3] || !since[3].Before(since[4]) {
			t.Errorf("in force since %v", since)
		}
		for _, tt := range []struct {
			version int
			want    string
			since   time.Time
		}{{1, "A", since[0]}, {2, "B", since[2]}, {3, "A", since[4]}, {0, "A", since[4]}} {
			got, at, latest, err := a.PrivacyVersion(t.Context(), tt.version)
			if diff := cmp.Diff(facts(tt.want), got); diff != "" || !at.Equal(tt.since) || latest != 3 || err != nil {
				t.Errorf("version %d: since %s, latest %d, %v, facts (-want +got):\n%s", tt.version, at, latest, err, diff)
			}
		}
		if _, _, _, err := a.PrivacyVersion(t.Context(), 4); akkoord.KindOf(err) != akkoord.NotFound {
			t.Errorf("a version that is not there gave %v", err)
		}
	})

	t.Run("M20 the whole record", func(t *testing.T) {
		a := newAgency(t, open)
		v := &visitor{Agency: a, email: email(t, "anouk@voorbeeld.example")}
		for _, s := range []step{signsUp(news, ski), confirms(akkoord.AnswerConfirmed), leaves(akkoord.ScopeCampaign, true), leaves(akkoord.ScopeAll, true)} {
			s(t, v)
		}
		must(a.AddPurposeTexts(t.Context(), Admin, "travel-news", map[string]akkoord.PurposeText{"nl": {Name: "N", Explanation: "E", Wording: "Later."}}, akkoord.WordingChange{Kind: akkoord.WordingCorrection, Reason: "clearer words"}))(t)
		r := must(a.ExportPerson(t.Context(), "key:7", v.person.PublicID, ""))(t)
		if r.Person.Email != "anouk@voorbeeld.example" || r.Person.Name != "Anouk" || !slices.Equal(r.Person.Interests, []string{"wintersport"}) {
			t.Errorf("the person is %+v", r.Person)
		}
		if len(r.Consents) != 2 || r.Consents[0].Purpose != "travel-news" || r.Consents[0].State != akkoord.Withdrawn || r.Consents[0].Text != a.News.Texts["nl"] {
			t.Errorf("the consents are %+v; the wording is the one that was seen", r.Consents)
		}
		var kinds []string
		for _, e := range r.Events {
			kinds = append(kinds, string(e.Kind)+" "+e.Purpose+" "+e.Campaign)
		}
		if diff := cmp.Diff([]string{"requested travel-news ", "requested ski-offers ", "confirmed travel-news ", "confirmed ski-offers ",
			"campaign_left travel-news winter", "withdrawn travel-news winter", "withdrawn ski-offers winter"}, kinds); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if r.Events[0].Address != "anouk@voorbeeld.example" || r.Events[0].IP != "192.0.2.0/24" {
			t.Errorf("the evidence is %+v", r.Events[0].Evidence)
		}
		if len(r.CampaignsLeft) != 1 || r.CampaignsLeft[0].Campaign != "winter" || len(r.Suppressions) != 1 || r.Deliveries == nil || r.SystemMails == nil {
			t.Errorf("the record is %+v", r)
		}
		if !slices.Contains(a.trail(t), "key:7 subscriber.export subscriber:"+v.person.PublicID.String()) {
			t.Error("M27: the export left no line in the audit trail")
		}
		if _, err := a.ExportPerson(t.Context(), "key:7", akkoord.ID{1}, ""); akkoord.KindOf(err) != akkoord.NotFound {
			t.Errorf("the record of nobody gave %v", err)
		}
	})
}
