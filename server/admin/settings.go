package admin

import (
	"net/http"

	"akkoord"
	"akkoord/templates"
)

const settingsPath = Prefix + "/settings"

// Setting is what the process was told when it was started.
type Setting struct {
	Name   string // like "AKKOORD_URL"
	Help   string // one English sentence
	Value  string // in force; empty: there is none, or it is a secret
	Secret bool   // it is set, and nobody is shown to what
}

// settings shows what can be set in the site, and what only on the server.
func (s *Site) settings(w http.ResponseWriter, r *http.Request, v visit) error {
	page := templates.SettingsPage{Admin: s.frame(r, v, "settings")}
	for _, at := range []struct {
		key, path string
		right     akkoord.Right
	}{
		{"brand", brandPath, akkoord.SetUp}, {"who", whoPath, akkoord.SetUp}, {"mail", mailPath, akkoord.SetUp}, {"deliver", Prefix + "/deliverability", akkoord.SendMailings},
		{"forms", formsPath, akkoord.ReadCatalogue}, {"users", Prefix + "/users", akkoord.ManageAccess}, {"keys", Prefix + "/keys", akkoord.ManageAccess},
		{"webhooks", webhooksPath, akkoord.ManageWebhooks}, {"processors", privacyPrefix + "/processors", akkoord.ReadRecords}, {"retention", Prefix + "/retention", akkoord.ReadCatalogue},
	} {
		if v.user.Role.May(at.right) {
			page.Parts = append(page.Parts, templates.SettingsPart{Key: at.key, Path: at.path})
		}
	}
	for _, set := range s.cfg.Set {
		page.Set = append(page.Set, templates.SettingRow(set))
	}
	return s.page(w, v, http.StatusOK, page)
}
