package webhook_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/mailer"
	"akkoord/mailer/webhook"

	"github.com/google/go-cmp/cmp"
)

var now = time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC)

// fixture is the receiver of one service, and what it hands on.
type fixture struct {
	*webhook.Receiver
	about   string // a genuine return path, of mailing 7 and person 9
	reports []akkoord.Report
	left    []akkoord.IncomingMail
}

func newFixture(t *testing.T, service, secret string, client *http.Client) *fixture {
	t.Helper()
	returns := mailer.NewReturnPath("bounces@news.example", []byte("key"))
	f := &fixture{about: returns.Of(7, 9)}
	var err error
	f.Receiver, err = webhook.New(webhook.Config{
		Service: service, Secret: secret, Read: returns.Read, Client: client, Now: func() time.Time { return now },
		Report: func(_ context.Context, r akkoord.Report) (akkoord.TakenReport, error) {
			f.reports = append(f.reports, r)
			return akkoord.TakenReport{Code: r.Code, Kind: r.Kind}, nil
		},
		Leave: func(_ context.Context, in akkoord.IncomingMail) (akkoord.LeftByMail, error) {
			f.left = append(f.left, in)
			return akkoord.LeftByMail{New: true}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// came says in a line what a request came to.
func (f *fixture) came() string {
	out := ""
	for _, in := range f.left {
		out += fmt.Sprintf("left %d %d", in.Mailing, in.Subscriber)
	}
	for _, r := range f.reports {
		if r.Code != akkoord.ReportCounts {
			out += string(r.Code)
			continue
		}
		out += strings.TrimSpace(fmt.Sprintf("%s %s %d %d %s", r.Kind, r.Class, r.Mailing, r.Subscriber, r.Status))
	}
	return strings.ReplaceAll(out, "  ", " ")
}

// sealed signs a body as a service does, by the secret of its setting.
type sealed func(body string) (http.Header, []byte)

const password = "a-long-password"

func knock(user string) sealed {
	return func(body string) (http.Header, []byte) {
		r := &http.Request{Header: http.Header{}}
		r.SetBasicAuth(user, password)
		return r.Header, []byte(body)
	}
}

func mailgunSeal(at time.Time, key string) sealed {
	return func(body string) (http.Header, []byte) {
		stamp := fmt.Sprint(at.Unix())
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(stamp + "token"))
		return http.Header{}, fmt.Appendf(nil, `{"signature":{"timestamp":%q,"token":"token","signature":%q},"event-data":%s}`, stamp, hex.EncodeToString(mac.Sum(nil)), body)
	}
}

func sendgridSeal(t *testing.T, key *ecdsa.PrivateKey, at time.Time) sealed {
	return func(body string) (http.Header, []byte) {
		stamp := fmt.Sprint(at.Unix())
		sum := sha256.Sum256([]byte(stamp + body))
		signature, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		h := http.Header{}
		h.Set("X-Twilio-Email-Event-Webhook-Timestamp", stamp)
		h.Set("X-Twilio-Email-Event-Webhook-Signature", base64.StdEncoding.EncodeToString(signature))
		return h, []byte(body)
	}
}

// topic is an SNS topic: it signs, and answers for its certificate.
type topic struct {
	t     *testing.T
	key   *rsa.PrivateKey
	cert  []byte
	asked []string
}

const arn = "arn:aws:sns:eu-west-1:123456789012:mail"

func newTopic(t *testing.T) *topic {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sns.amazonaws.com"}, NotBefore: now.AddDate(0, -1, 0), NotAfter: now.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &topic{t: t, key: key, cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// RoundTrip answers as the addresses of SNS do.
func (s *topic) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked = append(s.asked, r.URL.String())
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(s.cert)), Request: r}, nil
}

func (s *topic) sign(fields map[string]string) []byte {
	s.t.Helper()
	for name, value := range map[string]string{"Type": "Notification", "MessageId": "1", "TopicArn": arn, "Timestamp": now.Format(time.RFC3339), "SignatureVersion": "2",
		"SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService.pem"} {
		if _, ok := fields[name]; !ok {
			fields[name] = value
		}
	}
	names := []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"}
	if fields["Type"] != "Notification" {
		names = []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
	}
	text := ""
	for _, name := range names {
		if value, ok := fields[name]; ok {
			text += name + "\n" + value + "\n"
		}
	}
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	if err != nil {
		s.t.Fatal(err)
	}
	fields["Signature"] = base64.StdEncoding.EncodeToString(signature)
	body, err := json.Marshal(fields)
	if err != nil {
		s.t.Fatal(err)
	}
	return body
}

// J.13: what each service tells, and what it comes to. ABOUT stands for the
// return path where the service hands it back.
func TestWhatEachServiceTells(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	sns := newTopic(t)
	client := &http.Client{Transport: sns}
	bearer := func(body string) (http.Header, []byte) {
		return http.Header{"Authorization": {"Bearer " + password}}, []byte(body)
	}
	message := func(body string) (http.Header, []byte) {
		return http.Header{}, sns.sign(map[string]string{"Message": body})
	}
	services := map[string]struct {
		secret string
		seal   sealed
	}{
		"brevo":    {password, bearer},
		"mailgun":  {"signing-key", mailgunSeal(now, "signing-key")},
		"mailjet":  {"akkoord:" + password, knock("akkoord")},
		"postmark": {"akkoord:" + password, knock("akkoord")},
		"sendgrid": {base64.StdEncoding.EncodeToString(der), sendgridSeal(t, key, now)},
		"ses":      {arn, message},
	}
	const hard, soft, policy, complained, left = "bounce hard 7 9", "bounce soft 7 9", "bounce policy 7 9", "complaint 7 9", "left 7 9"
	for _, c := range []struct{ service, body, want string }{
		{"brevo", `{"event":"hard_bounce","email":"a@b.example","reason":"550 5.1.1 no such user","X-Mailin-custom":"ABOUT"}`, hard + " 550 5.1.1"},
		{"brevo", `{"event":"hard_bounce","reason":"unroutable","X-Mailin-custom":"ABOUT"}`, hard},
		{"brevo", `{"event":"hard_bounce","reason":"550 5.7.1 listed by us","X-Mailin-custom":"ABOUT"}`, policy + " 550 5.7.1"},
		{"brevo", `{"event":"soft_bounce","reason":"452 4.2.2 full","X-Mailin-custom":"ABOUT"}`, soft + " 452 4.2.2"},
		{"brevo", `{"event":"blocked","X-Mailin-custom":"ABOUT"}`, policy},
		{"brevo", `{"event":"spam","X-Mailin-custom":"ABOUT"}`, complained},
		{"brevo", `{"event":"unsubscribed","X-Mailin-custom":"ABOUT"}`, left},
		{"brevo", `{"event":"delivered","X-Mailin-custom":"ABOUT"}`, "not_final"},
		{"brevo", `{"event":"spam","email":"a@b.example"}`, "token_missing"},
		{"brevo", `{"event":"spam","X-Mailin-custom":"bounces+aaaaaaaaaaaaaaaaaaaaaaaa@news.example"}`, "token_invalid"},
		{"brevo", `{"event":"unsubscribed","X-Mailin-custom":"a@b.example"}`, ""},
		{"mailgun", `{"event":"failed","severity":"permanent","reason":"bounce","user-variables":{"akkoord":"ABOUT"},"delivery-status":{"code":550,"message":"5.1.1 The email account does not exist"}}`, hard + " 550 5.1.1"},
		{"mailgun", `{"event":"failed","severity":"permanent","reason":"bounce","envelope":{"sender":"ABOUT"},"delivery-status":{"code":554,"enhanced-code":"5.7.1","message":"Blocked"}}`, policy + " 554 5.7.1"},
		{"mailgun", `{"event":"failed","severity":"permanent","reason":"suppress-bounce","user-variables":{"akkoord":"ABOUT"},"delivery-status":{"code":605}}`, hard},
		{"mailgun", `{"event":"failed","severity":"permanent","reason":"old","user-variables":{"akkoord":"ABOUT"},"delivery-status":{"code":602}}`, soft},
		{"mailgun", `{"event":"failed","severity":"temporary","user-variables":{"akkoord":"ABOUT"}}`, "not_final"},
		{"mailgun", `{"event":"complained","user-variables":{"akkoord":"ABOUT"}}`, complained},
		{"mailgun", `{"event":"unsubscribed","user-variables":{"akkoord":"ABOUT"}}`, left},
		{"mailjet", `[{"event":"bounce","CustomID":"ABOUT","hard_bounce":true,"error_related_to":"recipient","error":"user unknown"}]`, hard},
		{"mailjet", `[{"event":"bounce","CustomID":"ABOUT","hard_bounce":false,"error_related_to":"domain"}]`, soft},
		{"mailjet", `{"event":"blocked","CustomID":"ABOUT","error_related_to":"mailjet","error":"preblocked"}`, policy},
		{"mailjet", `{"event":"spam","CustomID":"ABOUT"}`, complained},
		{"mailjet", `{"event":"unsub","CustomID":"ABOUT"}`, left},
		{"postmark", `{"RecordType":"Bounce","Type":"HardBounce","Metadata":{"akkoord":"ABOUT"},"Details":"smtp;550 5.1.1 unknown"}`, hard + " 550 5.1.1"},
		{"postmark", `{"RecordType":"Bounce","Type":"HardBounce","Metadata":{"akkoord":"ABOUT"},"Details":""}`, hard},
		{"postmark", `{"RecordType":"Bounce","Type":"SoftBounce","Metadata":{"akkoord":"ABOUT"}}`, soft},
		{"postmark", `{"RecordType":"Bounce","Type":"Transient","Metadata":{"akkoord":"ABOUT"}}`, "not_final"},
		{"postmark", `{"RecordType":"Bounce","Type":"AutoResponder","Metadata":{"akkoord":"ABOUT"}}`, "auto_reply"},
		{"postmark", `{"RecordType":"Bounce","Type":"Blocked","Metadata":{"akkoord":"ABOUT"}}`, policy},
		{"postmark", `{"RecordType":"SpamComplaint","Metadata":{"akkoord":"ABOUT"}}`, complained},
		{"postmark", `{"RecordType":"SubscriptionChange","SuppressSending":true,"SuppressionReason":"ManualSuppression","Origin":"Recipient","Metadata":{"akkoord":"ABOUT"}}`, left},
		{"postmark", `{"RecordType":"SubscriptionChange","SuppressSending":true,"SuppressionReason":"HardBounce","Origin":"Recipient","Metadata":{"akkoord":"ABOUT"}}`, "not_final"},
		{"sendgrid", `[{"event":"bounce","type":"bounce","status":"5.1.1","reason":"550 5.1.1 unknown","akkoord":"ABOUT"}]`, hard + " 550 5.1.1"},
		{"sendgrid", `[{"event":"bounce","type":"blocked","status":"5.0.0","reason":"550 not today","akkoord":"ABOUT"}]`, policy + " 550 5.0.0"},
		{"sendgrid", `[{"event":"deferred","akkoord":"ABOUT"}]`, "not_final"},
		{"sendgrid", `[{"event":"dropped","reason":"Bounced Address","akkoord":"ABOUT"}]`, hard},
		{"sendgrid", `[{"event":"spamreport","akkoord":"ABOUT"}]`, complained},
		{"sendgrid", `[{"event":"unsubscribe","akkoord":"ABOUT"}]`, left},
		{"sendgrid", `[{"event":"spamreport","akkoord":"ABOUT"},{"event":"processed","reason":{"odd":1},"akkoord":"ABOUT"}]`, complained + "not_final"},
		{"ses", `{"notificationType":"Bounce","mail":{"source":"ABOUT"},"bounce":{"bounceType":"Permanent","bounceSubType":"General","bouncedRecipients":[{"emailAddress":"a@b.example","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 unknown"}]}}`, hard + " 550 5.1.1"},
		{"ses", `{"eventType":"Bounce","mail":{"source":"ABOUT"},"bounce":{"bounceType":"Transient","bounceSubType":"General","bouncedRecipients":[]}}`, soft},
		{"ses", `{"eventType":"Complaint","mail":{"source":"ABOUT"},"complaint":{"complaintFeedbackType":"abuse"}}`, complained},
		{"ses", `{"eventType":"Complaint","mail":{"source":"ABOUT"},"complaint":{"complaintFeedbackType":"not-spam"}}`, "not_spam"},
		{"ses", `{"eventType":"Delivery","mail":{"source":"ABOUT"}}`, "not_final"},
		{"ses", `a test in words`, ""},
	} {
		s := services[c.service]
		f := newFixture(t, c.service, s.secret, client)
		header, body := s.seal(strings.ReplaceAll(c.body, "ABOUT", f.about))
		counted, others, err := f.Take(t.Context(), c.service, header, body)
		if err != nil {
			t.Errorf("%s %s: %v", c.service, c.body, err)
			continue
		}
		if diff := cmp.Diff(c.want, f.came()); diff != "" {
			t.Errorf("%s %s, %d and %d:\n%s", c.service, c.body, counted, others, diff)
		}
		for _, r := range f.reports {
			if r.Source != c.service || strings.Contains(r.Reply, "a@b.example") {
				t.Errorf("%s: %+v", c.service, r)
			}
		}
	}
}

// J.11: whoever can't prove to be the service does nothing, however well the
// rest is made.
func TestForgedWebhooksDoNothing(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public := base64.StdEncoding.EncodeToString(der)
	sns := newTopic(t)
	client := &http.Client{Transport: sns}
	altered := func(fields map[string]string, change func(map[string]string)) sealed {
		return func(string) (http.Header, []byte) {
			body := sns.sign(fields)
			got := map[string]string{}
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatal(err)
			}
			change(got)
			body, _ = json.Marshal(got)
			return http.Header{}, body
		}
	}
	nothing := func(body string) (http.Header, []byte) { return http.Header{}, []byte(body) }
	for name, c := range map[string]struct {
		service, secret string
		seal            sealed
		body            string
	}{
		"no token":          {"brevo", password, nothing, `{"event":"spam"}`},
		"another token":     {"brevo", password, func(b string) (http.Header, []byte) { return http.Header{"Authorization": {"Bearer guess"}}, []byte(b) }, `{}`},
		"no password":       {"postmark", "akkoord:" + password, nothing, `{}`},
		"another user":      {"mailjet", "akkoord:" + password, knock("somebody"), `{}`},
		"another key":       {"mailgun", "right", mailgunSeal(now, "wrong"), `{}`},
		"an old signature":  {"mailgun", "right", mailgunSeal(now.Add(-13*time.Hour), "right"), `{}`},
		"one of later":      {"mailgun", "right", mailgunSeal(now.Add(2*time.Hour), "right"), `{}`},
		"nothing signed":    {"mailgun", "right", nothing, `[]`},
		"an old event":      {"sendgrid", public, sendgridSeal(t, key, now.Add(-13*time.Hour)), `[]`},
		"no signature":      {"sendgrid", public, nothing, `[]`},
		"another topic":     {"ses", arn, altered(map[string]string{"TopicArn": arn + "2", "Message": "{}"}, func(map[string]string) {}), ""},
		"an altered notice": {"ses", arn, altered(map[string]string{"Message": "{}"}, func(m map[string]string) { m["Message"] = `{"eventType":"Complaint"}` }), ""},
		"an old notice":     {"ses", arn, altered(map[string]string{"Message": "{}", "Timestamp": now.Add(-13 * time.Hour).Format(time.RFC3339)}, func(map[string]string) {}), ""},
		"another version":   {"ses", arn, altered(map[string]string{"Message": "{}"}, func(m map[string]string) { m["SignatureVersion"] = "3" }), ""},
	} {
		f := newFixture(t, c.service, c.secret, client)
		header, body := c.seal(c.body)
		if _, _, err := f.Take(t.Context(), c.service, header, body); akkoord.KindOf(err) != akkoord.Unauthorized || f.came() != "" {
			t.Errorf("%s: %v, %s", name, err, f.came())
		}
	}
	sns.asked = nil
	for _, from := range []string{
		"https://sns.eu-west-1.amazonaws.com.evil.example/x.pem", "https://evil.example/sns.eu-west-1.amazonaws.com.pem", "http://sns.eu-west-1.amazonaws.com/x.pem",
		"https://sns.eu-west-1.amazonaws.com:8443/x.pem", "https://sns.eu-west-1.amazonaws.com@127.0.0.1/x.pem", "https://127.0.0.1/x.pem", "https://sns.a/b.amazonaws.com/x.pem", "",
	} {
		f := newFixture(t, "ses", arn, client)
		if _, _, err := f.Take(t.Context(), "ses", http.Header{}, sns.sign(map[string]string{"Message": "{}", "SigningCertURL": from})); akkoord.KindOf(err) != akkoord.Unauthorized {
			t.Errorf("%s: %v", from, err)
		}
		body := sns.sign(map[string]string{"Type": "SubscriptionConfirmation", "Message": "x", "Token": "t", "SubscribeURL": from, "SigningCertURL": from})
		if _, _, err := f.Take(t.Context(), "ses", http.Header{}, body); akkoord.KindOf(err) != akkoord.Unauthorized {
			t.Errorf("subscribed to %s: %v", from, err)
		}
	}
	if len(sns.asked) != 0 {
		t.Errorf("asked %v", sns.asked)
	}
}

