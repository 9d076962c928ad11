package admin

import (
	"net/http"
	"slices"

	"akkoord"
)

// The rights of routes that ask for no role.
const (
	anyone   akkoord.Right = "anyone"    // also those who are not logged in
	loggedIn akkoord.Right = "logged in" // every user
)

// route is one thing that the site answers.
type route struct {
	pattern string
	right   akkoord.Right
	handle  handler
}

// keeps reports whether what is sent to the route when nobody is logged in is kept
// for after the login.
func (r route) keeps() bool {
	return r.pattern != "" && r.pattern != logoutPattern && r.pattern != uploadPattern
}

const logoutPattern = "POST /admin/logout"

// longForms are the routes that take the whole content of a mailing, a picture, or what the
// columns of a file are.
var longForms = []string{"POST /admin/settings/brand", "POST /admin/mailings/{id}/edit", "POST /admin/mailings/{id}/preview", "POST /admin/imports/{id}"}

// room is how many bytes a post to a route can have.
func (r route) room() int64 {
	switch {
	case slices.Contains(longForms, r.pattern):
		return akkoord.Limits.EditorBody
	case r.pattern == uploadPattern:
		return akkoord.Limits.ImportUpload
	}
	return akkoord.Limits.FormBody
}

// routes are all routes with the right that each needs (P28). GET answers
// HEAD too and changes nothing.
func (s *Site) routes() []route {
	return append(s.personRoutes(), []route{
		{"GET /admin/login", anyone, s.loginPage},
		{"POST /admin/login", anyone, s.signIn},
		{"GET /admin/login/code", anyone, s.codePage},
		{"POST /admin/login/code", anyone, s.takeCode},
		{"POST /admin/login/passkey/question", anyone, s.askPasskey},
		{"POST /admin/login/passkey", anyone, s.passkeyIn},
		{"POST /admin/login/sso", anyone, s.goSignOn},
		{"GET /admin/login/sso/back", anyone, s.signedOn},
		{"GET /admin/account", loggedIn, s.account},
		{"POST /admin/account", loggedIn, s.proven(changesLogin, s.changeAccount)},
		{"POST /admin/account/passkey", loggedIn, s.proven(always, s.askNewPasskey)},
		{"GET /admin/account/qr.png", loggedIn, s.secretCode},
		{"GET /admin/account/sessions", loggedIn, s.showSessions},
		{"POST /admin/account/sessions", loggedIn, s.endSessions},
		{"POST /admin/proof", loggedIn, s.proven(always, s.goOnReading)},
		{"POST /admin/proof/passkey", loggedIn, s.askOwnPasskey},
		{"POST /admin/proof/sso", loggedIn, s.proveSignOn},
		{"GET /admin/login/{token}", anyone, s.loginButton},
		{"POST /admin/login/{token}", anyone, s.login},
		{logoutPattern, loggedIn, s.logout},

		{"GET /admin/setup", anyone, s.setup}, // with the code that the server printed
		{"POST /admin/setup", anyone, s.firstOwner},
		{"GET /admin/setup/who", akkoord.SetUp, s.who},
		{"POST /admin/setup/who", akkoord.SetUp, s.proven(always, s.setWho)},
		{"GET /admin/setup/mail", akkoord.SetUp, s.setupMail},
		{"POST /admin/setup/mail", akkoord.SetUp, s.tryRelay},
		{"POST /admin/setup/mail/catch", akkoord.SetUp, s.proven(always, s.setCatching)},
		{"GET /admin/inbox", akkoord.SendMailings, s.inbox},
		{"GET /admin/inbox/{mail}", akkoord.SendMailings, s.caughtMail},
		{"GET /admin/inbox/{mail}/html", akkoord.SendMailings, s.caughtFrame},
		{"GET /admin/inbox/{mail}/raw", akkoord.SendMailings, s.caughtSource},
		{"GET /admin/setup/purpose", akkoord.SetUp, s.firstPurpose},
		{"POST /admin/setup/purpose", akkoord.SetUp, s.addFirstPurpose},
		{"GET /admin/setup/preview/{part}", akkoord.SetUp, s.setupPreview},
		{"GET /admin/setup/try", akkoord.SetUp, s.try},
		{"POST /admin/setup/away", akkoord.SetUp, s.putSetupAway},

		{"GET /admin/settings", akkoord.SetUp, s.settings},
		{"GET /admin/settings/brand", akkoord.SetUp, s.brand},
		{"POST /admin/settings/brand", akkoord.SetUp, s.withLogo(s.proven(pressing("save"), s.changeBrand))},
		{"GET /admin/settings/brand/preview/{part}", akkoord.SetUp, s.brandPreview},
		{"GET /admin/settings/relays", akkoord.SetUp, s.relays},
		{"POST /admin/settings/relays", akkoord.SetUp, s.proven(always, s.addToRelays)},
		{"POST /admin/settings/relays/{slug}", akkoord.SetUp, s.proven(pressing("save", "retire"), s.actOnRelay)},
		{"POST /admin/settings/senders/{slug}", akkoord.SetUp, s.proven(always, s.actOnSender)},
		{"POST /admin/settings/routes/{slug}", akkoord.SetUp, s.proven(always, s.routePurpose)},
		{"GET /admin/users", akkoord.ManageAccess, s.users},
		{"POST /admin/users", akkoord.ManageAccess, s.proven(always, s.invite)},
		{"POST /admin/users/{id}", akkoord.ManageAccess, s.proven(always, s.changeUser)},
		{"GET /admin/keys", akkoord.ManageAccess, s.keys},
		{"POST /admin/keys", akkoord.ManageAccess, s.proven(always, s.makeKey)},
		{"POST /admin/keys/{id}", akkoord.ManageAccess, s.proven(always, s.endKey)},
		{"GET /admin/webhooks", akkoord.ManageWebhooks, s.webhooks},
		{"POST /admin/webhooks", akkoord.ManageWebhooks, s.proven(always, s.addWebhook)},
		{"GET /admin/webhooks/{id}", akkoord.ManageWebhooks, s.webhook},
		{"POST /admin/webhooks/{id}", akkoord.ManageWebhooks, s.proven(pressing("save", "rotate", "on"), s.actOnWebhook)},

		{"GET /admin/deliverability", akkoord.SendMailings, s.deliverability},
		{"POST /admin/deliverability/keys", akkoord.SetUp, s.proven(always, s.makeDomainKey)},
		{"POST /admin/deliverability/keys/{id}", akkoord.SetUp, s.proven(pressing("sign", "retire", "remove"), s.actOnDomainKey)},

		{"GET /admin", akkoord.ReadCatalogue, s.dashboard},
		{"POST /admin/release", akkoord.ReleaseSending, s.release},
		{"GET /admin/campaigns/new", akkoord.WriteMailings, s.newCampaign},
		{"POST /admin/campaigns", akkoord.WriteMailings, s.addCampaign},
		{"GET /admin/campaigns/{campaign}", akkoord.ReadCatalogue, s.campaign},
		{"GET /admin/campaigns/{campaign}/edit", akkoord.WriteMailings, s.editCampaign},
		{"POST /admin/campaigns/{campaign}/edit", akkoord.WriteMailings, s.saveCampaign},
		{"GET /admin/campaigns/{campaign}/results", akkoord.ReadCatalogue, s.campaignResults},
		{"GET /admin/campaigns/{campaign}/results.csv", akkoord.ReadCatalogue, s.takeCampaignResults},
		{"POST /admin/campaigns/{campaign}/mailings", akkoord.WriteMailings, s.draft},
		{"GET /admin/mailings/{id}", akkoord.ReadCatalogue, s.mailing},
		{"GET /admin/mailings/{id}/results", akkoord.ReadCatalogue, s.results},
		{"GET /admin/mailings/{id}/results.csv", akkoord.ReadCatalogue, s.takeResults},
		{"GET /admin/mailings/{id}/results.pdf", akkoord.ReadCatalogue, s.printResults},
		{"GET /admin/mailings/{id}/edit", akkoord.WriteMailings, s.edit},
		{"POST /admin/mailings/{id}/edit", akkoord.WriteMailings, s.save},
		{"GET /admin/mailings/{id}/left-out", akkoord.ReadPeople, s.leftOutPeople},
		{"GET /admin/mailings/{id}/send-again", akkoord.SendMailings, s.askAgain},
		{"POST /admin/mailings/{id}/send-again", akkoord.SendMailings, s.sendAgain},
		{"GET /admin/mailings/{id}/preview", akkoord.ReadCatalogue, s.preview},
		{"POST /admin/mailings/{id}/preview", akkoord.WriteMailings, s.previewTyped},
		{"GET /admin/mailings/{id}/preview/{person}", akkoord.ReadPeople, s.previewFor},
		{"GET /admin/mailings/{id}/look", akkoord.ReadCatalogue, s.lookPage},
		{"POST /admin/mailings/{id}/look", akkoord.ReadPeople, s.lookFor},
		{"POST /admin/mailings/{id}", akkoord.WriteMailings, s.act}, // each act has its own right: see acts
		{"GET /admin/segments", akkoord.ReadCatalogue, s.segments},
		{"GET /admin/segments/new", akkoord.WriteMailings, s.newSegment},
		{"POST /admin/segments", akkoord.WriteMailings, s.addSegment},
		{"GET /admin/segments/{segment}", akkoord.ReadCatalogue, s.segment},
		{"POST /admin/segments/{segment}", akkoord.WriteMailings, s.changeSegment},
		{"GET /admin/segments/{segment}/people", akkoord.ReadPeople, s.segmentPeople},
		{"GET /admin/growth", akkoord.ReadCatalogue, s.growth},
		{"GET /admin/purposes", akkoord.ReadCatalogue, s.purposes},
		{"GET /admin/purposes/new", akkoord.ChangePurposes, s.newPurpose},
		{"POST /admin/purposes", akkoord.ChangePurposes, s.addPurpose},
		{"GET /admin/purposes/{slug}", akkoord.ReadCatalogue, s.purpose},
		{"POST /admin/purposes/{slug}", akkoord.ChangePurposes, s.changePurpose},
		{"POST /admin/purposes/{slug}/learning", akkoord.ChangePurposes, s.changeLearning},
		{"GET /admin/purposes/{slug}/archive", akkoord.ChangePurposes, s.askArchive},
		{"POST /admin/purposes/{slug}/archive", akkoord.ChangePurposes, s.archivePurpose},
		{"POST /admin/purposes/{slug}/public-archive", akkoord.ChangePurposes, s.switchPublicArchive},
		{"GET /admin/forms", akkoord.ReadCatalogue, s.forms},
		{"GET /admin/forms/new", akkoord.ChangePurposes, s.newForm},
		{"POST /admin/forms", akkoord.ChangePurposes, s.addForm},
		{"GET /admin/forms/{form}", akkoord.ReadCatalogue, s.formPage},
		{"POST /admin/forms/{form}", akkoord.ChangePurposes, s.changeForm},
		{"GET /admin/forms/{form}/figures", akkoord.ReadCatalogue, s.formFigures},
		{"GET /admin/forms/{form}/qr.svg", akkoord.ReadCatalogue, s.formCode},
		{"GET /admin/forms/{form}/preview", akkoord.ChangePurposes, s.previewForm},
		{"POST /admin/forms/{form}/preview", akkoord.ChangePurposes, s.previewTypedForm},
		{"POST /admin/purposes/{slug}/ask", akkoord.SendMailings, s.askRound},
		{"GET /admin/retention", akkoord.ReadCatalogue, s.retention},
		{"GET /admin/retention/{slug}", akkoord.ReadCatalogue, s.policy},
		{"POST /admin/retention/{slug}", akkoord.ChangePurposes, s.changePolicy},
		{"GET /admin/retention/{slug}/people", akkoord.ReadPeople, s.policyPeople},
		{"GET /admin/unconfirmed", akkoord.ReadPeople, s.unconfirmedPeople},

		{"GET /admin/attributes", akkoord.ReadCatalogue, s.attributes},
		{"POST /admin/attributes", akkoord.ChangePurposes, s.addAttribute},
		{"GET /admin/rules", akkoord.ReadCatalogue, s.rules},
		{"POST /admin/rules", akkoord.ChangePurposes, s.addRule},
		{"GET /admin/rules/{rule}", akkoord.ReadCatalogue, s.rule},
		{"POST /admin/rules/{rule}", akkoord.ChangePurposes, s.changeRule},
		{"GET /admin/access", akkoord.ReadPeople, s.ownAccess},
		{"POST /admin/access", akkoord.ReadPeople, s.proven(always, s.breakGlass)},
		{"GET /admin/privacy", akkoord.ReadRecords, s.privacy},
		{"GET /admin/privacy/access", akkoord.ManageGrants, s.grants},
		{"POST /admin/privacy/access", akkoord.ManageGrants, s.proven(always, s.giveGrant)},
		{"POST /admin/privacy/access/{id}", akkoord.ManageGrants, s.proven(always, s.actOnGrant)},
		{"GET /admin/privacy/approvals", akkoord.ReadPeople, s.approvals},
		{"POST /admin/privacy/approvals", akkoord.ReadPeople, s.askApproval},
		{"POST /admin/privacy/approvals/{id}", akkoord.ErasePeople, s.proven(pressing("agree"), s.decideApproval)},
		{"GET /admin/privacy/records", akkoord.ReadRecords, s.records},
		{"GET /admin/privacy/requests", akkoord.ReadPeople, s.requests},
		{"POST /admin/privacy/requests", akkoord.ChangePeople, s.addRequest},
		{"GET /admin/privacy/requests/{id}", akkoord.ReadPeople, s.request},
		{"POST /admin/privacy/requests/{id}", akkoord.ChangePeople, s.actOnRequest},
		{"GET /admin/privacy/processors", akkoord.ReadRecords, s.processors},
		{"POST /admin/privacy/processors", akkoord.ChangeRegister, s.addProcessor},
		{"POST /admin/privacy/processors/{slug}", akkoord.ChangeRegister, s.actOnProcessor},
		{"GET /admin/privacy/notices", akkoord.ReadRecords, s.notices},
		{"POST /admin/privacy/notices/{id}", akkoord.ChangeRegister, s.tickNotice},
		{"GET /admin/privacy/backups", akkoord.ReadRecords, s.backups},
		{"POST /admin/privacy/backups", akkoord.ChangeRegister, s.addDrill},
		{"GET /admin/privacy/audit", akkoord.ReadAudit, s.auditTrail},
		{"GET /admin/privacy/audit.csv", akkoord.ReadAudit, s.proven(always, s.auditCSV)},
		{"GET /admin/privacy/ledger", akkoord.ReadAudit, s.ledger},
		{"POST /admin/privacy/ledger", akkoord.ReadAudit, s.verify},
		{"GET /admin/privacy/breaches", akkoord.ReadAudit, s.breaches},
		{"POST /admin/privacy/breaches", akkoord.ReadAudit, s.addBreach},
		{"POST /admin/privacy/breaches/{id}", akkoord.ReadAudit, s.reportBreach},
		{"GET /admin/privacy/breaches/{id}/pack", akkoord.ReadAudit, s.proven(always, s.breachPack)},

		{"GET /admin/suppressions", akkoord.ReadPeople, s.suppressions},
		{"POST /admin/suppressions/{entry}", akkoord.ChangePeople, s.liftSuppression},
		{"GET /admin/imports", akkoord.ReadPeople, s.imports},
		{uploadPattern, akkoord.ChangePeople, s.takeImport},
		{"GET /admin/imports/example.csv", akkoord.ReadPeople, s.importExample},
		{"GET /admin/imports/{id}", akkoord.ReadPeople, s.importPage},
		{"POST /admin/imports/{id}", akkoord.ChangePeople, s.proven(pressing("import"), s.actOnImport)},
		{"GET /admin/imports/{id}/rejects.csv", akkoord.ReadPeople, s.proven(always, s.importRejects)},
		{"GET /admin/bulk-acts", akkoord.ReadPeople, s.bulkActs},
		{"GET /admin/bulk-acts/new", akkoord.ChangePeople, s.askBulkAct},
		{"POST /admin/bulk-acts", akkoord.ChangePeople, s.prepareBulkAct}, // each act has its own right: see BulkKind
		{"GET /admin/bulk-acts/{id}", akkoord.ReadPeople, s.bulkAct},
		{"POST /admin/bulk-acts/{id}", akkoord.ChangePeople, s.proven(pressing("confirm"), s.actOnBulkAct)},
		{"GET /admin/gate", akkoord.ReadPeople, s.gate},
		{"GET /admin/people", akkoord.ReadPeople, s.people},
		{"GET /admin/people/{id}", akkoord.ReadPeople, s.person},
		{"POST /admin/people/{id}/basis", akkoord.ChangePeople, s.basis},
		{"POST /admin/people/{id}/take", akkoord.ReadPeople, s.proven(always, s.take)},
		{"GET /admin/people/{id}/edit", akkoord.ChangePeople, s.editPerson},
		{"POST /admin/people/{id}/edit", akkoord.ChangePeople, s.savePerson},
	}...)
}

// personRoutes are a page and a post for each act on one person.
func (s *Site) personRoutes() []route {
	var out []route
	for _, a := range s.personActs() {
		path := "/admin/people/{id}/" + a.name
		do := s.doAct(a)
		if a.proven {
			do = s.proven(always, do)
		}
		out = append(out, route{"GET " + path, a.right, s.askAct(a)}, route{"POST " + path, a.right, do})
	}
	return out
}

// Rights gives the right that each route needs, by pattern.
func (s *Site) Rights() map[string]akkoord.Right {
	out := map[string]akkoord.Right{}
	for _, r := range s.routes() {
		out[r.pattern] = r.right
	}
	return out
}

var errNothing = akkoord.Errorf(akkoord.NotFound, "not_found", "There is nothing at this address.")

func (s *Site) nothing(http.ResponseWriter, *http.Request, visit) error { return errNothing }
