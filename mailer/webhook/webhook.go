// Package webhook reads what sending services tell of mails that they took
// over: bounces, complaints, and people who want no more (mail rules J.11 to
// J.13). A request counts when the service proves that it sent it, and an event
// when it holds the signed return path of a mail of ours: never by an address.
package webhook

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"akkoord"
	"akkoord/mailer"
)

// maxAge is how old a signature may be: services repeat for hours what was not
// answered, and what is told twice does nothing.
const maxAge = 12 * time.Hour

// Config says whose webhooks are taken and what is done with them.
type Config struct {
	Service string // one of Services
	Secret  string // by which the service proves who it is; see Setting

	Read   func(address string) (mailing, subscriber int64, ok bool) // a signed return path, mailer.ReturnPath.Read
	Report func(ctx context.Context, r akkoord.Report) (akkoord.TakenReport, error)
	Leave  func(ctx context.Context, in akkoord.IncomingMail) (akkoord.LeftByMail, error)
	Client *http.Client // asks for certificates, and confirms subscriptions
	Now    func() time.Time
}

// Receiver takes the webhooks of one service. It is safe for concurrent use.
type Receiver struct {
	Config
	service service
}

// service is how one of them proves who it is, and what it tells.
type service interface {
	// events reads a request. One that the service did not send is an error of
	// the kind Unauthorized, whatever is in it.
	events(ctx context.Context, r request) ([]event, error)
}

type request struct {
	header http.Header
	body   []byte
	now    time.Time
}

// event is what is told of one mail.
type event struct {
	about  string // its return path
	leaves bool   // its reader left at the service
	report akkoord.Report
}

// offer is a service that can be set.
type offer struct {
	field mailer.ReportField // that brings our return path back
	form  string             // of the secret
	make  func(cfg Config) (service, error)
}

var offers = map[string]offer{
	"brevo":    {mailer.ReportField{Name: "X-Mailin-custom"}, "TOKEN", newBrevo},
	"mailgun":  {mailer.ReportField{Name: "X-Mailgun-Variables", Before: `{"` + variable + `":"`, After: `"}`}, "SIGNING-KEY", newMailgun},
	"mailjet":  {mailer.ReportField{Name: "X-MJ-CustomID"}, "USER:PASSWORD", newMailjet},
	"postmark": {mailer.ReportField{Name: "X-PM-Metadata-" + variable}, "USER:PASSWORD", newPostmark},
	"sendgrid": {mailer.ReportField{Name: "X-SMTPAPI", Before: `{"unique_args":{"` + variable + `":"`, After: `"}}`}, "PUBLIC-KEY", newSendGrid},
	"ses":      {mailer.ReportField{}, "TOPIC-ARN", newSES}, // it tells the return path that it got
}

// variable is what the return path is called where a service wants a name.
const variable = "akkoord"

