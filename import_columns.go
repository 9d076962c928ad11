package akkoord

import (
	"cmp"
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// use is what a column of an import is read for.
type use uint8

const (
	useNothing use = iota
	useEmail
	useName
	useFirstName
	useLastName
	useLocale
	useInterests
	useSoldOn
	useSale
	useSimilar
	useRefusalOffered
	useConfirmedAt
	useConfirmedIP
	useOptIn // when the form was sent; empty where the source program was told the address by somebody else
	useStatus
	useLeftAt    // the column alone says that the row is an opt-out, when it is filled
	useBouncedAt // likewise
	useLeftFlag
	useBouncedFlag
	useComplainedFlag
	useAttribute // the attribute named after "attribute:"
	useProof     // kept as evidence and read for nothing
)

// proves are the uses whose columns are kept as evidence.
func (u use) proves() bool { return u >= useConfirmedAt && u != useAttribute }

// optsOut reports whether a column of this use can say that somebody must not be mailed.
func (u use) optsOut() bool { return u >= useStatus && u <= useComplainedFlag }

// importColumns are the columns that are understood, by their names without
// regard to case, spaces and punctuation: our own, those of exports of
// Mailchimp, rapidmail, listmonk and HubSpot, and what people call them in
// Dutch and German.
var importColumns = map[string]use{
	"email": useEmail, "email_address": useEmail, "e_mail": useEmail, "e_mail_address": useEmail, "emailadres": useEmail,
	"e_mailadres": useEmail, "e_mail_adres": useEmail, "e_mail_adresse": useEmail, "mail": useEmail, "emailaddress": useEmail,
	"name": useName, "full_name": useName, "fullname": useName, "naam": useName,
	"first_name": useFirstName, "firstname": useFirstName, "fname": useFirstName, "voornaam": useFirstName, "vorname": useFirstName,
	"last_name": useLastName, "lastname": useLastName, "lname": useLastName, "achternaam": useLastName, "nachname": useLastName,
	"locale": useLocale, "language": useLocale, "lang": useLocale, "taal": useLocale, "preferred_language": useLocale,
	"interests": useInterests, "interest": useInterests, "interesses": useInterests,
	"sold_on": useSoldOn, "sale": useSale, "similar": useSimilar, "refusal_offered": useRefusalOffered,
	"confirmed_at": useConfirmedAt, "confirm_time": useConfirmedAt, "activated": useConfirmedAt, "activated_at": useConfirmedAt,
	"confirmed_ip": useConfirmedIP, "confirm_ip": useConfirmedIP, "activated_ip": useConfirmedIP,
	"optin_time": useOptIn,
	"status":     useStatus, "email_marketing_status": useStatus, "subscription_status": useStatus, "member_status": useStatus,
	"unsub_time": useLeftAt, "unsubscribed_at": useLeftAt, "clean_time": useBouncedAt, "cleaned_at": useBouncedAt,
	"unsubscribed_from_all_email": useLeftFlag, "opted_out_of_all_email": useLeftFlag, "portal_unsubscribe": useLeftFlag,
	"email_hard_bounce_reason": useBouncedFlag, "portal_bounce": useBouncedFlag, "global_bounce": useBouncedFlag,
	"portal_spam_report": useComplainedFlag,

	"source": useProof, "wording": useProof, "optin_ip": useProof, "last_changed": useProof, "euid": useProof, "leid": useProof,
	"unsub_campaign_title": useProof, "unsub_campaign_id": useProof, "unsub_reason": useProof, "unsub_reason_other": useProof,
	"clean_campaign_title": useProof, "clean_campaign_id": useProof,
	"created": useProof, "created_ip": useProof, "created_host": useProof, "activated_host": useProof, "foreign_id": useProof,
	"uuid": useProof, "created_at": useProof, "updated_at": useProof, "lists": useProof, "optin": useProof,
	"record_id": useProof, "contact_id": useProof, "create_date": useProof, "consent_date": useProof, "marketing_contact_status": useProof,
	"legal_basis": useProof, "legal_basis_for_processing_contact_s_data": useProof, "original_source": useProof,
}

// columnUse tells what a column is read for. HubSpot has a column for each
// kind of mail that somebody can opt out of.
func columnUse(name string) use {
	if attributeColumn(name) != "" {
		return useAttribute
	}
	key := columnKey(name)
	if u, ok := importColumns[key]; ok {
		return u
	}
	if strings.HasPrefix(key, "opted_out_of_email") || strings.HasPrefix(key, "unsubscribed_from_email") {
		return useLeftFlag
	}
	return useNothing
}

// attributeColumn gives the slug of the attribute that a column holds, as in
// "attribute:last-purchase", or nothing.
func attributeColumn(name string) string {
	kind, slug, _ := strings.Cut(strings.ToLower(strings.TrimSpace(name)), ":")
	if kind != "attribute" {
		return ""
	}
	return strings.TrimSpace(slug)
}

// columnKey gives a column's name in small letters, with an underscore for
// each run of other characters.
func columnKey(name string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(name) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			if gap && b.Len() > 0 {
				b.WriteByte('_')
			}
			gap = false
			b.WriteRune(r)
		} else {
			gap = true
		}
	}
	return b.String()
}

