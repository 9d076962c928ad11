package main

import (
	"bufio"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// loadOrder tells the load generator what to ask, of whom, and for how long.
type loadOrder struct {
	Addr    string        // host:port of the server
	Kind    string        // hello, signup, confirm, leave or report
	Path    string        // signup: the path of the form
	Purpose string        // signup: the box that is ticked
	Clicks  bool          // signup: the box about clicks is ticked too
	Key     string        // report: of the API
	Batch   string        // signup: part of each address, so that all are fresh
	Tokens  string        // confirm, leave, report: a file with a token per line, of reports a return path
	Skip    int           // tokens to leave out, used before
	Limit   int           // requests at most; 0 means no limit
	Clients int           // keep-alive connections, each with one request at a time
	For     time.Duration // time at most
}

// loadResult is what came of it.
type loadResult struct {
	Answers  int     // good ones
	Seconds  float64 // from the first request to the last answer
	P50, P99 float64 // milliseconds from request to answer
	CPU      float64 // seconds of processor time of the generator itself
	Bad      int     // answers with another status than expected, and broken connections
	FirstBad string  // what the first bad one said
}

func (r loadResult) rate() float64 { return float64(r.Answers) / r.Seconds }

// load is the generator. It writes raw HTTP/1.1 and reads only status and
// length of each answer, so that it takes as little as possible of the
// processors that it shares with the server.
func load(order loadOrder) (loadResult, error) {
	script, err := newScript(order)
	if err != nil {
		return loadResult{}, err
	}
	clients := make([]*client, order.Clients)
	for i := range clients {
		if clients[i], err = dial(order.Addr); err != nil {
			return loadResult{}, fmt.Errorf("load: %w", err)
		}
		defer clients[i].conn.Close()
	}
	var next atomic.Int64
	var all sync.WaitGroup
	start := time.Now()
	end := start.Add(order.For)
	for _, c := range clients {
		c.conn.SetDeadline(end.Add(30 * time.Second))
		all.Go(func() {
			for time.Now().Before(end) {
				n := int(next.Add(1)) - 1
				if script.limit > 0 && n >= script.limit || !c.ask(script, n) {
					return
				}
			}
		})
	}
	all.Wait()
	return gather(clients, time.Since(start)), nil
}

func gather(clients []*client, took time.Duration) loadResult {
	result := loadResult{Seconds: took.Seconds(), CPU: ownCPU()}
	var waits []time.Duration
	for _, c := range clients {
		waits = append(waits, c.waits...)
		result.Bad += c.bad
		if result.FirstBad == "" {
			result.FirstBad = c.firstBad
		}
	}
	result.Answers = len(waits)
	slices.Sort(waits)
	result.P50, result.P99 = quantile(waits, 50), quantile(waits, 99)
	return result
}

// quantile gives the percent-th percentile of sorted waits, in milliseconds.
func quantile(waits []time.Duration, percent int) float64 {
	if len(waits) == 0 {
		return 0
	}
	return float64(waits[(len(waits)-1)*percent/100].Microseconds()) / 1000
}

// script writes the requests of one case.
type script struct {
	write  func(dst []byte, n int) []byte // appends request n
	status int                            // what a good answer has
	limit  int
}

func newScript(order loadOrder) (script, error) {
	s := script{status: 200, limit: order.Limit}
	switch order.Kind {
	case "hello":
		s.write = func(dst []byte, n int) []byte {
			return append(dst, "GET /hello HTTP/1.1\r\nHost: "+order.Addr+"\r\n\r\n"...)
		}
		return s, nil
	case "signup":
		s.status = 303
		s.write = func(dst []byte, n int) []byte { return appendSignup(dst, order, n) }
		return s, nil
	case "confirm", "leave":
		tokens, err := readTokens(order.Tokens, order.Skip)
		if err != nil {
			return s, err
		}
		if s.limit == 0 || s.limit > len(tokens) {
			s.limit = len(tokens)
		}
		head, tail := "POST /confirm/", "Content-Length: 0\r\n\r\n"
		if order.Kind == "leave" {
			const body = "List-Unsubscribe=One-Click" // RFC 8058, section 3.2
			head = "POST /unsubscribe/"
			tail = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
		}
		tail = " HTTP/1.1\r\nHost: " + order.Addr + "\r\n" + tail
		s.write = func(dst []byte, n int) []byte {
			dst = append(dst, head...)
			dst = append(dst, tokens[n]...)
			return append(dst, tail...)
		}
		return s, nil
	case "report":
		paths, err := readTokens(order.Tokens, order.Skip)
		if err != nil {
			return s, err
		}
		if s.limit == 0 || s.limit > len(paths) {
			s.limit = len(paths)
		}
		s.write = func(dst []byte, n int) []byte { return appendReport(dst, order, paths[n]) }
		return s, nil
	}
	return s, fmt.Errorf("load: no such kind: %q", order.Kind)
}

// appendSignup writes what a browser sends when a form is filled in.
func appendSignup(dst []byte, order loadOrder, n int) []byte {
	body := fmt.Sprintf(`email=reiziger%s.%d%%40example.org&name=Zo%%C3%%AB+de+Vries&purpose=%s&locale=nl`, order.Batch, n, order.Purpose)
	if order.Clicks {
		body += "&tracking=1"
	}
	return fmt.Appendf(dst, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
		order.Path, order.Addr, len(body), body)
}

// appendReport writes what a mail server posts when a mailbox is not there: a
// report (RFC 3464) with the header of the mail that it is about.
func appendReport(dst []byte, order loadOrder, path string) []byte {
	const recipient = "reiziger@example.org"
	body := "From: MAILER-DAEMON@mx.example.org\r\nTo: <" + path + ">\r\nSubject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n" +
		"This is the mail system at host mx.example.org.\r\n\r\nYour message could not be delivered to one or more recipients.\r\n\r\n<" + recipient + ">: host mx.example.org said: 550 5.1.1 User unknown\r\n\r\n" +
		"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; " + recipient + "\r\n" +
		"Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\r\n\r\n" +
		"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nFrom: nieuws@zonvaart.example\r\nTo: " + recipient + "\r\nSubject: Naar de sneeuw\r\n\r\n--b--\r\n"
	return fmt.Appendf(dst, "POST /api/v1/bounces?rcpt=%s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: message/rfc822\r\nContent-Length: %d\r\n\r\n%s",
		url.QueryEscape(path), order.Addr, order.Key, len(body), body)
}

func readTokens(file string, skip int) ([]string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	tokens := strings.Fields(string(b))
	if skip >= len(tokens) {
		return nil, fmt.Errorf("load: %d tokens, all used before", len(tokens))
	}
	return tokens[skip:], nil
}

// client is one keep-alive connection.
type client struct {
	conn     net.Conn
	r        *bufio.Reader
	out      []byte
	waits    []time.Duration
	bad      int
	firstBad string
}

func dial(addr string) (*client, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, r: bufio.NewReaderSize(conn, 16<<10)}, nil
}

// ask sends request n and waits for its answer. It reports whether the
// connection can take another.
func (c *client) ask(s script, n int) bool {
	c.out = s.write(c.out[:0], n)
	start := time.Now()
	if _, err := c.conn.Write(c.out); err != nil {
		return c.fail(err.Error())
	}
	a, err := readAnswer(c.r)
	if err != nil {
		return c.fail(err.Error())
	}
	if a.status != s.status {
		c.fail(fmt.Sprintf("%d %s", a.status, a.start))
		return !a.last
	}
	c.waits = append(c.waits, time.Since(start))
	if a.last {
		return c.fail("the server closes the connection after each answer")
	}
	return true
}

func (c *client) fail(why string) bool {
	c.bad++
	if c.firstBad == "" {
		c.firstBad = why
	}
	return false
}
