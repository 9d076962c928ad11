package akkoord

import (
	"strings"
	"time"
)

// MailLink is a link of a mailing that leads to a page, with the topic that its
// author gave it, if any. One without a URL is the decoy: no person sees it.
type MailLink struct{ URL, Topic string }

// LinkCount is how often a link was followed for the first time by somebody
// who lets their clicks be counted, and by programs. The two are never added.
type LinkCount struct {
	MailLink
	Clicks, Machine int64
}

// ClickBy is what a request that follows a link says of whoever sent it.
type ClickBy struct {
	Head  bool   // only the answer's header was asked for
	Agent string // User-Agent
}

// ClickFacts are what is known of one click when it comes in.
type ClickFacts struct {
	ClickBy
	Decoy  bool          // the link is one that no person sees
	After  time.Duration // since the mail was handed over; 0 before that was on record
	Others int           // other links of the same mail that were followed within ClickBurst
	Marked bool          // a program followed links of the same mail within ClickMark
}

// How programs that look through mails are told from people.
const (
	ClickHurry  = 5 * time.Second  // nobody has read a mail this soon
	ClickBurst  = 5 * time.Second  // in which nobody follows three links
	ClickMark   = 60 * time.Second // for which a program's clicks make all others of the same mail suspect
	burstOthers = 2
)

// machineAgents are parts of names of programs that follow links without a
// reader, in small letters.
var machineAgents = []string{
	"bot", "crawl", "spider", "scan", "preview", "proxy", "curl/", "wget/", "python", "java/", "go-http-client", "okhttp", "libwww", "headless",
	"facebookexternalhit", "whatsapp", "barracuda", "mimecast", "proofpoint", "symantec", "trendmicro", "ironport", "phantomjs", "urlcheck",
}

// Machine reports whether a program followed the link, as far as can be told.
func (f ClickFacts) Machine() bool {
	agent := strings.ToLower(f.Agent)
	for _, name := range machineAgents {
		if strings.Contains(agent, name) {
			return true
		}
	}
	return agent == "" || f.Head || f.After < ClickHurry || f.Marked || f.Burst()
}

// Burst reports whether the clicks just before this one were a program's too.
func (f ClickFacts) Burst() bool { return f.Decoy || f.Others >= burstOthers }
