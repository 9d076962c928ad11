package mailer

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"syscall"
	"time"

	"akkoord"
)

// Asker asks pages whether they are there, of addresses that an author typed. It
// reaches what the internet reaches and nothing of our own network: every address
// that is dialled is looked at after names were resolved, for each redirect anew
// (SSRF). It sends no cookie, takes no proxy and reads no body.
type Asker struct {
	// Reachable reports whether an address may be dialled; nil: those that
	// PublicAddress says.
	Reachable func(netip.AddrPort) bool
}

// What one check of a mailing's links may cost.
const (
	askLinks     = 50
	askAtOnce    = 6
	askPatience  = 6 * time.Second  // for one page
	askWhole     = 30 * time.Second // for all of them
	askRedirects = 5
	askHeader    = 64 << 10
)

var (
	errPrivate   = errors.New("not an address of the internet")
	errRedirects = errors.New("too many redirects")
)

// Ask asks each address once, and gives the answers in their order.
func (a *Asker) Ask(ctx context.Context, urls []string) []akkoord.LinkAnswer {
	ctx, stop := context.WithTimeout(ctx, askWhole)
	defer stop()
	client := a.client()
	defer client.CloseIdleConnections()
	out := make([]akkoord.LinkAnswer, len(urls))
	turns := make(chan struct{}, askAtOnce)
	var all sync.WaitGroup
	for i, u := range urls {
		if out[i] = (akkoord.LinkAnswer{URL: u, Code: akkoord.LinkUnasked}); i >= askLinks {
			continue
		}
		all.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			out[i].Status, out[i].Code = ask(ctx, client, u)
		})
	}
	all.Wait()
	return out
}

func (a *Asker) client() *http.Client {
	dialer := net.Dialer{Timeout: askPatience, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !a.reachable(at) {
			return errPrivate
		}
		return nil
	}}
	return &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, TLSHandshakeTimeout: askPatience,
			ResponseHeaderTimeout: askPatience, MaxResponseHeaderBytes: askHeader, DisableCompression: true, DisableKeepAlives: true,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > askRedirects {
				return errRedirects
			}
			r.Header.Del("Referer")
			return nil
		},
	}
}

func (a *Asker) reachable(at netip.AddrPort) bool {
	if a.Reachable != nil {
		return a.Reachable(at)
	}
	return PublicAddress(at.Addr()) && (at.Port() == 80 || at.Port() == 443)
}

// ask asks for the head of a page, and for the page where a server doesn't know how
// to answer that.
func ask(ctx context.Context, client *http.Client, address string) (int, akkoord.LinkFault) {
	status, fault := 0, akkoord.LinkUnreachable
	for _, method := range []string{http.MethodHead, http.MethodGet} {
		status, fault = askBy(ctx, client, method, address)
		if fault != akkoord.LinkRefused && fault != akkoord.LinkGone {
			break
		}
	}
	return status, fault
}

func askBy(ctx context.Context, client *http.Client, method, address string) (int, akkoord.LinkFault) {
	ctx, stop := context.WithTimeout(ctx, askPatience)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return 0, akkoord.LinkUnreachable
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 (compatible; Akkoord link check)")
	resp, err := client.Do(r)
	switch {
	case errors.Is(err, errPrivate):
		return 0, akkoord.LinkPrivate
	case isTimeout(err):
		return 0, akkoord.LinkSlow
	case err != nil:
		return 0, akkoord.LinkUnreachable
	}
	_ = resp.Body.Close() // nothing of it is read
	switch {
	case resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone:
		return resp.StatusCode, akkoord.LinkGone
	case resp.StatusCode >= http.StatusBadRequest:
		return resp.StatusCode, akkoord.LinkRefused
	}
	return resp.StatusCode, ""
}

func isTimeout(err error) bool {
	failed, ok := errors.AsType[*url.Error](err)
	return ok && failed.Timeout()
}

// special are networks that look like any other and are none of the internet's, or lead
// to others by what is written in them (RFC 6890, RFC 6052, RFC 3056, RFC 4380,
// RFC 4291, RFC 2765, RFC 9637, RFC 9602).
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("fec0::/10"),
	netip.MustParsePrefix("::/96"), netip.MustParsePrefix("::ffff:0:0:0/96"), netip.MustParsePrefix("3fff::/20"), netip.MustParsePrefix("5f00::/16"),
	netip.MustParsePrefix("168.63.129.16/32"), // Azure's own machines
}

// PublicAddress reports whether an address is one of the internet: of no machine of
// our own, no private network, and no service that only those inside reach.
func PublicAddress(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsGlobalUnicast() && !a.IsPrivate() && !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) })
}