// columns are the columns of a file, in order.
type columns struct {
	names  []string
	uses   []use
	keys   []string // names as keys of a JSON object, with the colon
	slugs  []string // of the attributes that they hold
	locale string   // of rows that name none
	optIns bool     // there is a column of opt-in times
	keep   bool     // the fields of every row
}

// newColumns reads a header as an import says. One without a column of addresses is
// refused, and given.
func newColumns(names []string, spec ImportSpec) (*columns, error) {
	if len(names) > Limits.ImportColumns {
		return nil, Fieldf("file", "file_columns", "The file has %d columns, and at most %d can be read; save it with those alone that are imported.", len(names), Limits.ImportColumns)
	}
	c := &columns{names: slices.Clone(names), locale: cmp.Or(spec.Locale, Locales[0])}
	seen, said := map[use]bool{}, map[use]bool{} // said: by somebody, not by the column's name
	var twice error
	for _, name := range c.names {
		read := cmp.Or(spec.Columns[name], name)
		u := columnUse(read)
		c.slugs = append(c.slugs, attributeColumn(read))
		if u < useProof && u != useLeftFlag && u != useBouncedFlag && u != useAttribute && seen[u] {
			if u.optsOut() && (said[u] || read != name) {
				twice = Fieldf("columns", "column_twice", "Two columns are read as %s, and only one of them would count. Read no other column as what one is called already.", columnKey(read))
			}
			u = useNothing // the first of two columns for the same counts
		}
		seen[u] = true
		said[u] = said[u] || read != name
		c.uses = append(c.uses, u)
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		c.keys = append(c.keys, string(key)+":")
	}
	c.optIns = seen[useOptIn]
	if !seen[useEmail] {
		if slices.ContainsFunc(names, func(s string) bool { return strings.Contains(s, "@") }) {
			return c, Fieldf("file", "header_missing", "The first line of the file has to name the columns, like email,name,confirmed_at.")
		}
		return c, Fieldf("file", "column_missing", "The file has no column with addresses; call it email. Its columns are named in the first line.")
	}
	return c, twice
}

// ignored names the columns that are read for nothing.
func (c *columns) ignored() []string {
	out := []string{}
	for i, u := range c.uses {
		if u == useNothing && strings.TrimSpace(c.names[i]) != "" {
			out = append(out, c.names[i])
		}
	}
	return out
}

// row reads one record. What is wrong with it is in Refused.
func (c *columns) row(line int64, fields []string, now time.Time) ImportRow {
	r := ImportRow{Line: line, Locale: c.locale}
	if !decoded(fields) {
		r.Refused = Fieldf("", "encoding_unknown", "The row is neither UTF-8 nor Windows-1252.")
	} else if len(fields) != len(c.uses) {
		r.Refused = Fieldf("", "columns_mismatch", "The row has %d columns and the header has %d.", len(fields), len(c.uses))
	} else if err := c.read(&r, fields, now); err != nil {
		r.Refused = err
	}
	if r.Refused != nil || c.keep || len(r.Attributes) > 0 { // whether a value is one of its attribute is seen later
		r.Fields = slices.Clone(fields[:min(len(fields), Limits.ImportColumns)])
	}
	return r
}

// decoded makes fields that are not UTF-8 so, taking them for Windows-1252.
func decoded(fields []string) bool {
	if !slices.ContainsFunc(fields, func(s string) bool { return !utf8.ValidString(s) }) {
		return true
	}
	for i, s := range fields {
		out, err := charmap.Windows1252.NewDecoder().String(s)
		if err != nil || strings.ContainsRune(out, utf8.RuneError) {
			return false
		}
		fields[i] = out
	}
	return true
}

