package akkoord_test

import (
	"testing"
	"time"

	"akkoord"
)

// M26: somebody always keeps the access; each change has a reason.
func TestTheLastOwnerStays(t *testing.T) {
	now := time.Date(2026, time.November, 24, 9, 30, 0, 0, time.UTC)
	owner, editor := akkoord.User{Role: akkoord.RoleOwner, Reason: "runs it"}, akkoord.User{Role: akkoord.RoleEditor, Reason: "writes"}
	gone := akkoord.User{Role: akkoord.RoleEditor, Reason: "wrote", DisabledAt: now.Add(-time.Hour)}
	for name, tt := range map[string]struct {
		user   akkoord.User
		role   akkoord.Role // "" ends the access
		reason string
		others int
		want   string // code
	}{
		"an editor becomes owner":      {editor, akkoord.RoleOwner, "takes over", 1, ""},
		"an owner of two steps down":   {owner, akkoord.RoleEditor, "less", 1, ""},
		"the last owner steps down":    {owner, akkoord.RoleEditor, "less", 0, "last_owner"},
		"the last owner stays owner":   {owner, akkoord.RoleOwner, "other reason", 0, ""},
		"a role without a reason":      {editor, akkoord.RoleOwner, " ", 1, "reason_missing"},
		"a role that is none":          {editor, "king", "r", 1, "role_unknown"},
		"the role of programs":         {editor, akkoord.RoleMail, "r", 1, "role_of_programs"},
		"a role for who has no access": {gone, akkoord.RoleOwner, "r", 1, "user_ended"},
		"an editor ends":               {editor, "", "left", 0, ""},
		"an owner of two ends":         {owner, "", "left", 1, ""},
		"the last owner ends":          {owner, "", "left", 0, "last_owner"},
		"an end without a reason":      {editor, "", "", 0, "reason_missing"},
		"the end of who has no access": {gone, "", "again", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tt.user.Reassign(tt.role, tt.reason, tt.others)
			if tt.role == "" {
				got, err = tt.user.End(tt.reason, tt.others, now)
			}
			want := tt.user
			switch {
			case tt.want != "":
			case tt.role != "":
				want.Role, want.Reason = tt.role, tt.reason
			case want.DisabledAt.IsZero():
				want.DisabledAt = now
			}
			if akkoord.CodeOf(err) != tt.want || got != want {
				t.Errorf("%+v, %v; want %+v, code %q", got, err, want, tt.want)
			}
		})
	}
}
