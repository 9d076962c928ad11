package domain

import "strings"

// walkLookups is how many names are asked for a policy at most (RFC 9989
// §4.10).
const walkLookups = 8

// policy is a DMARC record and where it is.
type policy struct {
	domain string
	text   string
	tags   map[string]string
}

// walk asks a domain and those above it for their DMARC records, nearest first.
// It ends at one that says whether it is a public suffix.
func (c check) walk(domain string) ([]policy, error) {
	var out []policy
	labels := strings.Split(domain, ".")
	for n := 0; len(labels) > 0 && n < walkLookups; n++ {
		at := strings.Join(labels, ".")
		records, err := c.txt("_dmarc."+at, "v=DMARC1")
		if err != nil {
			return out, err
		}
		if len(records) == 1 { // of several none counts
			p := policy{at, records[0], tags(records[0])}
			out = append(out, p)
			if p.tags["psd"] == "n" || p.tags["psd"] == "y" {
				break
			}
		}
		labels = labels[1:]
		if n == 0 && len(labels) > walkLookups-1 {
			labels = labels[len(labels)-(walkLookups-1):]
		}
	}
	return out, nil
}

// organisation gives the organisational domain of a domain, by what a walk up
// from it found.
func organisation(domain string, found []policy) string {
	org := domain
	for i := len(found) - 1; i >= 0; i-- {
		switch p := found[i]; {
		case p.tags["psd"] == "n":
			return p.domain
		case p.tags["psd"] == "y": // one label below the suffix
			if rest, ok := strings.CutSuffix(domain, "."+p.domain); ok {
				return rest[strings.LastIndexByte(rest, '.')+1:] + "." + p.domain
			}
			return domain
		case i == len(found)-1:
			org = p.domain // the highest that has a record
		}
	}
	return org
}

// dmarc asks for the policy of the From domain, and whether the two domains
// belong together (E.8, E.11, RFC 9989).
func (c check) dmarc() []Finding {
	name := "_dmarc." + c.From
	const first = "v=DMARC1; p=none; rua=mailto:dmarc@"
	own, err := c.txt(name, "v=DMARC1")
	if err != nil {
		return []Finding{away("dmarc", name, err)}
	}
	if len(own) > 1 {
		return []Finding{found("dmarc", Fail, "%s has %d DMARC records, so that none counts; leave one", name, len(own))}
	}
	walked, err := c.walk(c.From)
	if err != nil {
		return []Finding{away("dmarc", name, err)}
	}
	org := organisation(c.From, walked)
	var p policy
	for _, candidate := range walked {
		if candidate.domain == c.From || candidate.domain == org {
			p = candidate
			break
		}
	}
	if p.domain == "" {
		return []Finding{found("dmarc", Warn, "%s has no DMARC policy; Gmail and Yahoo ask for one of whoever sends much. Begin with this", c.From).publish(name, first+c.From)}
	}
	out := []Finding{c.judge(p)}
	for _, gone := range []string{"pct", "rf", "ri"} {
		if _, ok := p.tags[gone]; ok {
			out = append(out, found("dmarc", Warn, "%s= in the DMARC record of %s means nothing any more (RFC 9989); leave it out", gone, p.domain))
		}
	}
	return append(out, c.aligned(org)...)
}

func (c check) judge(p policy) Finding {
	what := p.tags["p"]
	if p.domain != c.From && p.tags["sp"] != "" {
		what = p.tags["sp"]
	}
	if what != "quarantine" && what != "reject" {
		what = "none"
	}
	testing := p.tags["t"] == "y"
	switch {
	case what == "reject" && len(c.Keys) == 0:
		return found("dmarc", Fail, "%s asks receivers to refuse what is not signed for it, and nothing is signed here: unless the relay signs for %s, mail that is forwarded is lost", p.domain, c.From)
	case p.tags["rua"] == "":
		return found("dmarc", Warn, "%s has a policy (%s) and no rua=: nobody tells you what fails; add rua=mailto:ADDRESS", p.domain, what)
	case testing:
		return found("dmarc", Warn, "%s says that its policy (%s) is a test (t=y); leave that out when the reports are clean", p.domain, what)
	case what == "none":
		return found("dmarc", OK, "%s has a policy (none), which protects nobody yet; go to quarantine when the reports are clean", p.domain)
	}
	return found("dmarc", OK, "%s has a policy (%s)", p.domain, what)
}

// aligned asks whether SPF can count for the domain that people see.
func (c check) aligned(org string) []Finding {
	if c.Return == c.From {
		return nil
	}
	walked, err := c.walk(c.Return)
	if err != nil {
		return []Finding{away("dmarc", "_dmarc."+c.Return, err)}
	}
	if organisation(c.Return, walked) == org {
		return []Finding{found("dmarc", OK, "%s and %s belong together, so that SPF counts too", c.Return, c.From)}
	}
	verdict, but := Warn, "DKIM alone has to carry DMARC"
	if len(c.Keys) == 0 {
		verdict, but = Fail, "and nothing is signed here: DMARC fails unless the relay signs for "+c.From
	}
	return []Finding{found("dmarc", verdict, "%s does not belong to %s, so that SPF does not count for it (%s); take a return path below %s", c.Return, org, but, org)}
}
