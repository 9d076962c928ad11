package api

import (
	"bytes"
	"context"
	"image"
	_ "image/gif" // formats that images can have
	_ "image/jpeg"
	_ "image/png"
	"io"
	"mime/multipart"
	"net/http"

	"akkoord"
)

// maxPixels is the width and height that a picture may have; mails are some
// 600 points wide.
const maxPixels = 8000

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
	contentType, err := imageType(data)
	if err != nil {
		return upload{}, err
	}
	img, err := a.cfg.Store.PutImage(ctx, caller(ctx).Actor(), akkoord.Image{ContentType: contentType, Data: data})
	return upload{ID: img.PublicID, URL: a.cfg.BaseURL + "/media/" + img.PublicID.String()}, err
}

// imageType tells by its content what kind of picture data is. Names and
// types that the sender gives count for nothing.
func imageType(data []byte) (string, error) {
	refused := akkoord.Fieldf("file", "image_invalid", "The file is no PNG, JPEG, GIF or WebP picture of at most %d by %d points.", maxPixels, maxPixels)
	switch contentType := http.DetectContentType(data); contentType {
	case "image/png", "image/jpeg", "image/gif":
		c, _, err := image.DecodeConfig(bytes.NewReader(data))
		if err != nil || c.Width > maxPixels || c.Height > maxPixels {
			return "", refused
		}
		return contentType, nil
	case "image/webp":
		return contentType, nil
	}
	return "", refused
}
