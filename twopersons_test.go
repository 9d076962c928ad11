package akkoord_test

import (
	"testing"
	"time"

	"akkoord"
)

// Threats 2.3.5: what takes two persons is done by one that asked, when another
// one agreed, and for a day.
func TestTwoPersons(t *testing.T) {
	for _, wrong := range []akkoord.Approval{{Act: "move", Reason: "r"}, {Act: akkoord.MassExport, Reason: " "}, {Act: akkoord.MassErasure, Reason: "anouk@voorbeeld.example"}} {
		if _, err := wrong.Ask("user:1", grantDay); akkoord.KindOf(err) != akkoord.Invalid {
			t.Errorf("%+v gave %v", wrong, err)
		}
	}
	asked, err := akkoord.Approval{Act: akkoord.MassExport, Reason: "The authority asks for it.", Agreed: true, DecidedAt: grantDay}.Ask("user:1", grantDay)
	if err != nil || asked.State(grantDay) != akkoord.ApprovalWaiting {
		t.Fatalf("%+v, %v", asked, err)
	}
	if _, err := asked.Decide("user:1", true, "Yes.", grantDay); akkoord.CodeOf(err) != "own_approval" {
		t.Errorf("agreeing with oneself gave %v", err)
	}
	if _, err := asked.Decide("user:2", true, "", grantDay); akkoord.CodeOf(err) != "text_missing" {
		t.Errorf("agreeing without a word gave %v", err)
	}
	end := grantDay.Add(akkoord.ApprovalTime)
	if _, err := asked.Decide("user:2", true, "Yes.", end); akkoord.CodeOf(err) != "approval_over" {
		t.Errorf("agreeing after a day gave %v", err)
	}
	agreed, err := asked.Decide("user:2", true, "Yes.", grantDay)
	if err != nil {
		t.Fatal(err)
	}
	refused, err := asked.Decide("user:2", false, "No.", grantDay)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := refused.Decide("user:3", true, "Yes.", grantDay); akkoord.CodeOf(err) != "approval_over" {
		t.Errorf("agreeing to what was refused gave %v", err)
	}
	for name, tt := range map[string]struct {
		asked []akkoord.Approval
		act   akkoord.MassAct
		at    time.Time
		ok    bool
	}{
		"agreed":             {[]akkoord.Approval{refused, agreed}, akkoord.MassExport, end.Add(-1), true},
		"a day later":        {[]akkoord.Approval{agreed}, akkoord.MassExport, end, false},
		"for something else": {[]akkoord.Approval{agreed}, akkoord.MassErasure, grantDay, false},
		"nobody agreed yet":  {[]akkoord.Approval{asked}, akkoord.MassExport, grantDay, false},
		"refused":            {[]akkoord.Approval{refused}, akkoord.MassExport, grantDay, false},
		"nobody was asked":   {nil, akkoord.MassExport, grantDay, false},
	} {
		if err := akkoord.CheckTwoPersons(tt.act, tt.asked, tt.at); (err == nil) != tt.ok || err != nil && akkoord.CodeOf(err) != "second_person" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
