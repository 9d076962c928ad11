package api

import (
	"context"
	"strings"

	"akkoord"
)

// Organisations keeps who is behind the mails.
type Organisations interface {
	Organisation(ctx context.Context) (akkoord.Organisation, error)
	SetOrganisation(ctx context.Context, actor akkoord.Actor, o akkoord.Organisation) error
}

// organisation is who is behind the mails, as every page and mail names it.
type organisation struct {
	Controller    string   `json:"controller" doc:"Legal name."`
	PostalAddress string   `json:"postal_address"`
	Contact       string   `json:"contact" doc:"For questions about privacy: an e-mail address or a URL."`
	FromSettings  []string `json:"from_settings" doc:"The fields that AKKOORD_CONTROLLER, AKKOORD_POSTAL_ADDRESS or AKKOORD_PRIVACY_CONTACT say; these win over what is stored."`
}

func (a *API) readOrganisation(ctx context.Context, _ *struct{}) (organisation, error) {
	stored, err := a.cfg.Store.Organisation(ctx)
	set := a.cfg.Settings
	o := set.Or(stored)
	out := organisation{Controller: o.Controller, PostalAddress: o.PostalAddress, Contact: o.Contact, FromSettings: []string{}}
	for _, f := range []struct{ name, value string }{{"controller", set.Controller}, {"postal_address", set.PostalAddress}, {"contact", set.Contact}} {
		if f.value != "" {
			out.FromSettings = append(out.FromSettings, f.name)
		}
	}
	return out, err
}

func (a *API) putOrganisation(ctx context.Context, in *struct {
	Body struct {
		Controller    string `json:"controller" doc:"Legal name."`
		PostalAddress string `json:"postal_address"`
		Contact       string `json:"contact" doc:"For questions about privacy: an e-mail address or a URL."`
	}
}) (organisation, error) {
	b := in.Body
	o := a.cfg.Settings.Or(akkoord.Organisation{Controller: strings.TrimSpace(b.Controller), PostalAddress: strings.TrimSpace(b.PostalAddress), Contact: strings.TrimSpace(b.Contact)})
	if err := a.cfg.Store.SetOrganisation(ctx, caller(ctx).Actor(), o); err != nil {
		return organisation{}, err
	}
	return a.readOrganisation(ctx, nil)
}
