// Package mail holds the layouts of all mails, HTML and text.
package mail

import "embed"

// FS holds *.html, which share layout.html, and *.txt, which share layout.txt.
//
//go:embed *.html *.txt
var FS embed.FS
