package main

import (
	"strings"
	"testing"

	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"
)

// An author sees what they type before they save it, in all ways that it will be
// seen, in a browser without JavaScript (issue 6.6).
func TestAMailIsWrittenAndSeenWithoutJavaScript(t *testing.T) {
	t.Parallel()
	d := startDemonstration(t)
	v := open(t, openBrowser(t), d)
	if err := (proto.EmulationSetScriptExecutionDisabled{Value: true}).Call(v); err != nil {
		t.Fatal(err)
	}
	v.goTo(d.login)
	v.press("main button[type=submit]")
	v.goTo(d.site + v.path("main a[href^='/admin/campaigns/']:not([href$=new])"))
	v.focus("form[action$='/mailings'] button:not([name=copy])")
	v.enter()
	editor := v.MustInfo().URL
	v.focus("#subject")
	v.MustInsertText("Dag {{name | reiziger}}")
	v.focus("#body")
	v.MustInsertText("# Nog niet bewaard\n\nDag {{name}}, [naar de sneeuw](https://www.zonvaart.example/sneeuw)")
	for as, want := range map[string]string{"light": "Dag Sam", "dark": "@media all", "text": "Nog niet bewaard"} {
		if got := v.answer("button[name=as][value="+as+"]", "/preview"); !strings.Contains(got, want) {
			t.Errorf("%s lacks %q: %.300s", as, want, got)
		}
	}
	if v.MustInfo().URL != editor {
		t.Errorf("the preview leads away, to %s", v.MustInfo().URL)
	}
	v.focus("button[name=act][value=done]")
	v.enter()
	if err := (proto.EmulationSetScriptExecutionDisabled{}).Call(v); err != nil { // axe needs them
		t.Fatal(err)
	}
	v.goTo(d.site + v.path("a[href$='/look']"))
	v.looks("")
}

// path gives where a link leads.
func (v *visit) path(selector string) string {
	v.t.Helper()
	at := v.MustElement(selector).MustAttribute("href")
	return *at
}

// answer presses a button and gives what a frame got by it.
func (v *visit) answer(selector, suffix string) string {
	v.t.Helper()
	var id proto.NetworkRequestID
	wait := v.EachEvent(func(e *proto.NetworkResponseReceived) { // first its head
		if strings.HasSuffix(e.Response.URL, suffix) && e.Response.Status == 200 {
			id = e.RequestID
		}
	}, func(e *proto.NetworkLoadingFinished) bool { return e.RequestID == id })
	v.focus(selector)
	v.Keyboard.MustType(input.Enter)
	wait()
	body, err := proto.NetworkGetResponseBody{RequestID: id}.Call(v)
	if err != nil {
		v.t.Fatalf("what %s gets: %v", selector, err)
	}
	return body.Body
}

// focus puts the focus on an element. (That of rod waits for a script.)
func (v *visit) focus(selector string) {
	v.t.Helper()
	v.MustEval(`s => document.querySelector(s).focus()`, selector)
}
