package api

import (
	"context"
	"errors"

	"akkoord"
	"akkoord/server/picture"
)

// brand is how the organisation shows itself, as the API shows it.
type brand struct {
	Accent  string `json:"accent" doc:"Colour of buttons and links, like #b8400e; empty: Akkoord's own. AKKOORD_BRAND_COLOUR wins over it."`
	Logo    *logo  `json:"logo"`
	Version int    `json:"version" doc:"Rises with each change."`
}

type logo struct {
	Image  akkoord.ID `json:"image" format:"uuid"`
	URL    string     `json:"url"`
	Width  int        `json:"width"`
	Height int        `json:"height"`
	Alt    string     `json:"alt" doc:"What is written in it, and so not repeated beside it. Empty: it is a picture alone."`
}

// brandChange is the body of PATCH /brand.
type brandChange struct {
	Version int     `json:"version" doc:"The one that was read. Where somebody changed the brand since, the answer is 409 with code brand_changed."`
	Accent  *string `json:"accent,omitempty" doc:"Refused with code accent_contrast where text can't be read on it or in it; detail names the nearest colour that passes."`
	Logo    *string `json:"logo,omitempty" doc:"Id of a picture that POST /images took; it is drawn anew, 560 by 144 points at most. Empty: there is no logo."`
	Alt     *string `json:"logo_alt,omitempty" doc:"What is written in the logo; empty where it is a picture alone."`
}

func (a *API) showBrand(b akkoord.Brand, err error) (brand, error) {
	out := brand{Accent: b.Accent, Version: b.Version}
	if !b.Logo.Image.IsZero() {
		out.Logo = &logo{Image: b.Logo.Image, URL: a.cfg.BaseURL + b.Logo.Path(), Width: b.Logo.Width, Height: b.Logo.Height, Alt: b.Logo.Alt}
	}
	return out, err
}

func (a *API) readBrand(ctx context.Context, _ *struct{}) (brand, error) {
	return a.showBrand(a.cfg.Store.Brand(ctx))
}

func (a *API) changeBrand(ctx context.Context, in *struct{ Body brandChange }) (brand, error) {
	change := in.Body
	b, err := a.cfg.Store.Brand(ctx)
	if err != nil {
		return brand{}, err
	}
	if b.Version != change.Version {
		return brand{}, akkoord.ErrBrandChanged
	}
	if change.Accent != nil {
		b.Accent = *change.Accent
	}
	if change.Logo != nil {
		if b.Logo, err = a.logo(ctx, b.Logo, *change.Logo); err != nil {
			return brand{}, err
		}
	}
	if change.Alt != nil {
		b.Logo.Alt = *change.Alt
	}
	return a.showBrand(a.cfg.Store.SetBrand(ctx, caller(ctx).Actor(), b))
}

// logo gives the logo of a picture's id; the one before where it is the same.
func (a *API) logo(ctx context.Context, before akkoord.Logo, id string) (akkoord.Logo, error) {
	if id == "" {
		return akkoord.Logo{}, nil
	}
	image, err := akkoord.ParseID(id)
	if err != nil {
		return akkoord.Logo{}, akkoord.Fieldf("logo", "logo_unknown", "There is no such logo.")
	}
	if image == before.Image {
		return before, nil
	}
	out, err := picture.LogoOf(ctx, a.cfg.Store, caller(ctx).Actor(), image)
	if e, ok := errors.AsType[*akkoord.Error](err); ok && e.Field == "file" {
		return akkoord.Logo{}, akkoord.Fieldf("logo", e.Code, "%s", e.Message)
	}
	out.Alt = before.Alt
	return out, unknown(err, "logo")
}
