package picture

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"

	"akkoord"
)

const (
	// maxWidth is twice the 600 points of a mail, for screens that show two for one.
	maxWidth = 1200
	// maxPoints bounds what is taken apart in memory: 4 bytes a point, 8 for
	// points of 16 bits, of which there may be half as many, and up to 15 for a
	// progressive JPEG. Of what moves, all frames count together.
	maxPoints = 6_000_000
	quality   = 85 // of JPEG, of 100
	sideways  = 5  // orientations from here on turn width into height
)

// Keep draws an uploaded picture anew and keeps it: no wider than a mail can use, the
// way up that its camera held it, and with nothing in it but what is seen, so that no
// place or name in the file is published. Errors are about the field file:
// image_invalid, image_points.
func Keep(ctx context.Context, shelf Shelf, actor akkoord.Actor, data []byte) (akkoord.Image, error) {
	contentType, drawn, err := redraw(data)
	if err != nil {
		return akkoord.Image{}, err
	}
	return shelf.PutImage(ctx, actor, akkoord.Image{ContentType: contentType, Data: drawn})
}

func redraw(data []byte) (contentType string, drawn []byte, err error) {
	if contentType, err = typeOf(data); err != nil {
		return "", nil, err
	}
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || c.Width < 1 || c.Height < 1 {
		return "", nil, errInvalid
	}
	points := maxPoints
	switch c.ColorModel {
	case color.NRGBA64Model, color.RGBA64Model, color.Gray16Model:
		points /= 2
	}
	if c.Width > maxPixels || c.Height > maxPixels || c.Width*c.Height > points {
		return "", nil, errPoints
	}
	var out bytes.Buffer
	if contentType == "image/gif" {
		n, err := frames(data)
		if err != nil {
			return "", nil, err
		}
		if n*c.Width*c.Height > maxPoints {
			return "", nil, errPoints
		}
		moving, err := gif.DecodeAll(bytes.NewReader(data))
		if err != nil {
			return "", nil, errInvalid
		}
		err = gif.EncodeAll(&out, moving)
		return contentType, out.Bytes(), err
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return "", nil, errInvalid
	}
	held := orientation(data)
	img = upright(narrow(img, held >= sideways), held)
	if opaque, ok := img.(interface{ Opaque() bool }); contentType == "image/jpeg" || contentType == "image/webp" && ok && opaque.Opaque() {
		contentType, err = "image/jpeg", jpeg.Encode(&out, img, &jpeg.Options{Quality: quality})
	} else {
		contentType, err = "image/png", (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, img)
	}
	return contentType, out.Bytes(), err
}

// narrow draws a picture smaller where it is wider than maxWidth, or will be when it is
// turned.
func narrow(img image.Image, turned bool) image.Image {
	size := img.Bounds().Size()
	width := size.X
	if turned {
		width = size.Y
	}
	if width <= maxWidth {
		return img
	}
	scaled := func(side int) int { return max(1, (side*maxWidth+width/2)/width) }
	return drawnTo(image.Pt(scaled(size.X), scaled(size.Y)), img)
}

// drawnTo draws a picture anew in a size.
func drawnTo(size image.Point, img image.Image) *image.NRGBA {
	out := image.NewNRGBA(image.Rectangle{Max: size})
	draw.CatmullRom.Scale(out, out.Bounds(), img, img.Bounds(), draw.Src, nil)
	return out
}

// upright turns a picture as its orientation says (Exif 2.3, tag 0x0112; 1 is upright).
func upright(img image.Image, orientation int) image.Image {
	if orientation < 2 || orientation > 8 {
		return img
	}
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	size := image.Pt(w, h)
	if orientation >= sideways {
		size = image.Pt(h, w)
	}
	out := image.NewNRGBA(image.Rectangle{Max: size})
	for y := range size.Y {
		for x := range size.X {
			from := [...]image.Point{
				2: {w - 1 - x, y}, 3: {w - 1 - x, h - 1 - y}, 4: {x, h - 1 - y},
				5: {y, x}, 6: {y, h - 1 - x}, 7: {w - 1 - y, h - 1 - x}, 8: {w - 1 - y, x},
			}[orientation]
			out.Set(x, y, img.At(b.Min.X+from.X, b.Min.Y+from.Y))
		}
	}
	return out
}

// orientation reads how a camera was held from a JPEG's Exif segment; 0 where it does
// not say.
func orientation(data []byte) int {
	const (
		start, app1, scan = 0xFFD8, 0xFFE1, 0xFFDA
		tag, entry        = 0x0112, 12
	)
	if len(data) < 2 || binary.BigEndian.Uint16(data) != start {
		return 0
	}
	for rest := data[2:]; len(rest) >= 4; {
		marker, size := binary.BigEndian.Uint16(rest), int(binary.BigEndian.Uint16(rest[2:]))+2
		if marker < 0xFF00 || marker == scan || size < 4 || size > len(rest) {
			return 0
		}
		tiff, isExif := bytes.CutPrefix(rest[4:size], []byte("Exif\x00\x00"))
		rest = rest[size:]
		if marker != app1 || !isExif || len(tiff) < 8 {
			continue
		}
		var order binary.ByteOrder = binary.BigEndian
		if string(tiff[:2]) == "II" {
			order = binary.LittleEndian
		}
		at := int64(order.Uint32(tiff[4:]))
		if at+2 > int64(len(tiff)) {
			return 0
		}
		entries := tiff[at+2:]
		for range order.Uint16(tiff[at:]) {
			if len(entries) < entry {
				return 0
			}
			if order.Uint16(entries) == tag {
				return int(order.Uint16(entries[8:]))
			}
			entries = entries[entry:]
		}
		return 0
	}
	return 0
}

// frames counts the pictures of a GIF without taking them apart.
func frames(data []byte) (n int, err error) {
	const header, size = 6, 7
	if len(data) < header+size {
		return 0, errInvalid
	}
	flags := data[header+4]
	rest := data[header+size:]
	skip := func(n int) bool {
		if n > len(rest) {
			return false
		}
		rest = rest[n:]
		return true
	}
	blocks := func() bool { // up to the empty one
		for len(rest) > 0 {
			n := int(rest[0])
			if !skip(1 + n) {
				return false
			}
			if n == 0 {
				return true
			}
		}
		return false
	}
	colours := func(flags byte) int {
		if flags&0x80 == 0 {
			return 0
		}
		return 3 << (flags&7 + 1)
	}
	if !skip(colours(flags)) {
		return 0, errInvalid
	}
	for len(rest) > 0 {
		kind := rest[0]
		ok := false
		switch kind {
		case ';':
			return n, nil
		case '!': // as image/gif reads them: what it takes for frames must not be taken for anything else
			if len(rest) < 3 {
				return 0, errInvalid
			}
			switch rest[1] {
			case 0x01: // text
				ok = skip(2+13) && blocks()
			case 0xF9: // graphic control
				ok = skip(2 + 6)
			case 0xFE: // comment
				ok = skip(2) && blocks()
			case 0xFF: // application
				ok = skip(3+int(rest[2])) && blocks()
			}
		case ',':
			if n++; len(rest) > 9 {
				ok = skip(10+colours(rest[9])) && skip(1) && blocks()
			}
		}
		if !ok {
			return 0, errInvalid
		}
	}
	return 0, errInvalid
}
