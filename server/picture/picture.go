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

// Type tells by its content what kind of picture data is. Names and types that
// the sender gives count for nothing (L15). Errors: image_invalid about the field file.
func Type(data []byte) (string, error) {
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