// Services are those whose webhooks are understood.
func Services() []string {
	var out []string
	for name := range offers {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// Setting reads SERVICE:SECRET. The form of the secret depends on the service:
// the signing key of Mailgun, the public key of SendGrid's signed event
// webhook, user and password of the address that Postmark or Mailjet is given,
// the token of Brevo, the ARN of the SNS topic of SES.
func Setting(text string) (name, secret string, field mailer.ReportField, err error) {
	name, secret, _ = strings.Cut(text, ":")
	o, ok := offers[name]
	if !ok {
		return "", "", field, fmt.Errorf("%q is none of the services whose webhooks are understood: %s", name, strings.Join(Services(), ", "))
	}
	if secret == "" {
		return "", "", field, fmt.Errorf("it must be %s:%s", name, o.form)
	}
	_, err = o.make(Config{Service: name, Secret: secret})
	return name, secret, o.field, err
}

// New makes the receiver of one service.
func New(cfg Config) (*Receiver, error) {
	s, err := offers[cfg.Service].make(cfg)
	return &Receiver{cfg, s}, err
}

// Take acts on a request that came in for a service, and says how many of its
// events counted; the others were told before, not final, or of no mail of ours.
// Errors: NotFound for another service than the one that is set, Unauthorized,
// Invalid, and those of the store, upon which the service tells it again.
func (r *Receiver) Take(ctx context.Context, name string, h http.Header, body []byte) (counted, others int, err error) {
	if name != r.Service {
		return 0, 0, akkoord.Errorf(akkoord.NotFound, "not_found", "There is nothing at this address.")
	}
	events, err := r.service.events(ctx, request{h, body, r.Now()})
	for _, e := range events {
		var counts bool
		if counts, err = r.act(ctx, e); err != nil {
			break
		}
		if counts {
			counted++
		} else {
			others++
		}
	}
	return counted, others, err
}

func (r *Receiver) act(ctx context.Context, e event) (bool, error) {
	mailing, subscriber, ok := r.Read(e.about)
	if e.leaves {
		if !ok {
			return false, nil
		}
		left, err := r.Leave(ctx, akkoord.IncomingMail{Mailing: mailing, Subscriber: subscriber})
		return left.New, err
	}
	e.report.Source, e.report.Mailing, e.report.Subscriber = r.Service, mailing, subscriber
	switch {
	case e.report.Code != akkoord.ReportCounts:
	case e.about == "":
		e.report.Code = akkoord.ReportNoToken
	case !ok:
		e.report.Code = akkoord.ReportForged
	}
	took, err := r.Report(ctx, e.report)
	return err == nil && took.Code == akkoord.ReportCounts, err
}

// bounce makes the report of a bounce. What the service calls it stands where
// neither codes nor words of the server that refused tell anything; a refusal
// that it calls passing never means that the mailbox is gone.
func bounce(said akkoord.Class, words, status, to string) akkoord.Report {
	r := akkoord.Report{Kind: akkoord.ReportBounce}
	mailer.ReadRefusal(&r, words, status, to)
	code := r.Status[strings.LastIndexByte(r.Status, ' ')+1:]
	silent := (!strings.Contains(code, ".") || strings.HasSuffix(code, ".0.0")) && akkoord.ClassOfWords(words) == akkoord.ClassNone
	if silent || said == akkoord.ClassSoft && r.Class == akkoord.ClassHard {
		r.Class = said
	}
	return r
}

func complaint() akkoord.Report { return akkoord.Report{Kind: akkoord.ReportComplaint} }

func ignored(why akkoord.ReportCode) akkoord.Report { return akkoord.Report{Code: why} }

var errForged = akkoord.Errorf(akkoord.Unauthorized, "signature_invalid", "This request does not prove that the service sent it; nothing was done. Compare the secret in AKKOORD_HOOKS with the service's settings.")

var errBody = akkoord.Errorf(akkoord.Invalid, "body_invalid", "This body is not the JSON that this service sends.")

// read decodes a body, one object or several.
func read[T any](body []byte) ([]T, error) {
	var one T
	var all []T
	var err error
	if strings.HasPrefix(strings.TrimSpace(string(body[:min(len(body), 64)])), "[") {
		err = json.Unmarshal(body, &all)
	} else if err = json.Unmarshal(body, &one); err == nil {
		all = []T{one}
	}
	if err != nil {
		return nil, errBody
	}
	return all, nil
}

// basic is a service that knocks with the user and password of its address.
type basic struct{ user, password string }

func newBasic(cfg Config) (basic, error) {
	user, password, ok := strings.Cut(cfg.Secret, ":")
	if !ok || user == "" || len(password) < 12 {
		return basic{}, fmt.Errorf("it must be %s:USER:PASSWORD with a password of 12 characters at least, the same as in the address that %s is given", cfg.Service, cfg.Service)
	}
	return basic{user, password}, nil
}

func (b basic) genuine(r request) error {
	user, password, _ := (&http.Request{Header: r.header}).BasicAuth()
	if subtle.ConstantTimeCompare([]byte(user), []byte(b.user))&subtle.ConstantTimeCompare([]byte(password), []byte(b.password)) != 1 {
		return errForged
	}
	return nil
}