func (c *columns) read(r *ImportRow, fields []string, now time.Time) *Error {
	var err error
	var first, last, status, bounced, left string
	proof := 0
	optIn := !c.optIns
	for i, u := range c.uses {
		v := fields[i]
		if v == "" || u == useNothing {
			continue
		}
		if u.proves() {
			proof += len(c.keys[i]) + len(v) + 3
		}
		switch u {
		case useEmail:
			r.Email, err = ParseEmail(v)
		case useName:
			r.Name, err = ParseName(v)
		case useFirstName:
			first = v
		case useLastName:
			last = v
		case useLocale:
			r.Locale = importLocale(v, c.locale)
		case useInterests:
			r.Interests, err = importInterests(v)
		case useSoldOn:
			r.Ground.SoldOn = importDay(v)
		case useSale:
			r.Ground.Sale = strings.TrimSpace(v)
		case useSimilar:
			r.Ground.Similar = affirmed(v)
		case useRefusalOffered:
			r.Ground.RefusalOffered = affirmed(v)
		case useConfirmedAt:
			r.ConfirmedAt, err = importTime("confirmed_at", v, now)
		case useConfirmedIP:
			r.IP = importIP(v)
		case useOptIn:
			optIn = true
		case useStatus:
			status = v
		case useLeftAt:
			left = v
			r.LeftAt, err = importTime("unsubscribed_at", v, now)
		case useBouncedAt:
			bounced = "true"
		case useLeftFlag:
			if flagged(v) {
				left = v
			}
		case useBouncedFlag:
			if flagged(v) {
				bounced = v
			}
		case useAttribute:
			r.Attributes = append(r.Attributes, AttributeValue{c.slugs[i], v})
		case useComplainedFlag:
			if flagged(v) {
				r.Status = RowComplained
			}
		}
		if err != nil {
			return asError(err)
		}
	}
	if r.Email.IsZero() {
		return Fieldf("email", "email_missing", "The row has no e-mail address.")
	}
	if r.Name == "" && (first != "" || last != "") {
		if r.Name, err = ParseName(first + " " + last); err != nil {
			return asError(err)
		}
	}
	if !optIn {
		r.ConfirmedAt = time.Time{} // somebody else told the source program this address
	}
	switch {
	case r.Status != "":
	case bounced != "":
		r.Status = RowBounced
	case left != "":
		r.Status = RowLeft
	default:
		if r.Status, err = importStatus(status); err != nil {
			return asError(err)
		}
	}
	if proof > 0 {
		r.Proof = c.proof(fields, proof)
	}
	return nil
}

func asError(err error) *Error {
	if e, ok := err.(*Error); ok {
		return e
	}
	return Fieldf("", "row_invalid", "The row can't be used.")
}

// proof keeps the columns that prove something, as JSON; size is about the
// length that it will have.
func (c *columns) proof(fields []string, size int) ImportedColumns {
	b := make([]byte, 0, size+2)
	for i, u := range c.uses {
		if !u.proves() || fields[i] == "" {
			continue
		}
		if len(b) == 0 {
			b = append(b, '{')
		} else {
			b = append(b, ',')
		}
		b = appendString(append(b, c.keys[i]...), fields[i])
	}
	return ImportedColumns(append(b, '}'))
}

// appendString appends a string as package json writes it.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if ch := s[i]; ch < ' ' || ch >= 0x7f || strings.IndexByte(`"\<>&`, ch) >= 0 {
			quoted, err := json.Marshal(s)
			if err != nil {
				panic("akkoord: a string is JSON: " + err.Error())
			}
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// statuses are the words for a person's standing elsewhere.
var statuses = map[string]RowStatus{
	"subscribed": RowSubscribed, "active": RowSubscribed, "enabled": RowSubscribed, "confirmed": RowSubscribed, "optin": RowSubscribed, "opted_in": RowSubscribed,
	"pending": RowUnconfirmed, "unconfirmed": RowUnconfirmed, "new": RowUnconfirmed, "non_subscribed": RowUnconfirmed, "nonsubscribed": RowUnconfirmed,
	"never_subscribed": RowUnconfirmed, "transactional": RowUnconfirmed, "disabled": RowUnconfirmed, "inactive": RowUnconfirmed, "archived": RowUnconfirmed,
	"held": RowUnconfirmed, "expired": RowUnconfirmed,
	"unsubscribed": RowLeft, "unsubscribe": RowLeft, "opted_out": RowLeft, "optout": RowLeft, "opt_out": RowLeft, "deleted": RowLeft, "withdrawn": RowLeft,
	"left": RowLeft, "uitgeschreven": RowLeft, "abgemeldet": RowLeft,
	"blocklisted": RowLeftAll, "blacklisted": RowLeftAll, "blocked": RowLeftAll,
	"cleaned": RowBounced, "bounced": RowBounced, "bounce": RowBounced, "hard_bounce": RowBounced, "hard_bounced": RowBounced, "hardbounced": RowBounced,
	"complained": RowComplained, "complaint": RowComplained, "abused": RowComplained, "abuse": RowComplained, "spam": RowComplained, "spam_report": RowComplained,
}

