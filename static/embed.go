// Package static holds the files that pages load: style sheets, icons, images,
// and the scripts of the admin site.
package static

import "embed"

// FS is served under /static/. A page asks for nothing outside it but the style
// sheet of a brand, which the server makes with templates.StyleOf.
//
//go:embed css icons.svg img js vendor
var FS embed.FS
