package api

import (
	"context"
	"io"
	"mime/multipart"

	"akkoord"
	"akkoord/server/picture"
)

// Pictures keeps what is shown in mailings.
type Pictures interface {
	picture.Shelf
	Images(ctx context.Context, p akkoord.Page) (images []akkoord.Image, next int64, err error)
}

// upload is an image as the API answers its upload.
type upload struct {
	ID  akkoord.ID `json:"id" format:"uuid"`
	URL string     `json:"url" doc:"For the src of a mailing's picture."`
}

// uploaded is an image of the list.
type uploaded struct {
	upload
	ContentType string `json:"content_type" enum:"image/png,image/jpeg,image/gif,image/webp"`
	CreatedAt   *Time  `json:"created_at"`
}

func (a *API) showImage(id akkoord.ID) upload {
	return upload{ID: id, URL: a.cfg.BaseURL + "/media/" + id.String()}
}

func (a *API) listImages(ctx context.Context, in *struct{ Paging }) (list[uploaded], error) {
	page, err := in.page()
	if err != nil {
		return list[uploaded]{}, err
	}
	rows, next, err := a.cfg.Store.Images(ctx, page)
	return newList(rows, next, func(img akkoord.Image) uploaded {
		return uploaded{a.showImage(img.PublicID), img.ContentType, when(img.At)}
	}), err
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
	return a.showImage(img.PublicID), err
}
