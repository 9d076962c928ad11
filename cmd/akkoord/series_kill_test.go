package main

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"akkoord/store"
	"akkoord/store/pgtest"
)

// seriesTo starts a mailing of a series that everybody is due for who confirmed, before
// too.
func (in *installation) seriesTo(subject string) string {
	in.t.Helper()
	var m struct {
		ID string `json:"id"`
	}
	in.must(in.api("POST", "/campaigns/winter-2027/mailings", map[string]any{
		"subject": subject, "markdown": "Beste {{name}}, welkom.", "trigger": map[string]any{"on": "confirmed", "include_past": true},
	}, &m))
	in.must(in.api("POST", "/mailings/"+m.ID+"/send", nil, nil))
	return m.ID
}

// reached awaits that as many people were mailed, or may have been.
func (in *installation) reached(mailing string, people, uncertain int64) {
	in.t.Helper()
	m := in.await(mailing, func(m apiMailing) bool { return m.Sent+m.Uncertain >= people })
	if m.Total != people || m.Uncertain > uncertain {
		in.t.Errorf("%+v of %d people, and at most %d uncertain", m, people, uncertain)
	}
}

// SIGKILL at any moment while people of a series are looked for and mailed: everybody
// gets it once, or is told as uncertain (P06, P07, issue 6.4).
func TestP06P07AKilledSeriesReachesEverybodyOnceOrIsUncertain(t *testing.T) {
	eachDatabase(t, func(t *testing.T, database string) {
		const people, kills = 2000, 4
		sink := startSink(t)
		in := installOn(t, database, sink.url(connections), numbered("reiziger%04d@voorbeeld.example", people)...)
		in.start()
		sink.slow(2 * time.Millisecond)
		mailing := in.seriesTo("Welkom")
		for k := range kills {
			at := 100 + k*400
			in.until(fmt.Sprintf("mail %d", at), func() bool { return sink.read() >= at })
			in.kill()
			if taken := sink.read(); taken >= people {
				t.Fatalf("kill %d came after the end", k+1)
			}
			in.start()
		}
		in.reached(mailing, people, connections*kills)
		in.onceOrUncertain(sink, mailing)
		in.verifyLedger()
	})
}

// Two nodes look for the people of one series; one is killed, and the other goes on
// without it: nobody gets it twice, nobody is left out (P19, P06, issue 6.4).
func TestP19P06TwoNodesShareASeries(t *testing.T) {
	t.Parallel()
	const people = 3000 // more than the connections of one node hold at once
	sink := startSink(t)
	database := pgtest.New(t, store.Migrate)
	a := installOn(t, database, sink.url(connections), numbered("reiziger%04d@voorbeeld.example", people)...)
	a.start()
	b := a.another()
	b.start()
	db, err := sql.Open("pgx", database)
	a.must(err)
	t.Cleanup(func() { _ = db.Close() })
	sink.slow(5 * time.Millisecond)
	mailing := a.seriesTo("Welkom")
	a.until("both nodes hold people of it", func() bool {
		var nodes int
		a.must(db.QueryRow(`SELECT count(DISTINCT node) FROM claim`).Scan(&nodes))
		return nodes == 2
	})
	b.kill()
	if taken := sink.read(); taken >= people {
		t.Fatal("the node was killed after the end")
	}
	a.reached(mailing, people, connections)
	a.onceOrUncertain(sink, mailing)
	a.verifyLedger()
}
