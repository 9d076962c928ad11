package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"akkoord"
)

// serverWire is the wire in a PostgreSQL database: rows of the table of marks, the last of
// each window. Marks of all connections that wait share one statement, on a
// session of its own, and each takes the results of its window before it along.
// It commits without waiting for the disk: marks have to outlive this process,
// not the server (docs/adr/0009).
type serverWire struct {
	store    *Store
	dialect  *postgres
	requests chan *wireRequest
	stop     chan struct{}
	done     chan struct{}
	close1   sync.Once

	number int64 // of the last mark; the loop's own

	mu    sync.Mutex
	notes map[int64][]noted // results that no commit holds, by fence
}

// noted is a run of results with their number.
type noted struct {
	run
	n int
}

type wireRequest struct {
	mark  entry
	notes string
	err   error
	done  chan struct{}
}

// markWait bounds how long a mark may take. After it the person is not begun.
const markWait = 10 * time.Second

var errTakenOver = akkoord.Errorf(akkoord.Unavailable, "unavailable", "This window was taken over by another node.")

func openServerWire(s *Store, p *postgres) *serverWire {
	w := &serverWire{
		store: s, dialect: p, requests: make(chan *wireRequest, nodeRoom), stop: make(chan struct{}), done: make(chan struct{}), notes: map[int64][]noted{},
	}
	go w.run()
	return w
}

func (w *serverWire) mark(e entry) error {
	w.mu.Lock()
	notes := appendRuns(nil, w.notes[e.fence])
	w.mu.Unlock()
	return w.ask(&wireRequest{mark: e, notes: string(notes), done: make(chan struct{})})
}

func (w *serverWire) ask(r *wireRequest) error {
	select {
	case w.requests <- r:
	case <-w.done:
		return errNotWritable
	}
	select {
	case <-r.done:
		return r.err
	case <-w.done:
		return errNotWritable
	}
}

func (w *serverWire) note(e entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.notes[e.fence]
	if last := len(list) - 1; last >= 0 && follows(&list[last], &e) {
		list[last].last, list[last].n, list[last].index = e.SubscriberID, list[last].n+1, e.index
		return
	}
	w.notes[e.fence] = append(list, noted{run{e, e.SubscriberID}, 1})
}

// follows reports whether a result can join a run. What the relay said in
// words is not kept here: it differs for each person.
func follows(n *noted, e *entry) bool {
	return e.chunk != 0 && e.index == n.index+1 && e.State == n.State && e.Attempts == n.Attempts && e.Code == n.Code && e.NextAt.IsZero() && n.NextAt.IsZero()
}

// noteSystem stores the result at once: there is no next mark to take it
// along.
func (w *serverWire) noteSystem(e entry) bool {
	return w.ask(&wireRequest{mark: e, done: make(chan struct{})}) == nil
}

func (w *serverWire) unsettled() {}

// settled drops results, which are the first of each window.
func (w *serverWire) settled(results []entry) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range results {
		fence := results[i].fence
		list := w.notes[fence]
		if len(list) == 0 {
			continue
		}
		if list[0].n--; list[0].n == 0 {
			list = list[1:]
		}
		if len(list) == 0 {
			delete(w.notes, fence)
		} else {
			w.notes[fence] = list
		}
	}
	return nil
}

func (w *serverWire) close() error {
	w.close1.Do(func() { close(w.stop) })
	<-w.done
	return nil
}

func (w *serverWire) run() {
	defer close(w.done)
	var conn *pgx.Conn
	defer func() {
		if conn != nil {
			_ = conn.Close(context.Background())
		}
	}()
	for {
		var group []*wireRequest
		select {
		case r := <-w.requests:
			group = append(group, r)
		case <-w.stop:
			return
		}
		for more := true; more; {
			select {
			case r := <-w.requests:
				group = append(group, r)
			default:
				more = false
			}
		}
		conn = w.write(conn, group)
		for _, r := range group {
			close(r.done)
		}
	}
}

