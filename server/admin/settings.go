package admin

import (
	"net/http"

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
	page.Parts = []templates.SettingsPart{
		{Key: "brand", Path: brandPath}, {Key: "who", Path: whoPath}, {Key: "mail", Path: mailPath}, {Key: "relays", Path: relaysPath}, {Key: "deliver", Path: deliverabilityPath},
		{Key: "forms", Path: formsPath}, {Key: "users", Path: Prefix + "/users"}, {Key: "keys", Path: Prefix + "/keys"},
		{Key: "webhooks", Path: webhooksPath}, {Key: "processors", Path: privacyPrefix + "/processors"}, {Key: "retention", Path: Prefix + "/retention"}, {Key: "backups", Path: backupsPath},
	}
	for _, set := range s.cfg.Set {
		page.Set = append(page.Set, templates.SettingRow(set))
	}
	return s.page(w, v, http.StatusOK, page)
}
