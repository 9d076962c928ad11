// Package static holds the files that pages load: style sheets, icons, images,
// and the scripts of the admin site.
package static

import "embed"

// FS is served under /static/. A page asks for nothing outside it but
// /static/brand.css, which the server makes with templates.BrandCSS.
//
//go:embed css icons.svg img js vendor
var FS embed.FS
