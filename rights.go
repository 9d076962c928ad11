package akkoord

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"
)

// PersonRecord is all that is stored of one person, in machine-readable form
// (Art. 15 and 20 GDPR, M20).
type PersonRecord struct {
	MadeAt        Moment               `json:"made_at"`
	Person        PersonData           `json:"person"`
	Consents      []ConsentRecord      `json:"consents"`
	CampaignsLeft []CampaignLeftRecord `json:"campaigns_left"`
	Suppressions  []SuppressionRecord  `json:"suppressions"`
	Events        []EventRecord        `json:"events"` // oldest first
	Deliveries    []DeliveryRecord     `json:"deliveries"`
	SystemMails   []SystemMailRecord   `json:"system_mails"` // confirmation mails of the last month

	Requests      []RequestRecord      `json:"requests"`            // what they asked for otherwise than by their link
	ContractMails []ContractMailRecord `json:"transactional_mails"` // orders, invoices to the address, while they are in the log
	Questions     []QuestionRecord     `json:"questions"`           // of re-permission rounds
	Activity      []ActivityRecord     `json:"activity"`            // the last signs of life, where clicks may be counted
	Clicks        []ClickRecord        `json:"clicks"`              // what they clicked, where that may be counted
	Learned       []LearnedRecord      `json:"learned_interests"`   // what is concluded from that, where it may be

	Leavings  []LeavingRecord `json:"leavings"`        // by a mailing's links, with the reason if one was given
	Reports   []ReportRecord  `json:"reports"`         // mails that came back, complaints
	Addresses []AddressRecord `json:"address_changes"` // other addresses that a mail went to, of the last month
	Proofs    []ProofRecord   `json:"confirmation_mails"`
	Filled    []FilledRecord  `json:"filled_in"` // on a form, and not confirmed yet
}

// LeavingRecord is a leaving by a link of a mailing.
type LeavingRecord struct {
	Mailing ID     `json:"mailing,omitzero"`
	Scope   string `json:"scope"`
	Place   string `json:"place"`
	Reason  string `json:"reason,omitempty"`
	At      Moment `json:"at"`
}

// ReportRecord is what a mail server or a mailbox provider told of a mail.
type ReportRecord struct {
	Mailing ID         `json:"mailing,omitzero"` // none: a mail that a sign-up caused
	Kind    ReportKind `json:"kind"`
	Class   Class      `json:"class,omitempty"`
	Status  string     `json:"status,omitempty"`
	Source  string     `json:"source"`
	At      Moment     `json:"at"`
}

// AddressRecord is an address of a change of address.
type AddressRecord struct {
	Email string `json:"email"`
	At    Moment `json:"at"`
}

// ProofRecord is a mail that asked for a yes and of which a copy, or its
// digest, is kept. The copy itself is in the bundle of evidence (M30).
type ProofRecord struct {
	Mail    SystemMail `json:"mail"`
	Locale  string     `json:"locale"`
	AskedAt Moment     `json:"asked_at"`
	SentAt  Moment     `json:"sent_at"`
	Code    string     `json:"code"`
	Bytes   int        `json:"bytes"`
	SHA256  string     `json:"sha256"` // hexadecimal
}

// FilledRecord is what a form was filled in with for an attribute.
type FilledRecord struct {
	Attribute string `json:"attribute"`
	Value     string `json:"value"`
	At        Moment `json:"at"`
}

// PersonData is what a person told about themselves.
type PersonData struct {
	ID         ID                `json:"id"`
	Email      string            `json:"email"`
	Name       string            `json:"name"`
	Locale     string            `json:"locale"`
	Interests  []string          `json:"interests"`
	CreatedAt  Moment            `json:"created_at"`
	Paused     Moment            `json:"paused_until"` // end of a pause of all mail; null: none was asked for, or it is ended
	Attributes map[string]string `json:"attributes"`   // by slug
}

// ConsentRecord is a person's standing for one purpose, with the texts that
// they saw (M4).
type ConsentRecord struct {
	Purpose        string      `json:"purpose"`
	State          State       `json:"state"`
	Since          Moment      `json:"since"`
	Basis          Basis       `json:"basis"`
	WordingVersion int         `json:"wording_version"`
	Locale         string      `json:"locale"`
	Tracked        Moment      `json:"tracked_since"`            // since when clicks may be counted; null: they may not
	Learning       Moment      `json:"learned_from_since"`       // since when interests may be learned from them; null: they may not
	TrackingAsked  string      `json:"tracking_asked,omitempty"` // words of the form to let them be counted, ticked and not confirmed yet
	Text           PurposeText `json:"text"`
	Renewed        Moment      `json:"renewed_at,omitzero"` // last said to be still wanted
	Asked          Moment      `json:"asked_at,omitzero"`   // whether it is (M18)
	Reminded       Moment      `json:"reminded_at,omitzero"`
}

// ActivityRecord is the last sign of life of a kind that a person gave for a
// purpose.
type ActivityRecord struct {
	Purpose string `json:"purpose"`
	Signal  Signal `json:"signal"`
	At      Moment `json:"at"`
}

