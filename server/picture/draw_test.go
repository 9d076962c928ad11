package picture

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"slices"
	"testing"

	"akkoord"
)

const secret = "52.0907N 5.1214E"

// held is a JPEG, red on the left and blue on the right, whose camera says how it was
// held, and where.
func held(t *testing.T, width, height int, orientation uint16) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for x := range width {
		for y := range height {
			img.Set(x, y, color.NRGBA{200, 0, 0, 255})
			if x >= width/2 {
				img.Set(x, y, color.NRGBA{0, 0, 200, 255})
			}
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	exif := []byte("Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00")
	exif = append(binary.LittleEndian.AppendUint16(exif, orientation), 0, 0, 0, 0, 0, 0)
	exif = append(exif, secret...)
	segment := append(binary.BigEndian.AppendUint16([]byte{0xFF, 0xE1}, uint16(len(exif)+2)), exif...)
	return slices.Concat(b.Bytes()[:2], segment, b.Bytes()[2:])
}

func placed(data []byte) []byte {
	body := []byte("tEXtPlace\x00" + secret)
	chunk := append(binary.BigEndian.AppendUint32(nil, uint32(len(body)-4)), body...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(body))
	const head = 8 + 25 // signature and IHDR
	return slices.Concat(data[:head], chunk, data[head:])
}

func moving(t *testing.T, width, height, n int) []byte {
	t.Helper()
	g := &gif.GIF{}
	for i := range n {
		g.Image = append(g.Image, image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.Black, color.Gray{uint8(i)}}))
		g.Delay = append(g.Delay, 10)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	data := b.Bytes()
	comment := append([]byte{'!', 0xFE, byte(len(secret))}, secret+"\x00"...)
	return slices.Concat(data[:len(data)-1], comment, data[len(data)-1:])
}

// What a camera or an editor wrote into a file beside the picture is never published.
func TestPicturesAreDrawnAnew(t *testing.T) {
	webp, err := base64.StdEncoding.DecodeString("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data          []byte
		contentType   string
		width, height int
	}{
		"a small PNG stays as large":     {placed(picture(t, 90, 30)), "image/png", 90, 30},
		"a wide PNG becomes narrower":    {placed(picture(t, 2400, 300)), "image/png", 1200, 150},
		"a JPEG":                         {held(t, 80, 40, 1), "image/jpeg", 80, 40},
		"a JPEG that was held upright":   {held(t, 80, 40, 6), "image/jpeg", 40, 80},
		"a wide one that is turned":      {held(t, 1600, 2400, 8), "image/jpeg", 1200, 800},
		"a GIF keeps moving":             {moving(t, 20, 10, 3), "image/gif", 20, 10},
		"a WebP is one that Outlook has": {webp, "image/jpeg", 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			img, err := Keep(t.Context(), &shelf{}, "user:1", c.data)
			if err != nil || img.ContentType != c.contentType {
				t.Fatalf("%s %v", img.ContentType, err)
			}
			size, _, err := image.DecodeConfig(bytes.NewReader(img.Data))
			if err != nil || size.Width != c.width || size.Height != c.height {
				t.Errorf("it is %d by %d: %v", size.Width, size.Height, err)
			}
			if bytes.Contains(img.Data, []byte(secret)) {
				t.Error("it still tells where it was taken")
			}
		})
	}
	kept, err := Keep(t.Context(), &shelf{}, "user:1", moving(t, 20, 10, 3))
	if err != nil {
		t.Fatal(err)
	}
	if g, err := gif.DecodeAll(bytes.NewReader(kept.Data)); err != nil || len(g.Image) != 3 {
		t.Errorf("the GIF moves no more: %v", err)
	}
}

// A picture stands as its camera was held, for each way that Exif knows.
func TestPicturesStandUpright(t *testing.T) {
	for orientation, red := range map[uint16]image.Point{ // where red is found
		0: {10, 20}, 1: {10, 20}, 2: {70, 20}, 3: {70, 20}, 4: {10, 20}, 5: {20, 10}, 6: {20, 10}, 7: {20, 70}, 8: {20, 70}, 9: {10, 20},
	} {
		img, err := Keep(t.Context(), &shelf{}, "user:1", held(t, 80, 40, orientation))
		if err != nil {
			t.Fatal(err)
		}
		drawn, err := jpeg.Decode(bytes.NewReader(img.Data))
		if err != nil {
			t.Fatal(err)
		}
		if r, _, b, _ := drawn.At(red.X, red.Y).RGBA(); r < b {
			t.Errorf("orientation %d: no red at %v", orientation, red)
		}
	}
}

// What would take more memory than a picture is worth is refused before it is taken
// apart, and so is what is none.
func TestPicturesAreBounded(t *testing.T) {
	large := func() []byte {
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewPaletted(image.Rect(0, 0, 3000, 2001), color.Palette{color.Black})); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	deep := func() []byte {
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewGray16(image.Rect(0, 0, 2000, 1501))); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for name, c := range map[string]struct {
		data []byte
		code string
	}{
		"too many points":    {large(), "image_points"},
		"points of 16 bits":  {deep(), "image_points"},
		"too many frames":    {moving(t, 500, 500, 25), "image_points"},
		"cut off":            {picture(t, 90, 30)[:60], "image_invalid"},
		"a GIF that is none": {[]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00,"), "image_invalid"},
		"a page":             {[]byte("<html><script>alert(1)</script>"), "image_invalid"},
		"nothing":            {nil, "image_invalid"},
	} {
		s := &shelf{}
		_, err := Keep(t.Context(), s, "user:1", c.data)
		if e, ok := errors.AsType[*akkoord.Error](err); !ok || e.Code != c.code || e.Field != "file" || len(s.all) != 0 {
			t.Errorf("%s: %v, %d kept", name, err, len(s.all))
		}
	}
}

// Frames are counted as they are taken apart: none hides in what only looks like a part
// of something else.
func TestNoFrameHides(t *testing.T) {
	one := moving(t, 20, 10, 1)
	frame := one[bytes.IndexByte(one, ','):bytes.Index(one, []byte{'!', 0xFE})]
	text := append([]byte{'!', 0x01, 255}, make([]byte, 13)...) // a header of 13 bytes, of which the first is no length; then no blocks
	data := slices.Concat(one[:len(one)-1], text, frame, []byte{'!', 0xFE, 250}, bytes.Repeat([]byte{'x'}, 250), []byte{0}, frame, []byte{';'})
	g, err := gif.DecodeAll(bytes.NewReader(data))
	if err != nil || len(g.Image) != 3 {
		t.Fatalf("the picture is not as meant: %v", err)
	}
	if n, err := frames(data); err != nil || n != len(g.Image) {
		t.Errorf("%d of %d frames are counted: %v", n, len(g.Image), err)
	}
}

func FuzzKeep(f *testing.F) {
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"))
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x22Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		img, err := Keep(t.Context(), &shelf{}, "user:1", data)
		if err == nil {
			if _, _, err := image.Decode(bytes.NewReader(img.Data)); err != nil {
				t.Error("what was kept can't be drawn:", err)
			}
		}
		orientation(data)
		if g, err := gif.DecodeAll(bytes.NewReader(data)); err == nil {
			if n, err := frames(data); err != nil || n != len(g.Image) {
				t.Errorf("%d of %d frames are counted: %v", n, len(g.Image), err)
			}
		}
	})
}