// J.11: the topic that is set is subscribed to, at an address of SNS alone.
func TestTheTopicIsSubscribedTo(t *testing.T) {
	sns := newTopic(t)
	f := newFixture(t, "ses", arn, &http.Client{Transport: sns})
	const at = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"
	for want, url := range map[akkoord.Kind]string{"": at, akkoord.Unauthorized: "https://127.0.0.1/"} {
		body := sns.sign(map[string]string{"Type": "SubscriptionConfirmation", "Message": "x", "Token": "t", "SubscribeURL": url})
		if _, _, err := f.Take(t.Context(), "ses", http.Header{}, body); akkoord.KindOf(err) != want {
			t.Errorf("%s: %v", url, err)
		}
	}
	if n := len(sns.asked); n != 2 || f.came() != "" { // the certificate once
		t.Errorf("asked %v, %s", sns.asked, f.came())
	}
}

// A body that is no JSON of the service is refused in words, and so is a
// setting that can't work.
func TestBadBodiesAndSettings(t *testing.T) {
	for service, secret := range map[string]string{"brevo": password, "mailjet": "akkoord:" + password, "postmark": "akkoord:" + password, "mailgun": "right", "ses": arn} {
		f := newFixture(t, service, secret, nil)
		header, _ := knock("akkoord")("")
		if service == "brevo" {
			header = http.Header{"Authorization": {password}}
		}
		for _, body := range []string{"", "{", `"text"`, `[1]`, "\x00\xff"} {
			if _, _, err := f.Take(t.Context(), service, header, []byte(body)); akkoord.KindOf(err) != akkoord.Invalid && akkoord.KindOf(err) != akkoord.Unauthorized {
				t.Errorf("%s %q: %v", service, body, err)
			}
		}
		if _, _, err := f.Take(t.Context(), "other", header, []byte("{}")); akkoord.KindOf(err) != akkoord.NotFound {
			t.Errorf("for another service: %v", err)
		}
	}
	for _, bad := range []string{"", "mailchimp:key", "mailgun", "mailgun:", "postmark:user", "postmark:user:short", "mailjet::" + password, "brevo:short", "sendgrid:key", "sendgrid:AAAA", "ses:topic"} {
		if _, _, _, err := webhook.Setting(bad); err == nil || strings.Contains(err.Error(), "panic") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if name, secret, field, err := webhook.Setting("postmark:akkoord:" + password); err != nil || name != "postmark" || secret != "akkoord:"+password || field.Name != "X-PM-Metadata-akkoord" {
		t.Errorf("%s %s %+v %v", name, secret, field, err)
	}
}

// L12: whatever comes in, no request crashes the receiver or counts unsigned.
func FuzzTake(f *testing.F) {
	for _, seed := range []string{`{}`, `[]`, `{"Type":"Notification"}`, `{"signature":{},"event-data":{"event":"failed"}}`, `[{"event":"bounce"}]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for service, secret := range map[string]string{"brevo": password, "mailjet": "akkoord:" + password, "postmark": "akkoord:" + password, "mailgun": "right", "ses": arn} {
			x := newFixture(t, service, secret, &http.Client{Transport: &topic{}})
			header, _ := knock("akkoord")("")
			_, _, err := x.Take(t.Context(), service, header, []byte(body))
			if (service == "mailgun" || service == "ses" || service == "brevo") && err == nil {
				t.Errorf("%s took %q", service, body)
			}
		}
	})
}
