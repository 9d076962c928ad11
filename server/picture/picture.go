// Package picture tells what uploaded pictures are, for the API and the admin site alike.
package picture

import (
	"bytes"
	"image"
	_ "image/gif" // formats that images can have
	_ "image/jpeg"
	_ "image/png"
	"net/http"

	"akkoord"
)

// maxPixels is the width and height that a picture may have; mails are some
// 600 points wide.
const maxPixels = 8000

var (
	errInvalid = akkoord.Fieldf("file", "image_invalid", "The file is no PNG, JPEG, GIF or WebP picture of at most %d by %d points.", maxPixels, maxPixels)
	errPoints  = akkoord.Fieldf("file", "image_points", "A picture has at most 6 million points, like 3000 by 2000; of one that moves all its frames count together. Make it smaller first.")
)

// typeOf tells by its content what kind of picture data is. Names and types that
// the sender gives count for nothing (L15). Errors: image_invalid about the field file.
func typeOf(data []byte) (string, error) {
	switch contentType := http.DetectContentType(data); contentType {
	case "image/png", "image/jpeg", "image/gif":
		c, _, err := image.DecodeConfig(bytes.NewReader(data))
		if err != nil || c.Width > maxPixels || c.Height > maxPixels {
			return "", errInvalid
		}
		return contentType, nil
	case "image/webp":
		return contentType, nil
	}
	return "", errInvalid
}
