package api

import (
	"context"
	"io"
	"mime/multipart"

	"akkoord"
	"akkoord/server/picture"
)

// upload is an image as the API answers its upload.
type upload struct {
	ID  akkoord.ID `json:"id" format:"uuid"`
	URL string     `json:"url" doc:"For the src of a mailing's picture."`
}

func (a *API) createImage(ctx context.Context, in *struct{ RawBody multipart.Form }) (upload, error) {
	defer in.RawBody.RemoveAll() // of the file in which a large part is kept; net/http knows only its own request's
	files := in.RawBody.File["file"]
	if len(files) != 1 || len(in.RawBody.File) != 1 {
		return upload{}, akkoord.Fieldf("file", "file_missing", "Send one picture, as the part named file of a multipart form.")
	}
	f, err := files[0].Open()
	if err != nil {
		return upload{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		return upload{}, err
	}
	img, err := picture.Keep(ctx, a.cfg.Store, caller(ctx).Actor(), data)
	return upload{ID: img.PublicID, URL: a.cfg.BaseURL + "/media/" + img.PublicID.String()}, err
}
