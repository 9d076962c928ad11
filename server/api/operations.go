package api

import (
	"fmt"
	"net/http"

	"akkoord"
)

// operations is the table of all operations, each with the right that it
// needs (P28).
func (a *API) operations() error {
	const (
		get, post, patch, put = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut
		created               = http.StatusCreated
		people                = akkoord.ReadPeople
	)
	for _, register := range []registration{
		handle(operation{post, "/purposes", akkoord.ChangePurposes, "Make a purpose that people can agree to", created, ""}, a.createPurpose),
		handle(operation{get, "/purposes", akkoord.ReadCatalogue, "List the purposes", 0, ""}, a.listPurposes),
		handle(operation{get, "/purposes/{slug}", akkoord.ReadCatalogue, "Read a purpose", 0, ""}, a.readPurpose),
		handle(operation{patch, "/purposes/{slug}", akkoord.ChangePurposes, "Make a new version of a purpose's texts", 0, ""}, a.changePurpose),
		handle(operation{get, "/purposes/{slug}/archive", akkoord.ReadCatalogue, "See what archiving a purpose would come to", 0, ""}, a.forecastArchive),
		handle(operation{post, "/purposes/{slug}/archive", akkoord.ChangePurposes, "Archive a purpose: nothing goes out under it any more, and nobody can sign up for it", 0, ""}, a.archivePurpose),
		handle(operation{post, "/purposes/{slug}/restore", akkoord.ChangePurposes, "Take an archived purpose back into use; what paused goes on when it is resumed", 0, ""}, a.restorePurpose),
		handle(operation{post, "/purposes/{slug}/public-archive", akkoord.ChangePurposes, "Let everybody read a purpose's mailings on the web, or end that", 0, ""}, a.switchPublicArchive),
		handle(operation{post, "/purposes/{slug}/route", akkoord.SetUp, "Say which sender a purpose's mailings come from and which mail servers they go by", 0, ""}, a.routePurpose),
		handle(operation{get, "/purposes/{slug}/retention", akkoord.ReadCatalogue, "See how many silent people are asked, and whose consent ends, on which day", 0, ""}, a.readRetention),
		handle(operation{get, "/purposes/{slug}/retention/people", people, "List the people of one of these days", 0, ""}, a.listRetentionPeople),
		handle(operation{post, "/purposes/{slug}/retention/stop", akkoord.ChangePurposes, "Stop asking the silent and ending their consent, at once", 0, ""}, a.stopRetention),
		handle(operation{post, "/purposes/{slug}/retention/start", akkoord.ChangePurposes, "Go on asking the silent and ending their consent", 0, ""}, a.startRetention),

		handle(operation{get, "/purposes/{slug}/growth", akkoord.ReadCatalogue, "Count by day who joined a purpose and who left", 0, ""}, a.readGrowth),
		handle(operation{post, "/purposes/{slug}/re-permission", akkoord.SendMailings, "Ask those who agreed to less for their consent to a purpose's wider words", created, ""}, a.beginRound),
		handle(operation{get, "/purposes/{slug}/re-permission", akkoord.ReadCatalogue, "See whom such a round would ask, and how earlier ones went", 0, ""}, a.readRounds),
		handle(operation{post, "/purposes/{slug}/re-permission/stop", akkoord.SendMailings, "Stop asking", 0, ""}, a.stopRound),

		handle(operation{post, "/forms", akkoord.ChangePurposes, "Make a sign-up form", created, ""}, a.createForm),
		handle(operation{get, "/forms", akkoord.ReadCatalogue, "List the forms", 0, ""}, a.listForms),
		handle(operation{get, "/forms/{slug}", akkoord.ReadCatalogue, "Read a form", 0, ""}, a.readForm),
		handle(operation{get, "/forms/{slug}/figures", akkoord.ReadCatalogue, "Count what became of a form: shown, asked, mailed, opened, confirmed", 0, ""}, a.readFunnel),
		handle(operation{patch, "/forms/{slug}", akkoord.ChangePurposes, "Make a new version of a form", 0, ""}, a.changeForm),

		handle(operation{get, "/subscribers", people, "List people, by where they stand and what they did, or find one by address", 0, ""}, a.listSubscribers),
		handle(operation{get, "/subscribers/{id}", people, "Read a person", 0, people}, a.readSubscriber),
		handle(operation{patch, "/subscribers/{id}", akkoord.ChangePeople, "Change a person's name, language or interests", 0, people}, a.changeSubscriber),
		handle(operation{post, "/subscribers/{id}/basis", akkoord.ChangePeople, "Change on which basis a person is mailed for a purpose", 0, people}, a.changeBasis),
		handle(operation{get, "/subscribers/{id}/events", people, "Read a person's consent history", 0, people}, a.listEvents),
		handleDocument(operation{get, "/subscribers/{id}/export", people, "Export all that is stored about a person", 0, people},
			[]string{"application/json", "text/csv"}, a.exportSubscriber),
		handleDocument(operation{get, "/subscribers/{id}/evidence", people, "Take the proof of a person's consent, signed", 0, people},
			[]string{"application/zip"}, a.subscriberEvidence),
		handle(operation{post, "/subscribers/{id}/withdraw", akkoord.ChangePeople, "End a purpose, a campaign, or everything, for a person who asked for it", 0, people}, a.withdrawSubscriber),
		handle(operation{get, "/subscribers/{id}/mails", people, "List the mailings of a person, and what became of their copies", 0, people}, a.listPersonMails),
		handle(operation{post, "/subscribers/{id}/address", akkoord.ChangePeople, "Ask the holder of a new address to confirm that a person has it now", 0, people}, a.askAddress),
		handle(operation{post, "/subscribers/{id}/resend", akkoord.ChangePeople, "Send the confirmation mail of a sign-up once more", 0, people}, a.repeatConfirmation),
		handle(operation{post, "/subscribers/{id}/erase", akkoord.ErasePeople, "Erase a person for good", 0, people}, a.eraseSubscriber),
		handle(operation{post, "/subscribers/{id}/restrict", akkoord.ChangePeople, "Keep a person's data and use it for nothing", 0, people}, a.restrictSubscriber),
		handle(operation{post, "/subscribers/{id}/unrestrict", akkoord.ChangePeople, "End a restriction, of which the person was told", 0, people}, a.unrestrictSubscriber),
		handle(operation{get, "/gate", people, "Ask whether an address may be mailed now", 0, ""}, a.askGate),

		handle(operation{post, "/attributes", akkoord.ChangePurposes, "Make an attribute that people can have", created, ""}, a.createAttribute),
		handle(operation{get, "/attributes", akkoord.ReadCatalogue, "List the attributes", 0, ""}, a.listAttributes),
		handle(operation{post, "/rules", akkoord.ChangePurposes, "Make a rule that changes on which basis people are mailed", created, ""}, a.createRule),
		handle(operation{get, "/rules", akkoord.ReadCatalogue, "List the rules", 0, ""}, a.listRules),
		handle(operation{get, "/rules/{slug}", akkoord.ReadCatalogue, "Read a rule", 0, ""}, a.readRule),
		handle(operation{patch, "/rules/{slug}", akkoord.ChangePurposes, "Change a rule, or switch it off", 0, ""}, a.changeRule),
		handle(operation{get, "/rules/{slug}/preview", akkoord.ReadCatalogue, "Count whom a rule would change today", 0, ""}, a.previewRule),

		handleUpload(operation{post, "/imports", akkoord.ChangePeople, "Import people from a file", http.StatusAccepted, ""}, a.createImport),
		handle(operation{get, "/imports", people, "List the imports", 0, ""}, a.listImports),
		handle(operation{get, "/imports/{id}", people, "Read an import and how far it is", 0, people}, a.readImport),
		handle(operation{get, "/imports/{id}/difference", people, "List what rows of a preview would change", 0, people}, a.readDifference),
		handle(operation{post, "/imports/{id}/columns", akkoord.ChangePeople, "Make a preview anew, with its columns read as something else", http.StatusAccepted, people}, a.mapImport),
		handle(operation{post, "/imports/{id}/confirm", akkoord.ChangePeople, "Import the file of a preview", http.StatusAccepted, people}, a.confirmImport),
		handleStream(operation{get, "/imports/{id}/rejects", people, "Read the rows that an import refused", 0, people}, "text/csv; charset=utf-8", a.readRejects),

		handle(operation{post, "/bulk-acts", akkoord.ChangePeople, "Choose people by a filter for one act on all of them, which has to be confirmed", created, ""}, a.prepareBulkAct), // each act has its own right
		handle(operation{get, "/bulk-acts", people, "List the acts on many people, newest first", 0, ""}, a.listBulkActs),
		handle(operation{get, "/bulk-acts/{id}", people, "Read an act on many people and how far it is", 0, people}, a.readBulkAct),
		handle(operation{post, "/bulk-acts/{id}/confirm", akkoord.ChangePeople, "Do it to the people who were chosen", http.StatusAccepted, people}, a.confirmBulkAct),
		handle(operation{post, "/bulk-acts/{id}/stop", akkoord.ChangePeople, "Stop it, or drop it before it has begun; what was done stays done", 0, people}, a.stopBulkAct),

		handle(operation{post, "/segments", akkoord.WriteMailings, "Make a segment that chooses among the people of a purpose", created, ""}, a.createSegment),
		handle(operation{post, "/segments/preview", akkoord.WriteMailings, "Count who would be in a segment", 0, ""}, a.previewSegment),
		handle(operation{post, "/segments/count", akkoord.WriteMailings, "Count who would be in a segment, within two seconds, as of a moment ago", 0, ""}, a.countSegment),
		handle(operation{get, "/segments", akkoord.ReadCatalogue, "List the segments", 0, ""}, a.listSegments),
		handle(operation{get, "/segments/{slug}", akkoord.ReadCatalogue, "Read a segment", 0, ""}, a.readSegment),
		handle(operation{patch, "/segments/{slug}", akkoord.WriteMailings, "Change a segment's name or filter, as a new version", 0, ""}, a.changeSegment),
		handle(operation{get, "/segments/{slug}/uses", akkoord.ReadCatalogue, "See which campaigns, mailings and series choose by a segment", 0, ""}, a.segmentUses),
		handle(operation{post, "/segments/{slug}/archive", akkoord.WriteMailings, "Archive a segment by which nothing goes out any more", 0, ""}, a.archiveSegment),
		handle(operation{post, "/segments/{slug}/restore", akkoord.WriteMailings, "Take an archived segment back into use", 0, ""}, a.restoreSegment),
		handle(operation{get, "/segments/{slug}/people", people, "List who is in a segment now", 0, ""}, a.sampleSegment),

		handle(operation{post, "/campaigns", akkoord.WriteMailings, "Make a campaign", created, ""}, a.createCampaign),
		handle(operation{get, "/campaigns", akkoord.ReadCatalogue, "List the campaigns", 0, ""}, a.listCampaigns),
		handle(operation{get, "/campaigns/{slug}", akkoord.ReadCatalogue, "Read a campaign", 0, ""}, a.readCampaign),
		handle(operation{patch, "/campaigns/{slug}", akkoord.WriteMailings, "Change a campaign's name or segment", 0, ""}, a.changeCampaign),
		handle(operation{post, "/campaigns/{slug}/archive", akkoord.WriteMailings, "Archive a campaign of which no mailing runs or is scheduled", 0, ""}, a.archiveCampaign),
		handle(operation{post, "/campaigns/{slug}/restore", akkoord.WriteMailings, "Take an archived campaign back into use", 0, ""}, a.restoreCampaign),
		handle(operation{post, "/campaigns/{slug}/mailings", akkoord.WriteMailings, "Draft a mailing", created, ""}, a.createMailing),
		handle(operation{get, "/campaigns/{slug}/mailings", akkoord.ReadCatalogue, "List a campaign's mailings", 0, ""}, a.listMailings),

		handle(operation{get, "/campaigns/{slug}/results", akkoord.ReadCatalogue, "Compare the last mailings of a campaign by what became of them", 0, ""}, a.readComparison),
		handleDocument(operation{get, "/campaigns/{slug}/results.csv", akkoord.ReadCatalogue, "Take that comparison as CSV", 0, ""}, []string{"text/csv"}, a.takeComparison),

		handle(operation{get, "/mailings/{id}", akkoord.ReadCatalogue, "Read a mailing and how far it is", 0, ""}, a.readMailing),
		handle(operation{patch, "/mailings/{id}", akkoord.WriteMailings, "Change a draft, or a running mailing of a series", 0, ""}, a.changeMailing),
		handle(operation{post, "/mailings/{id}/send", akkoord.SendMailings, "Send a mailing now or at its time; while mails are caught for a trial only one to users of the site alone (409, mails_caught)", 0, ""}, a.sendMailing),
		handle(operation{post, "/mailings/{id}/pause", akkoord.SendMailings, "Pause a mailing", 0, ""}, a.pauseMailing),
		handle(operation{post, "/mailings/{id}/resume", akkoord.SendMailings, "Go on with a paused mailing, unless mails are caught and it would go to others than users (409, mails_caught)", 0, ""}, a.resumeMailing),
		handle(operation{post, "/mailings/{id}/cancel", akkoord.SendMailings, "End a mailing early", 0, ""}, a.cancelMailing),
		handle(operation{post, "/mailings/{id}/send-again", akkoord.SendMailings, "Send the copies again of which nobody knows whether they arrived; their people may get the mail twice", 0, ""}, a.sendAgain),
		handle(operation{post, "/mailings/{id}/public-archive", akkoord.SendMailings, "Say whether a mailing, of any state, stands in the public archive of its purpose", 0, ""}, a.chooseArchive),
		handle(operation{post, "/mailings/{id}/test", akkoord.WriteMailings, "Send a test mail to one address", 0, ""}, a.testMailing),
		handle(operation{get, "/mailings/{id}/checks", akkoord.ReadCatalogue, "See what is wrong with a mailing, and how to mend it", 0, ""}, a.checkMailing),
		handle(operation{post, "/mailings/{id}/checks/links", akkoord.WriteMailings, "Ask the pages that a mailing leads to whether they are there", 0, ""}, a.askLinks),
		handleDocument(operation{get, "/mailings/{id}/preview", akkoord.ReadCatalogue, "See a mailing as its readers will", 0, ""},
			[]string{"application/json", "text/html"}, a.previewMailing),
		handle(operation{get, "/mailings/{id}/audience", akkoord.ReadCatalogue, "See how many people a mailing is for, and why others are left out", 0, ""}, a.readAudience),
		handle(operation{get, "/mailings/{id}/results", akkoord.ReadCatalogue, "Read what became of a mailing: by class, provider and time, and what people did", 0, ""}, a.readResults),
		handleDocument(operation{get, "/mailings/{id}/results.csv", akkoord.ReadCatalogue, "Take these results as CSV, one number a line", 0, ""}, []string{"text/csv"}, a.takeResults),
		handleDocument(operation{get, "/mailings/{id}/results.pdf", akkoord.ReadCatalogue, "Take these results as a document to print, with its plots", 0, ""}, []string{"application/pdf"}, a.printResults),
		handle(operation{get, "/mailings/{id}/deliveries", people, "List what became of each person's copy", 0, people}, a.listDeliveries),

		handle(operation{post, "/transactional-templates", akkoord.WriteContracts, "Make a template of transactional mail", created, ""}, a.createContract),
		handle(operation{get, "/transactional-templates", akkoord.ReadCatalogue, "List the templates of transactional mail", 0, ""}, a.listContracts),
		handle(operation{get, "/transactional-templates/{slug}", akkoord.ReadCatalogue, "Read a template of transactional mail", 0, ""}, a.readContract),
		handle(operation{patch, "/transactional-templates/{slug}", akkoord.WriteContracts, "Make a new version of a template, or retire it", 0, ""}, a.changeContract),
		handleDocument(operation{get, "/transactional-templates/{slug}/preview", akkoord.ReadCatalogue, "See a template as its readers will", 0, ""},
			[]string{"application/json", "text/html"}, a.previewContract),
		handle(operation{post, "/transactional", akkoord.SendContracts, "Send one mail that a contract calls for", created, ""}, a.sendContract),
		handle(operation{get, "/transactional", akkoord.ReadContracts, "Read the log of transactional mail", 0, ""}, a.listContractMails),
		handle(operation{get, "/transactional/{id}", akkoord.SendContracts, "See what became of a transactional mail", 0, ""}, a.readContractMail),
		handle(operation{post, "/transactional/erase", akkoord.ErasePeople, "Erase the address of somebody who is on record nowhere else", 0, ""}, a.eraseContracts),

		handleMessage(operation{post, "/inbound", akkoord.ReceiveMail, "Hand over a message that came in at the address for leaving", 0, ""}, a.takeMessage),
		handleMessage(operation{post, "/bounces", akkoord.ReceiveMail, "Hand over a message that came in at a return path: a bounce or a complaint", 0, ""}, a.takeReport),
		handle(operation{get, "/suppressions", people, "List the addresses that are not mailed, and why", 0, ""}, a.listSuppressions),
		handle(operation{post, "/suppressions/{id}/lift", akkoord.ChangePeople, "Take back that mail to an address bounced", 0, people}, a.liftSuppression),

		handle(operation{post, "/processors", akkoord.ChangeRegister, "Put a party that data goes to into the register", created, ""}, a.createProcessor),
		handle(operation{get, "/processors", akkoord.ReadCatalogue, "List the parties that data goes to", 0, ""}, a.listProcessors),
		handle(operation{get, "/processors/{slug}", akkoord.ReadCatalogue, "Read a party and its agreement", 0, ""}, a.readProcessor),
		handle(operation{patch, "/processors/{slug}", akkoord.ChangeRegister, "Change a party, or renew its agreement", 0, ""}, a.changeProcessor),
		handle(operation{post, "/processors/{slug}/end", akkoord.ChangeRegister, "End the dealings with a party", 0, ""}, a.endProcessor),

		handle(operation{get, "/processors/{slug}/notice-key", akkoord.ChangeRegister, "Take the key by which a party finds whom notices are about", 0, ""}, a.readNoticeKey),
		handle(operation{get, "/processor-notices", akkoord.ReadCatalogue, "List which party has to be told of what", 0, ""}, a.listNotices),
		handle(operation{post, "/processor-notices/{id}/done", akkoord.ChangeRegister, "Tick off that a party was told", 0, ""}, a.tickNotice),

		handle(operation{post, "/requests", akkoord.ChangePeople, "Enter what a person asked for", created, ""}, a.createRequest),
		handle(operation{get, "/requests", people, "List what people asked for", 0, ""}, a.listRequests),
		handle(operation{get, "/requests/{id}", people, "Read a request", 0, people}, a.readRequest),
		handle(operation{patch, "/requests/{id}", akkoord.ChangePeople, "Change the note of a request", 0, people}, a.changeRequest),
		handle(operation{post, "/requests/{id}/take", akkoord.ChangePeople, "Take a request", 0, people}, a.takeRequest),
		handle(operation{post, "/requests/{id}/extend", akkoord.ChangePeople, "Take more time for a request, for a reason that the person is told", 0, people}, a.extendRequest),
		handle(operation{post, "/requests/{id}/done", akkoord.ChangePeople, "Close a request that is answered", 0, people}, a.finishRequest),
		handle(operation{post, "/requests/{id}/refuse", akkoord.ChangePeople, "Refuse a request, for a reason that the person is told", 0, people}, a.refuseRequest),

		handleDocument(operation{get, "/records-of-processing", akkoord.ReadRecords, "Read the record of processing activities, made from the configuration", 0, ""},
			[]string{"application/json", "application/pdf"}, a.readRecords),

		handle(operation{post, "/breach-packs", akkoord.ReadAudit, "Put a breach of personal data on record", created, ""}, a.createBreach),
		handle(operation{get, "/breach-packs", akkoord.ReadAudit, "List the breaches on record", 0, ""}, a.listBreaches),
		handle(operation{get, "/breach-packs/{id}", akkoord.ReadAudit, "Read a breach and its 72 hours", 0, ""}, a.readBreach),
		handleStream(operation{get, "/breach-packs/{id}/pack", akkoord.ReadAudit, "Take facts, people, accesses and drafts of letters", 0, ""}, "application/zip", a.breachPack),
		handle(operation{post, "/breach-packs/{id}/report", akkoord.ReadAudit, "Record when the authority was told", 0, ""}, a.reportBreach),

		handle(operation{post, "/keys/rotate", akkoord.ManageAccess, "Make a new key that signs links, and end one that is in wrong hands", 0, ""}, a.rotateKeys),

		handle(operation{get, "/deliverability", akkoord.SendMailings, "See whether receivers can trust the sending domain: SPF, DKIM, DMARC and more, with the records to publish", 0, ""}, a.readDeliverability),
		handle(operation{get, "/dkim-keys", akkoord.SendMailings, "List the DKIM keys that were made here", 0, ""}, a.listDomainKeys),
		handle(operation{post, "/dkim-keys", akkoord.SetUp, "Make a DKIM key, which signs nothing yet", created, ""}, a.makeDomainKey),
		handle(operation{post, "/dkim-keys/{id}/look", akkoord.SetUp, "Look whether the record of a DKIM key is published", 0, ""}, a.lookUpDomainKey),
		handle(operation{post, "/dkim-keys/{id}/sign", akkoord.SetUp, "Let a DKIM key sign, in place of the one of its kind that does", 0, ""}, a.signWithDomainKey),
		handle(operation{post, "/dkim-keys/{id}/retire", akkoord.SetUp, "Let a DKIM key sign no more", 0, ""}, a.retireDomainKey),
		handle(operation{post, "/dkim-keys/{id}/remove", akkoord.SetUp, "Forget a DKIM key that does not sign", 0, ""}, a.removeDomainKey),

		handle(operation{get, "/users", akkoord.ManageAccess, "List who may log in to the admin site, and why", 0, ""}, a.listUsers),
		handle(operation{post, "/users", akkoord.ManageAccess, "Give somebody access, or give it back, with a one-time login link", created, ""}, a.addUser),
		handle(operation{get, "/users/{id}", akkoord.ManageAccess, "Read a user", 0, ""}, a.readUser),
		handle(operation{patch, "/users/{id}", akkoord.ManageAccess, "Give a user another role", 0, ""}, a.changeUser),
		handle(operation{post, "/users/{id}/end", akkoord.ManageAccess, "Take a user's access away at once", 0, ""}, a.endUser),
		handle(operation{post, "/users/{id}/login-link", akkoord.ManageAccess, "Make a one-time login link for a user", created, ""}, a.linkUser),
		handle(operation{post, "/users/{id}/end-sessions", akkoord.ManageAccess, "End all sessions and login links of a user", 0, ""}, a.endUserSessions),
		handle(operation{post, "/users/{id}/forget-second-factor", akkoord.ManageAccess, "Take away the second factor of a user who lost it", 0, ""}, a.forgetFactor),

		handle(operation{get, "/webhooks", akkoord.ManageWebhooks, "List the endpoints that are told of events", 0, ""}, a.listWebhooks),
		handle(operation{post, "/webhooks", akkoord.ManageWebhooks, "Tell an endpoint of events, signed with a secret that is shown once", created, ""}, a.makeWebhook),
		handle(operation{get, "/webhooks/{id}", akkoord.ManageWebhooks, "Read an endpoint, and why nothing goes out to it now", 0, ""}, a.readWebhook),
		handle(operation{patch, "/webhooks/{id}", akkoord.ManageWebhooks, "Change an endpoint, or switch it on or off", 0, ""}, a.changeWebhook),
		handle(operation{post, "/webhooks/{id}/rotate", akkoord.ManageWebhooks, "Give an endpoint another secret; the one before signs too for a day", 0, ""}, a.rotateWebhook),
		handle(operation{post, "/webhooks/{id}/test", akkoord.ManageWebhooks, "Send a test event to an endpoint", 0, ""}, a.testWebhook),
		handle(operation{get, "/webhooks/{id}/messages", akkoord.ManageWebhooks, "List the messages to an endpoint and what became of them, newest first", 0, ""}, a.listWebhookMessages),
		handle(operation{post, "/webhooks/{id}/repeat", akkoord.ManageWebhooks, "Send a message again, or all that were given up lately", 0, ""}, a.repeatWebhook),

		handle(operation{get, "/api-keys", akkoord.ManageAccess, "List the keys of programs", 0, ""}, a.listKeys),
		handle(operation{post, "/api-keys", akkoord.ManageAccess, "Make a key, which is shown once", created, ""}, a.makeKey),
		handle(operation{post, "/api-keys/{id}/end", akkoord.ManageAccess, "End a key at once", 0, ""}, a.endKey),

		handle(operation{get, "/grants", akkoord.ManageGrants, "List who may see which personal data, and why", 0, ""}, a.listGrants),
		handle(operation{post, "/grants", akkoord.ManageGrants, "Let somebody see personal data, for a reason and a time", created, ""}, a.giveGrant),
		handle(operation{post, "/grants/break-glass", people, "Take access to all personal data yourself for an hour, in an emergency; the data protection officer is told", created, ""}, a.breakGlass),
		handle(operation{post, "/grants/{id}/end", akkoord.ManageGrants, "End a grant at once", 0, ""}, a.endGrant),
		handle(operation{post, "/grants/{id}/review", akkoord.ManageGrants, "Say that a grant is still needed, and until when", 0, ""}, a.reviewGrant),

		handle(operation{get, "/approvals", people, "List requests to do what takes two persons, newest first", 0, ""}, a.listApprovals),
		handle(operation{post, "/approvals", people, "Ask to do what takes two persons; somebody else agrees on the admin site", created, ""}, a.askApproval),

		handle(operation{get, "/organisation", akkoord.ReadCatalogue, "Read who is behind the mails", 0, ""}, a.readOrganisation),
		handle(operation{put, "/organisation", akkoord.SetUp, "Say who is behind the mails", 0, ""}, a.putOrganisation),
		handle(operation{get, "/senders", akkoord.ReadCatalogue, "List the addresses that mailings can come from, beside that of the settings", 0, ""}, a.listSenders),
		handle(operation{post, "/senders", akkoord.SetUp, "Add an address that mailings can come from", created, ""}, a.addSender),
		handle(operation{get, "/senders/{slug}", akkoord.ReadCatalogue, "Read a sender", 0, ""}, a.readSender),
		handle(operation{patch, "/senders/{slug}", akkoord.SetUp, "Change a sender; what goes out from then on comes from it as it is then", 0, ""}, a.changeSender),
		handle(operation{post, "/senders/{slug}/retire", akkoord.SetUp, "Take a sender that no purpose names out of use", 0, ""}, a.retireSender),
		handle(operation{get, "/relays", akkoord.SetUp, "List the mail servers beside that of the settings, and how they are doing", 0, ""}, a.listRelays),
		handle(operation{post, "/relays", akkoord.SetUp, "Add a mail server", created, ""}, a.addRelay),
		handle(operation{get, "/relays/{slug}", akkoord.SetUp, "Read a mail server, without its URL", 0, ""}, a.readRelay),
		handle(operation{patch, "/relays/{slug}", akkoord.SetUp, "Change a mail server", 0, ""}, a.changeRelay),
		handle(operation{post, "/relays/{slug}/retire", akkoord.SetUp, "Take a mail server out of use, and off the lists of purposes that name another too", 0, ""}, a.retireRelay),
		handle(operation{post, "/relays/{slug}/test", akkoord.SetUp, "Go through a conversation with a mail server, up to a mail to an address", 0, ""}, a.tryRelay),

		handle(operation{get, "/brand", akkoord.ReadCatalogue, "Read the colour and the logo of pages and mails", 0, ""}, a.readBrand),
		handle(operation{patch, "/brand", akkoord.SetUp, "Change the colour or the logo of pages and mails", 0, ""}, a.changeBrand),
		handle(operation{get, "/images", akkoord.ReadCatalogue, "List the pictures that were uploaded, newest first", 0, ""}, a.listImages),
		handle(operation{post, "/images", akkoord.WriteMailings, "Upload a picture for mailings", created, ""}, a.createImage),
		handle(operation{get, "/audit", akkoord.ReadAudit, "Read who did what, when and to whom", 0, ""}, a.listAudit),
		handleDocument(operation{get, "/audit/export", akkoord.ReadAudit, "Take the audit trail, or a part of it, away", 0, ""},
			[]string{"application/json", "text/csv"}, a.exportAudit),
		handle(operation{get, "/ledger/head", akkoord.ReadAudit, "Read the signed head of the consent ledger", 0, ""}, a.readHead),
		handle(operation{post, "/ledger/verify", akkoord.ReadAudit, "Check every line of the consent ledger, its chain and its signed heads: a small one at once, one of many lines in the background", 0, ""}, a.verifyLedger),
		handle(operation{get, "/ledger/checks", akkoord.ReadAudit, "List the checks of the consent ledger, newest first", 0, ""}, a.listChecks),
		handle(operation{get, "/ledger/checks/{id}", akkoord.ReadAudit, "See how far a check of the consent ledger is, and what it came to", 0, ""}, a.readCheck),
		handle(operation{get, "/backups", akkoord.ReadRecords, "List the last backups that proved themselves, newest first", 0, ""}, a.listBackups),
		handle(operation{get, "/restorations", akkoord.ReadRecords, "List when the database was put back from a backup, newest first", 0, ""}, a.listRestorations),
		handle(operation{post, "/restore-drills", akkoord.ChangeRegister, "Put on record that a backup was put back for practice", created, ""}, a.createDrill),
		handle(operation{get, "/restore-drills", akkoord.ReadRecords, "List the restore drills on record, newest first", 0, ""}, a.listDrills),
		handle(operation{get, "/restore-drills/{id}", akkoord.ReadRecords, "Read a restore drill", 0, ""}, a.readDrill),
		handle(operation{get, "/jobs", akkoord.ReadAudit, "See background work and how it went", 0, ""}, a.listJobs),
	} {
		if err := register(a); err != nil {
			return fmt.Errorf("register operation: %w", err)
		}
	}
	return nil
}