// write stores a group and says of each whether it stands. It gives the
// connection for the next group; nil when a new one is wanted.
func (w *serverWire) write(conn *pgx.Conn, group []*wireRequest) *pgx.Conn {
	ctx, cancel := context.WithTimeout(context.Background(), markWait)
	defer cancel()
	var err error
	if conn == nil {
		if conn, err = pgx.ConnectConfig(ctx, w.dialect.with(map[string]string{"synchronous_commit": "off", "lock_timeout": "8000"})); err != nil {
			fail(group, err)
			return nil
		}
	}
	var marks, mails []*wireRequest
	for _, r := range group {
		if r.mark.isSystem() {
			mails = append(mails, r)
		} else {
			marks = append(marks, r)
		}
	}
	if len(marks) > 0 {
		err = w.putMarks(ctx, conn, marks)
	}
	if len(mails) > 0 && err == nil {
		err = putMails(ctx, conn, mails)
	}
	if err != nil {
		fail(group, err)
		_ = conn.Close(ctx)
		return nil
	}
	return conn
}

// fail answers a group of which nothing is known.
func fail(group []*wireRequest, err error) {
	for _, r := range group {
		r.err = fmt.Errorf("%w (%w)", errNotWritable, err)
	}
}

// putMarks stores marks. A claim that is not there any more was taken over; one that is
// there stays until its mark stands.
func (w *serverWire) putMarks(ctx context.Context, conn *pgx.Conn, group []*wireRequest) error {
	var fences, numbers, people []int64
	var notes []string
	for _, r := range group {
		w.number++
		fences, numbers, people, notes = append(fences, r.mark.fence), append(numbers, w.number), append(people, r.mark.SubscriberID), append(notes, r.notes)
		r.err = errTakenOver
	}
	rows, err := conn.Query(ctx, `WITH held AS MATERIALIZED (SELECT fence FROM claim WHERE fence = ANY ($1::bigint[]) FOR KEY SHARE)
		INSERT INTO mark (fence, number, onwire, notes) SELECT v.fence, v.number, v.onwire, v.notes
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[]) AS v (fence, number, onwire, notes) JOIN held USING (fence) RETURNING fence`, fences, numbers, people, notes)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var fence int64
		if err := rows.Scan(&fence); err != nil {
			return err
		}
		for _, r := range group {
			if r.mark.fence == fence {
				r.err = nil
			}
		}
	}
	return rows.Err()
}

// putMails stores what became of mails of sign-ups.
func putMails(ctx context.Context, conn *pgx.Conn, group []*wireRequest) error {
	batch := &pgx.Batch{}
	for _, r := range group {
		batch.Queue(settleMail, settledMail(&r.mark)...)
	}
	return conn.SendBatch(ctx, batch).Close()
}

// appendRuns writes runs as text: a line of numbers and the code for each.
func appendRuns(dst []byte, list []noted) []byte {
	for i := range list {
		r := &list[i]
		for _, n := range [...]int64{r.SubscriberID, r.last, int64(r.State), int64(r.Attempts), micros(r.FirstAt), micros(r.At), micros(r.NextAt)} {
			dst = append(strconv.AppendInt(dst, n, 10), ' ')
		}
		dst = append(strconv.AppendQuote(dst, r.Code), '\n')
	}
	return dst
}

// parseRuns reads what appendRuns wrote.
func parseRuns(text string) ([]run, error) {
	var out []run
	for line := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 8)
		if len(fields) != 8 {
			return nil, errors.New("the notes of a claim do not parse")
		}
		var n [7]int64
		for i := range n {
			var err error
			if n[i], err = strconv.ParseInt(fields[i], 10, 64); err != nil {
				return nil, fmt.Errorf("the notes of a claim do not parse: %w", err)
			}
		}
		code, err := strconv.Unquote(fields[7])
		if err != nil {
			return nil, fmt.Errorf("the notes of a claim do not parse: %w", err)
		}
		r := run{last: n[1]}
		r.index = -1
		r.Result = akkoord.Result{
			SubscriberID: n[0], State: akkoord.DeliveryState(n[2]), Attempts: int(n[3]), FirstAt: fromMicros(n[4]), At: fromMicros(n[5]), NextAt: fromMicros(n[6]), Code: code,
		}
		out = append(out, r)
	}
	return out, nil
}
