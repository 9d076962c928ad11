package picture

import (
	"bytes"
	"context"
	"image"
	"image/png"

	_ "golang.org/x/image/webp" // a format that logos can have

	"akkoord"
)

// The bounds of what is taken apart in memory: 4 bytes a point, and 32 for each line of
// what it is drawn smaller from.
const maxLogoPoints, maxLogoSide = 4_000_000, 8000

// Shelf keeps pictures.
type Shelf interface {
	PutImage(ctx context.Context, actor akkoord.Actor, img akkoord.Image) (akkoord.Image, error)
	Image(ctx context.Context, id akkoord.ID) (akkoord.Image, error)
}

// Branding keeps how the organisation shows itself.
type Branding interface {
	Brand(ctx context.Context) (akkoord.Brand, error)
	SetBrand(ctx context.Context, actor akkoord.Actor, b akkoord.Brand) (akkoord.Brand, error)
}

// KeepLogo draws a picture anew as a logo and keeps it: as PNG, no larger than
// akkoord.LogoWidth by akkoord.LogoHeight, and with nothing in it but what is seen.
// Of what moves it is the first frame. Errors are about the field file:
// image_invalid, logo_large.
func KeepLogo(ctx context.Context, shelf Shelf, actor akkoord.Actor, data []byte) (akkoord.Logo, error) {
	drawn, size, err := drawLogo(data)
	if err != nil {
		return akkoord.Logo{}, err
	}
	img, err := shelf.PutImage(ctx, actor, akkoord.Image{ContentType: "image/png", Data: drawn})
	return akkoord.Logo{Image: img.PublicID, Width: size.X, Height: size.Y}, err
}

// LogoOf makes a kept picture a logo: itself where it is one already, else a copy.
// Errors: NotFound, and those of KeepLogo.
func LogoOf(ctx context.Context, shelf Shelf, actor akkoord.Actor, id akkoord.ID) (akkoord.Logo, error) {
	img, err := shelf.Image(ctx, id)
	if err != nil {
		return akkoord.Logo{}, err
	}
	if logo, ok := Kept(img); ok {
		return logo, nil
	}
	return KeepLogo(ctx, shelf, actor, img.Data)
}

// Kept gives a picture as a logo where it is one as KeepLogo draws them.
func Kept(img akkoord.Image) (akkoord.Logo, bool) {
	c, err := png.DecodeConfig(bytes.NewReader(img.Data))
	if err != nil || c.Width > akkoord.LogoWidth || c.Height > akkoord.LogoHeight || !bare(img.Data) {
		return akkoord.Logo{}, false
	}
	return akkoord.Logo{Image: img.PublicID, Width: c.Width, Height: c.Height}, true
}

// bare reports whether a PNG holds what is seen and no more.
func bare(data []byte) bool {
	const signature, head, tail = 8, 8, 4 // of the file; of a chunk: length and type before, checksum after
	for rest := data[signature:]; len(rest) > 0; {
		if len(rest) < head+tail {
			return false
		}
		size := int64(rest[0])<<24 | int64(rest[1])<<16 | int64(rest[2])<<8 | int64(rest[3])
		switch string(rest[4:head]) {
		case "IHDR", "PLTE", "tRNS", "IDAT", "IEND":
		default:
			return false
		}
		if int64(len(rest)) < head+size+tail {
			return false
		}
		rest = rest[head+size+tail:]
	}
	return true
}

func drawLogo(data []byte) (drawn []byte, size image.Point, err error) {
	if _, err := typeOf(data); err != nil {
		return nil, size, err
	}
	refused := akkoord.Fieldf("file", "image_invalid", "The file is no PNG, JPEG, GIF or WebP picture.")
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || c.Width < 1 || c.Height < 1 {
		return nil, size, refused
	}
	if c.Width > maxLogoSide || c.Height > maxLogoSide || c.Width*c.Height > maxLogoPoints {
		return nil, size, akkoord.Fieldf("file", "logo_large", "A logo has at most 4 million points, like 2000 by 2000, and no side above 8000. Make it smaller first.")
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, size, refused
	}
	size = image.Pt(c.Width, c.Height)
	if scale := min(float64(akkoord.LogoWidth)/float64(size.X), float64(akkoord.LogoHeight)/float64(size.Y)); scale < 1 {
		size = image.Pt(max(1, int(scale*float64(size.X)+.5)), max(1, int(scale*float64(size.Y)+.5)))
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, drawnTo(size, img)); err != nil {
		return nil, size, err
	}
	return b.Bytes(), size, nil
}
