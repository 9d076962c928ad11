package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/mail"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"akkoord/mailer/mailertest"
)

// sinkMain is a process of its own: an SMTP server that takes everything, and
// appends a line to its log, in one write, when a body begins and before it
// answers that it has taken a message. What the log says is what recipients
// have. It serves until its standard input ends; a line there sets how long
// it keeps each message before it answers.
func sinkMain() {
	if err := runSink(os.Args[1], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sink:", err)
		os.Exit(1)
	}
}

func runSink(logFile string, orders io.Reader, out io.Writer) error {
	f, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &sink{log: f}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.converse(conn)
		}
	}()
	fmt.Fprintln(out, listener.Addr())
	for lines := bufio.NewScanner(orders); lines.Scan(); {
		pace, err := time.ParseDuration(lines.Text())
		if err != nil {
			return err
		}
		s.pace.Store(int64(pace))
	}
	return listener.Close()
}

type sink struct {
	log  *os.File
	pace atomic.Int64
}

// converse is one session. A group of pipelined commands is answered with one
// write (RFC 2920).
func (s *sink) converse(conn net.Conn) {
	defer conn.Close()
	r, w := bufio.NewReaderSize(conn, 64<<10), bufio.NewWriter(conn)
	w.WriteString("220 sink ESMTP\r\n")
	var to string
	for {
		if r.Buffered() == 0 && w.Flush() != nil {
			return
		}
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		switch verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " "); verb {
		case "EHLO":
			w.WriteString("250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SMTPUTF8\r\n")
		case "RCPT":
			_, to, _ = strings.Cut(line, "<")
			to, _, _ = strings.Cut(to, ">")
			w.WriteString("250 2.1.5 ok\r\n")
		case "DATA":
			w.WriteString("354 go\r\n")
			if w.Flush() != nil || s.take(r, to) != nil {
				return
			}
			w.WriteString("250 2.0.0 ok\r\n")
		case "QUIT":
			w.WriteString("221 2.0.0 bye\r\n")
			w.Flush()
			return
		default: // MAIL, RSET, NOOP
			w.WriteString("250 2.0.0 ok\r\n")
		}
	}
}

// take reads a message to its dot, keeps it for a while, and logs it.
func (s *sink) take(r *bufio.Reader, to string) error {
	if _, err := r.Peek(1); err != nil {
		return err
	}
	began := time.Now()
	if err := s.write("begun", began, to); err != nil {
		return err
	}
	var raw bytes.Buffer
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if string(line) == ".\r\n" {
			break
		}
		raw.Write(bytes.TrimPrefix(line, []byte(".")))
	}
	if pace := time.Duration(s.pace.Load()); pace > 0 {
		<-time.After(pace)
	}
	id, mailing, link, err := marks(raw.Bytes())
	if err != nil {
		return err
	}
	return s.write("took", began, to, id, mailing, link)
}

func (s *sink) write(kind string, at time.Time, fields ...string) error {
	line := kind + "\t" + strconv.FormatInt(at.UnixMicro(), 10) + "\t" + strings.Join(fields, "\t") + "\n"
	_, err := s.log.WriteString(line)
	return err
}

var oneClickPath = regexp.MustCompile(`<http://[^/]+(/[^>]+)>`)

// marks reads what tells a message from another: its Message-ID, its mailing,
// and the path of its link, to leave or to confirm.
func marks(raw []byte) (id, mailing, link string, err error) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return "", "", "", err
	}
	id, mailing = m.Header.Get("Message-ID"), m.Header.Get("X-Mailing")
	if mailing != "" {
		if found := oneClickPath.FindStringSubmatch(m.Header.Get("List-Unsubscribe")); found != nil {
			link = found[1]
		}
		return id, mailing, link, nil
	}
	content, err := mailertest.Parse(raw)
	if found := confirmPath.FindString(content.Text); found != "" {
		link = found
	}
	return id, mailing, link, err
}

var confirmPath = regexp.MustCompile(`/confirm/[A-Za-z0-9._-]+`)

// sinkProcess is the sink beside a test, and a reader of its log.
type sinkProcess struct {
	t      *testing.T
	addr   string
	orders io.Writer
	log    *os.File
	rest   string // of a line not yet whole

	begun, took []receipt
}

// receipt is a line of the sink's log.
type receipt struct {
	at                    time.Time // of the first byte of the body
	to, id, mailing, link string
}

func startSink(t *testing.T) *sinkProcess {
	t.Helper()
	logFile := t.TempDir() + "/sink.log"
	cmd := exec.Command("sink", logFile)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &sinkProcess{t: t, orders: in}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	s.addr = strings.TrimSpace(addr)
	if s.log, err = os.Open(logFile); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.log.Close() })
	return s
}

// url is the setting AKKOORD_SMTP for the sink.
func (s *sinkProcess) url(connections int) string {
	return fmt.Sprintf("smtp://%s?tls=none&connections=%d", s.addr, connections)
}

// slow makes the sink keep each message for a while before it answers.
func (s *sinkProcess) slow(pace time.Duration) {
	s.t.Helper()
	if _, err := fmt.Fprintln(s.orders, pace); err != nil {
		s.t.Fatal(err)
	}
}

// read reads on in the log, and gives how many messages were taken in all.
func (s *sinkProcess) read() int {
	s.t.Helper()
	b, err := io.ReadAll(s.log)
	if err != nil {
		s.t.Fatal(err)
	}
	text := s.rest + string(b)
	for {
		line, rest, whole := strings.Cut(text, "\n")
		if !whole {
			break
		}
		text = rest
		f := strings.Split(line, "\t")
		micros, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			s.t.Fatal(err)
		}
		r := receipt{at: time.UnixMicro(micros), to: f[2]}
		if f[0] == "begun" {
			s.begun = append(s.begun, r)
			continue
		}
		r.id, r.mailing, r.link = f[3], f[4], f[5]
		s.took = append(s.took, r)
	}
	s.rest = text
	return len(s.took)
}

// got gives the messages of a mailing by recipient; "" is for confirmation
// mails.
func (s *sinkProcess) got(mailing string) map[string][]receipt {
	s.read()
	out := map[string][]receipt{}
	for _, r := range s.took {
		if r.mailing == mailing {
			out[r.to] = append(out[r.to], r)
		}
	}
	return out
}
