package webhook

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"akkoord"
)

// ses tells by an SNS topic, whose messages are signed (RSA) by a certificate
// that they name. Only an address of SNS is asked for it, and only our topic is
// subscribed to.
type ses struct {
	topic  string
	client *http.Client

	mu    sync.Mutex
	from  string // where the certificate is from
	proof *x509.Certificate
}

var topicARN = regexp.MustCompile(`^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$`)

func newSES(cfg Config) (service, error) {
	if !topicARN.MatchString(cfg.Secret) {
		return nil, errors.New("it must be ses: and the ARN of the SNS topic, like ses:arn:aws:sns:eu-west-1:123456789012:mail")
	}
	client := http.Client{Timeout: askTime}
	if cfg.Client != nil {
		client = *cfg.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &ses{topic: cfg.Secret, client: &client}, nil
}

const (
	askTime = 5 * time.Second
	askSize = 64 << 10 // bytes of an answer
)

// notice is a message of SNS.
type notice struct {
	Type             string
	MessageID        string `json:"MessageId"`
	TopicARN         string `json:"TopicArn"`
	Subject          *string
	Message          string
	Timestamp        string
	Token            string
	SubscribeURL     string
	SignatureVersion string
	Signature        string
	SigningCertURL   string
}

// signed gives the text that the signature is over.
func (n notice) signed() string {
	fields := [][2]string{{"Message", n.Message}, {"MessageId", n.MessageID}}
	if n.Type == "Notification" {
		if n.Subject != nil {
			fields = append(fields, [2]string{"Subject", *n.Subject})
		}
		fields = append(fields, [2]string{"Timestamp", n.Timestamp})
	} else {
		fields = append(fields, [2]string{"SubscribeURL", n.SubscribeURL}, [2]string{"Timestamp", n.Timestamp}, [2]string{"Token", n.Token})
	}
	var b strings.Builder
	for _, f := range append(fields, [2]string{"TopicArn", n.TopicARN}, [2]string{"Type", n.Type}) {
		b.WriteString(f[0] + "\n" + f[1] + "\n")
	}
	return b.String()
}

func (s *ses) genuine(ctx context.Context, n notice, now time.Time) error {
	at, err := time.Parse(time.RFC3339, n.Timestamp)
	if err != nil || n.TopicARN != s.topic || !fresh(at, now) || !ofSNS(n.SigningCertURL) {
		return errForged
	}
	signature, err := base64.StdEncoding.DecodeString(n.Signature)
	if err != nil {
		return errForged
	}
	cert, err := s.certificate(ctx, n.SigningCertURL, now)
	if err != nil {
		return err
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok || !verifies(key, n, signature) {
		return errForged
	}
	return nil
}

func verifies(key *rsa.PublicKey, n notice, signature []byte) bool {
	switch text := []byte(n.signed()); n.SignatureVersion {
	case "1":
		sum := sha1.Sum(text)
		return rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], signature) == nil
	case "2":
		sum := sha256.Sum256(text)
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil
	}
	return false
}

var snsHost = regexp.MustCompile(`^sns\.[a-z0-9-]{3,30}\.amazonaws\.com(\.cn)?$`)

// ofSNS reports whether an address is one of SNS itself (L12, SSRF).
func ofSNS(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.User == nil && snsHost.MatchString(u.Host) && u.Opaque == ""
}

// certificate gives the certificate at an address of SNS. The one that was
// asked for last is kept.
func (s *ses) certificate(ctx context.Context, from string, now time.Time) (*x509.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.from != from || now.After(s.proof.NotAfter) {
		text, err := s.ask(ctx, from)
		if err != nil {
			return nil, err
		}
		block, _ := pem.Decode(text)
		if block == nil {
			return nil, errForged
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil || now.After(cert.NotAfter) || now.Before(cert.NotBefore) {
			return nil, errForged
		}
		s.from, s.proof = from, cert
	}
	return s.proof, nil
}

func (s *ses) ask(ctx context.Context, address string) ([]byte, error) {
	away := akkoord.Errorf(akkoord.Unavailable, "service_unreachable", "SNS can't be asked for its certificate now; please send this again.")
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errForged
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return nil, away
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, askSize))
	if err != nil || answer.StatusCode != http.StatusOK {
		return nil, away
	}
	return text, nil
}

// sesEvent is what SES tells, as notification or as published event.
type sesEvent struct {
	Notification string `json:"notificationType"`
	Event        string `json:"eventType"`
	Mail         struct {
		Source string `json:"source"`
	} `json:"mail"`
	Bounce struct {
		Type       string `json:"bounceType"`
		SubType    string `json:"bounceSubType"`
		Recipients []struct {
			Email  string `json:"emailAddress"`
			Status string `json:"status"`
			Words  string `json:"diagnosticCode"`
		} `json:"bouncedRecipients"`
	} `json:"bounce"`
	Complaint struct {
		SubType string `json:"complaintSubType"`
		Kind    string `json:"complaintFeedbackType"`
	} `json:"complaint"`
}

func (s *ses) events(ctx context.Context, r request) ([]event, error) {
	var n notice
	if err := json.Unmarshal(r.body, &n); err != nil {
		return nil, errBody
	}
	if err := s.genuine(ctx, n, r.now); err != nil {
		return nil, err
	}
	if n.Type == "SubscriptionConfirmation" {
		if !ofSNS(n.SubscribeURL) {
			return nil, errForged
		}
		_, err := s.ask(ctx, n.SubscribeURL)
		return nil, err
	}
	var m sesEvent
	if n.Type != "Notification" || json.Unmarshal([]byte(n.Message), &m) != nil {
		return nil, nil // the end of a subscription, or a test in words
	}
	e := event{about: m.Mail.Source, report: ignored(akkoord.ReportNoEnd)}
	switch m.Notification + m.Event {
	case "Bounce":
		var first struct{ email, status, words string }
		if len(m.Bounce.Recipients) > 0 {
			r := m.Bounce.Recipients[0]
			first.email, first.status, first.words = r.Email, r.Status, r.Words
		}
		e.report = bounce(sesClass(m.Bounce.Type, m.Bounce.SubType), first.words, first.status, first.email)
	case "Complaint":
		e.report = complaint()
		if m.Complaint.Kind == "not-spam" {
			e.report = ignored(akkoord.ReportWanted)
		}
	}
	return []event{e}, nil
}

func sesClass(kind, sub string) akkoord.Class {
	switch fmt.Sprint(kind, " ", sub) {
	case "Permanent General", "Permanent NoEmail", "Permanent Suppressed", "Permanent OnAccountSuppressionList":
		return akkoord.ClassHard
	case "Transient ContentRejected", "Transient MessageTooLarge", "Transient AttachmentRejected":
		return akkoord.ClassContent
	}
	return akkoord.ClassSoft
}