// ClickRecord is a link of a mail that the person followed.
type ClickRecord struct {
	Purpose  string `json:"purpose"`
	Campaign string `json:"campaign"`
	Link     string `json:"link"`
	Topic    string `json:"topic,omitempty"`
	FirstAt  Moment `json:"first_at"`
	LastAt   Moment `json:"last_at"`
	Times    int    `json:"times"`
	Machine  bool   `json:"machine"` // taken for a program's, and used for nothing
}

// LearnedRecord is a topic that the person is taken to like by what they clicked.
type LearnedRecord struct {
	Purpose string `json:"purpose"`
	Topic   string `json:"topic"`
	Links   int    `json:"links"` // that were clicked
	LastAt  Moment `json:"last_at"`
}

// CampaignLeftRecord is a campaign that the person left (M13).
type CampaignLeftRecord struct {
	Campaign string `json:"campaign"`
	At       Moment `json:"at"`
}

// SuppressionRecord is a reason why the person's address is not mailed.
type SuppressionRecord struct {
	Kind SuppressionKind `json:"kind"`
	At   Moment          `json:"at"`
}

// EventRecord is one line of the ledger with its evidence.
type EventRecord struct {
	Seq            int64     `json:"seq"`
	At             Moment    `json:"at"`
	Kind           EventKind `json:"kind"`
	Purpose        string    `json:"purpose,omitempty"`
	Campaign       string    `json:"campaign,omitempty"`
	Source         string    `json:"source"`
	Actor          Actor     `json:"actor"`
	WordingVersion int       `json:"wording_version,omitempty"`
	PrivacyVersion int       `json:"privacy_version,omitempty"`
	FormVersion    int64     `json:"form_version,omitempty"`
	Locale         string    `json:"locale,omitempty"`
	Evidence
	WholeIP WholeIP `json:"whole_ip,omitzero"`
}

// DeliveryRecord is one mailing that was to go to the person.
type DeliveryRecord struct {
	Mailing   ID     `json:"mailing"`
	Campaign  string `json:"campaign"`
	State     string `json:"state"`
	Attempts  int    `json:"attempts"`
	Code      string `json:"code,omitempty"`
	Reply     string `json:"reply,omitempty"`
	FirstAt   Moment `json:"first_at,omitzero"`
	UpdatedAt Moment `json:"updated_at,omitzero"`
}

// SystemMailRecord is one mail that a sign-up caused.
type SystemMailRecord struct {
	Mail SystemMail `json:"mail"`
	At   Moment     `json:"at"`
}

// QuestionRecord is one question of a re-permission round to the person.
type QuestionRecord struct {
	Purpose        string `json:"purpose"`
	WordingVersion int    `json:"wording_version"`
	Locale         string `json:"locale"`
	AskedAt        Moment `json:"asked_at"`
	RemindedAt     Moment `json:"reminded_at"`
	ConfirmedAt    Moment `json:"confirmed_at"`
}

// Moment is a time as the API and exports write it: RFC 3339 in UTC with six
// fraction digits and Z.
type Moment struct{ time.Time }

const momentLayout = "2006-01-02T15:04:05.000000Z"

// String gives the time as it is written.
func (m Moment) String() string { return m.UTC().Format(momentLayout) }

// MarshalJSON gives the time as it is written; the zero time is null.
func (m Moment) MarshalJSON() ([]byte, error) {
	if m.IsZero() {
		return []byte("null"), nil
	}
	return strconv.AppendQuote(nil, m.String()), nil
}

// Rows gives the record as the rows of a CSV file, a heading and a row per
// value: where it stands in the record, like "consents.1.state", and the
// value. A value that a spreadsheet would take for a formula gets an
// apostrophe before it.
func (r PersonRecord) Rows() [][]string {
	rows := [][]string{{"field", "value"}}
	data, err := json.Marshal(r)
	if err != nil {
		panic("akkoord: a record holds only what JSON can: " + err.Error())
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	flatten(d, "", func(field, value string) {
		rows = append(rows, []string{field, PlainCell(value)})
	})
	return rows
}

// PlainCell gives a value for a CSV file that no spreadsheet takes for a
// formula (threats L16).
func PlainCell(value string) string {
	if value != "" && strings.ContainsRune("=+-@\t\r", rune(value[0])) {
		return "'" + value
	}
	return value
}

// WriteCSV writes the record's rows as CSV (RFC 4180).
func (r PersonRecord) WriteCSV(w io.Writer) error { return csv.NewWriter(w).WriteAll(r.Rows()) }

// WriteJSON writes the record as one indented JSON object.
func (r PersonRecord) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}

// flatten reads one JSON value and gives each value in it that is not made of
// others, in order, with its path. It stops at the end of the text.
func flatten(d *json.Decoder, path string, leaf func(path, value string)) {
	token, err := d.Token()
	if err != nil {
		return
	}
	switch v := token.(type) {
	case json.Delim:
		for i := 1; d.More(); i++ {
			key := strconv.Itoa(i)
			if v == '{' {
				name, _ := d.Token() // in an object every second token is a name
				key = name.(string)
			}
			if path != "" {
				key = path + "." + key
			}
			flatten(d, key, leaf)
		}
		d.Token() // the closing bracket
	case string:
		leaf(path, v)
	case json.Number:
		leaf(path, v.String())
	case bool:
		leaf(path, strconv.FormatBool(v))
	default:
		leaf(path, "")
	}
}