func importStatus(s string) (RowStatus, error) {
	key := columnKey(s)
	if key == "" {
		return RowSubscribed, nil
	}
	status, ok := statuses[key]
	if !ok {
		return "", Fieldf("status", "status_unknown", "The status of this row is none that is known, like subscribed, unsubscribed or bounced.")
	}
	return status, nil
}

// flagged reports whether a column that says yes or no, or why, says yes.
func flagged(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "", "false", "no", "nee", "nein", "0", "n":
		return false
	}
	return true
}

// affirmed reports whether a column says yes in so many words. What proves
// something has to.
func affirmed(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "yes", "ja", "oui", "1", "y", "j", "x":
		return true
	}
	return false
}

// importDay gives a day as Ground has it; what can't be read stays as it is.
func importDay(s string) string {
	if t, ok := parseImportTime(strings.TrimSpace(s)); ok {
		return t.Format(time.DateOnly)
	}
	return s
}

// importLocale gives the language of a tag like "nl-NL", or another where it is none
// of ours.
func importLocale(s, other string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if i := strings.IndexAny(s, "-_"); i >= 0 {
		s = s[:i]
	}
	if KnownLocale(s) {
		return s
	}
	return other
}

// importInterests reads interests, with semicolons between, as slugs.
func importInterests(s string) ([]string, error) {
	var out []string
	for part := range strings.SplitSeq(s, ";") {
		slug := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(part)), " ", "-")
		if slug == "" || slices.Contains(out, slug) {
			continue
		}
		if CheckSlug("interests", slug) != nil {
			return nil, Fieldf("interests", "interest_invalid", "Interests are words of letters, digits and hyphens with semicolons between, like wintersport;stedentrip.")
		}
		out = append(out, slug)
	}
	if len(out) > Limits.Interests {
		return nil, Fieldf("interests", "interests_many", "A person has at most %d interests.", Limits.Interests)
	}
	return out, nil
}

// importIP shortens an address, whatever is kept of our own visitors' (requirements-mail
// F.7). What is no address stays in the proof alone.
func importIP(s string) string {
	a, err := netip.ParseAddr(strings.TrimSpace(s))
	if err != nil {
		return ""
	}
	return IPShortened.Evidence(a).IP
}

// importLayouts are the ways in which exports write times. Dates with
// slashes are not among them, since nobody knows which number is the month.
var importLayouts = []string{
	time.DateTime, time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 -0700 MST", "2006-01-02 15:04:05 MST",
	"2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", time.DateOnly,
	"02-01-2006 15:04:05", "02-01-2006 15:04", "02-01-2006", "02.01.2006 15:04:05", "02.01.2006 15:04", "02.01.2006",
}

// earliestProof is before the first list that anybody confirmed to.
var earliestProof = time.Date(1995, 1, 1, 0, 0, 0, 0, time.UTC)

// importTime reads a time of a column, in UTC where it names no zone. An
// empty date as databases write it gives the zero time.
func importTime(field, s string, now time.Time) (time.Time, error) {
	s = strings.TrimSpace(s)
	if s == "" || strings.HasPrefix(s, "0000-00-00") {
		return time.Time{}, nil
	}
	t, ok := parseImportTime(s)
	switch {
	case !ok:
		return t, Fieldf(field, "time_unreadable", "This time can't be read; write it like 2026-11-24T09:30:00Z.")
	case t.After(now):
		return t, Fieldf(field, "time_future", "This time is in the future.")
	case t.Before(earliestProof):
		return t, Fieldf(field, "time_absurd", "Nobody can have agreed at this time; it is before 1995.")
	}
	return t, nil
}

func parseImportTime(s string) (time.Time, bool) {
	for _, layout := range importLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC().Truncate(time.Microsecond), true
		}
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && len(s) == 10 {
		return time.Unix(n, 0).UTC(), true
	}
	return time.Time{}, false
}
