package admin

import (
	"bytes"
	"fmt"
	"image/color"
	"net/http"

	"github.com/boombuler/barcode/qr"
)

// quietZone is the white around a QR code that readers need, in its squares.
const quietZone = 4

// qrSVG draws a QR code, one unit to a square, black on white in any light.
func qrSVG(content string) ([]byte, error) {
	code, err := qr.Encode(content, qr.M, qr.Auto)
	if err != nil {
		return nil, err
	}
	side := code.Bounds().Dx()
	var b bytes.Buffer
	whole := side + 2*quietZone
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="`, whole, whole, whole, whole)
	for y := range side {
		for x := 0; x < side; x++ {
			from := x
			for x < side && dark(code.At(x, y)) {
				x++
			}
			if x > from {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from+quietZone, y+quietZone, x-from, x-from)
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return b.Bytes(), nil
}

func dark(c color.Color) bool { return color.GrayModel.Convert(c).(color.Gray).Y < 128 }

// formCode draws the address of a form for print.
func (s *Site) formCode(w http.ResponseWriter, r *http.Request, _ visit) error {
	f, err := s.cfg.Store.Form(r.Context(), r.PathValue("form"))
	if err != nil {
		return err
	}
	svg, err := qrSVG(s.address(publicPath(f)))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	_, _ = w.Write(svg) // the reader may have gone
	return nil
}
