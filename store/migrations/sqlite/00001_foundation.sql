-- +goose Up

-- Times are microseconds since 1970 in UTC. JSON is TEXT. Public ids are the
-- 16 bytes of a UUID of version 7.

CREATE TABLE purpose (
  id             INTEGER PRIMARY KEY,
  public_id      BLOB    NOT NULL UNIQUE,
  slug           TEXT    NOT NULL UNIQUE,
  basis          TEXT    NOT NULL,
  inactive_after INTEGER NOT NULL,
  version        INTEGER NOT NULL,
  created_at     BIGINT  NOT NULL
);

CREATE TABLE purpose_text (
  purpose_id  INTEGER NOT NULL REFERENCES purpose(id),
  version     INTEGER NOT NULL,
  locale      TEXT    NOT NULL,
  name        TEXT    NOT NULL,
  explanation TEXT    NOT NULL,
  wording     TEXT    NOT NULL,
  frequency   TEXT    NOT NULL,
  created_at  BIGINT  NOT NULL,
  PRIMARY KEY (purpose_id, version, locale)
);

CREATE TABLE form (
  id         INTEGER PRIMARY KEY,
  public_id  BLOB    NOT NULL UNIQUE,
  slug       TEXT    NOT NULL UNIQUE,
  version    INTEGER NOT NULL,
  created_at BIGINT  NOT NULL
);

CREATE TABLE form_version (
  id         INTEGER PRIMARY KEY,
  form_id    INTEGER NOT NULL REFERENCES form(id),
  number     INTEGER NOT NULL,
  spec       TEXT    NOT NULL,
  created_at BIGINT  NOT NULL,
  UNIQUE (form_id, number)
);

CREATE TABLE interest (
  id         INTEGER PRIMARY KEY,
  slug       TEXT    NOT NULL UNIQUE,
  created_at BIGINT  NOT NULL
);

CREATE TABLE privacy_statement (
  version    INTEGER PRIMARY KEY,
  facts      TEXT    NOT NULL,
  created_at BIGINT  NOT NULL
);

-- A person. The whole row is erasable; its id is never used again: the writer
-- counts on from the highest that the ledger or this table knows.
CREATE TABLE subscriber (
  id         INTEGER PRIMARY KEY,
  public_id  BLOB    NOT NULL UNIQUE,
  email_hash BLOB    NOT NULL UNIQUE,
  email      TEXT    NOT NULL,
  name       TEXT    NOT NULL,
  locale     TEXT    NOT NULL,
  salt       BLOB    NOT NULL,
  created_at BIGINT  NOT NULL
);

CREATE TABLE subscriber_interest (
  subscriber_id INTEGER NOT NULL,
  interest_id   INTEGER NOT NULL,
  PRIMARY KEY (subscriber_id, interest_id)
) WITHOUT ROWID;
CREATE INDEX subscriber_interest_audience ON subscriber_interest (interest_id, subscriber_id);

CREATE TABLE subscription (
  subscriber_id   INTEGER NOT NULL,
  purpose_id      INTEGER NOT NULL,
  state           TEXT    NOT NULL,
  since           BIGINT  NOT NULL,
  basis           TEXT    NOT NULL,
  request         BLOB    NOT NULL,
  version         INTEGER NOT NULL,
  form_version_id INTEGER NOT NULL,
  locale          TEXT    NOT NULL,
  was_active      BIGINT  NOT NULL,
  agreed          BIGINT  NOT NULL, -- when first active; 0: never
  PRIMARY KEY (subscriber_id, purpose_id)
) WITHOUT ROWID;
CREATE INDEX subscription_audience ON subscription (purpose_id, subscriber_id) WHERE state = 'active';
CREATE INDEX subscription_pending ON subscription (since) WHERE state = 'pending';

CREATE TABLE campaign_leave (
  subscriber_id INTEGER NOT NULL,
  campaign_id   INTEGER NOT NULL,
  at            BIGINT  NOT NULL,
  PRIMARY KEY (subscriber_id, campaign_id)
) WITHOUT ROWID;

CREATE TABLE suppression (
  hash BLOB   NOT NULL,
  kind TEXT   NOT NULL,
  at   BIGINT NOT NULL,
  PRIMARY KEY (hash, kind)
) WITHOUT ROWID;

-- The ledger: ids and salted commitments only.
CREATE TABLE consent_event (
  seq             INTEGER PRIMARY KEY,
  at              BIGINT  NOT NULL,
  kind            TEXT    NOT NULL,
  subscriber_id   INTEGER NOT NULL,
  purpose_id      INTEGER NOT NULL,
  campaign_id     INTEGER NOT NULL,
  mailing_id      INTEGER NOT NULL,
  request         BLOB    NOT NULL,
  form_version_id INTEGER NOT NULL,
  wording_version INTEGER NOT NULL,
  privacy_version INTEGER NOT NULL,
  locale          TEXT    NOT NULL,
  source          TEXT    NOT NULL,
  actor           TEXT    NOT NULL,
  commitment      BLOB    NOT NULL,
  hash            BLOB    NOT NULL
);
CREATE INDEX consent_event_subscriber ON consent_event (subscriber_id, seq);
CREATE INDEX consent_event_mailing ON consent_event (mailing_id, kind) WHERE mailing_id <> 0;

-- The personal part of the ledger's lines; erasable.
CREATE TABLE consent_evidence (
  seq  INTEGER PRIMARY KEY,
  data TEXT    NOT NULL
);

CREATE TABLE ledger_head (
  seq       INTEGER PRIMARY KEY,
  hash      BLOB   NOT NULL,
  at        BIGINT NOT NULL,
  signature BLOB   NOT NULL
);

CREATE TABLE audit (
  seq    INTEGER PRIMARY KEY,
  at     BIGINT NOT NULL,
  actor  TEXT   NOT NULL,
  action TEXT   NOT NULL,
  object TEXT   NOT NULL,
  note   TEXT   NOT NULL
);
CREATE INDEX audit_object ON audit (object, seq);

-- Mails to be sent because of a sign-up. What is sent is decided when it is
-- claimed, so a known address leaves the same row as a new one.
CREATE TABLE outbox (
  id            INTEGER PRIMARY KEY,
  subscriber_id INTEGER NOT NULL,
  request       BLOB    NOT NULL,
  locale        TEXT    NOT NULL,
  at            BIGINT  NOT NULL,
  due_at        BIGINT  NOT NULL,
  state         INTEGER NOT NULL, -- 0 open, 1 done
  fence         BIGINT  NOT NULL,
  attempts      INTEGER NOT NULL,
  first_at      BIGINT  NOT NULL,
  mail          TEXT    NOT NULL, -- what it turned out to be: confirm, already or nothing
  code          TEXT    NOT NULL, -- why nothing was sent, or the relay's reply code
  done_at       BIGINT  NOT NULL
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE state = 0;
CREATE INDEX outbox_done ON outbox (done_at) WHERE state = 1;

-- How many confirmation mails a mailbox got lately (P14), by keyed hash.
CREATE TABLE mail_budget (
  mailbox BLOB   NOT NULL,
  at      BIGINT NOT NULL,
  mail    TEXT   NOT NULL,
  PRIMARY KEY (mailbox, at)
) WITHOUT ROWID;
CREATE INDEX mail_budget_at ON mail_budget (at);

CREATE TABLE campaign (
  id         INTEGER PRIMARY KEY,
  public_id  BLOB    NOT NULL UNIQUE,
  slug       TEXT    NOT NULL UNIQUE,
  name       TEXT    NOT NULL,
  purpose_id INTEGER NOT NULL REFERENCES purpose(id),
  created_at BIGINT  NOT NULL
);

CREATE TABLE mailing (
  id          INTEGER PRIMARY KEY,
  public_id   BLOB    NOT NULL UNIQUE,
  campaign_id INTEGER NOT NULL REFERENCES campaign(id),
  state       TEXT    NOT NULL,
  content     TEXT    NOT NULL,
  variants    TEXT    NOT NULL,
  send_at     BIGINT  NOT NULL,
  started_at  BIGINT  NOT NULL,
  finished_at BIGINT  NOT NULL,
  why         TEXT    NOT NULL,
  created_at  BIGINT  NOT NULL
);
CREATE INDEX mailing_campaign ON mailing (campaign_id, id);
CREATE INDEX mailing_live ON mailing (state) WHERE state IN ('scheduled', 'sending', 'paused');

CREATE TABLE delivery (
  mailing_id    INTEGER NOT NULL,
  subscriber_id INTEGER NOT NULL,
  state         INTEGER NOT NULL,
  variant       INTEGER NOT NULL,
  attempts      INTEGER NOT NULL,
  fence         BIGINT  NOT NULL,
  first_at      BIGINT  NOT NULL,
  updated_at    BIGINT  NOT NULL,
  next_at       BIGINT  NOT NULL,
  code          TEXT    NOT NULL,
  reply         TEXT    NOT NULL,
  PRIMARY KEY (mailing_id, subscriber_id)
) WITHOUT ROWID;
CREATE INDEX delivery_due ON delivery (mailing_id, next_at) WHERE next_at > 0;
CREATE INDEX delivery_claimed ON delivery (fence) WHERE fence <> 0;
CREATE INDEX delivery_subscriber ON delivery (subscriber_id, mailing_id);

-- A run of a mailing's audience that one connection claims at once.
CREATE TABLE delivery_chunk (
  id          INTEGER PRIMARY KEY,
  mailing_id  INTEGER NOT NULL,
  first       INTEGER NOT NULL,
  last        INTEGER NOT NULL,
  state       INTEGER NOT NULL, -- -1 people not frozen yet, 0 open, 1 claimed, 2 done
  fence       BIGINT  NOT NULL  -- of the claim; with state -1 how many people are frozen
);
CREATE INDEX delivery_chunk_open ON delivery_chunk (mailing_id, state, id) WHERE state < 2;

CREATE TABLE image (
  id           INTEGER PRIMARY KEY,
  public_id    BLOB   NOT NULL UNIQUE,
  content_type TEXT   NOT NULL,
  data         BLOB   NOT NULL,
  created_at   BIGINT NOT NULL
);

CREATE TABLE app_user (
  id          INTEGER PRIMARY KEY,
  public_id   BLOB   NOT NULL UNIQUE,
  email       TEXT   NOT NULL UNIQUE,
  role        TEXT   NOT NULL,
  reason      TEXT   NOT NULL,
  password    TEXT   NOT NULL,
  created_at  BIGINT NOT NULL,
  disabled_at BIGINT NOT NULL
);

CREATE TABLE login_token (
  hash       BLOB    PRIMARY KEY,
  user_id    INTEGER NOT NULL,
  expires_at BIGINT  NOT NULL
) WITHOUT ROWID;

CREATE TABLE session (
  hash       BLOB   PRIMARY KEY,
  data       BLOB   NOT NULL,
  expires_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE api_key (
  id         INTEGER PRIMARY KEY,
  public_id  BLOB   NOT NULL UNIQUE,
  name       TEXT   NOT NULL,
  role       TEXT   NOT NULL,
  reason     TEXT   NOT NULL,
  hash       BLOB   NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  revoked_at BIGINT NOT NULL
);

CREATE TABLE idempotency (
  key        BLOB    PRIMARY KEY, -- hash of caller, route and key
  request    BLOB    NOT NULL,    -- hash of the body
  status     INTEGER NOT NULL,
  body       BLOB    NOT NULL,
  at         BIGINT  NOT NULL
) WITHOUT ROWID;
CREATE INDEX idempotency_at ON idempotency (at);

-- Who has this database open, for the sentence that a second process prints
-- (P18), for work that a dead one left, and whether the machine was started
-- anew since. On SQLite there is one.
CREATE TABLE instance (
  id         INTEGER PRIMARY KEY,
  pid        INTEGER NOT NULL,
  host       TEXT    NOT NULL,
  boot       TEXT    NOT NULL,
  started_at BIGINT  NOT NULL,
  beat       BIGINT  NOT NULL -- counts while the process lives
);

-- Whose database this is: a hash that the master key alone makes.
CREATE TABLE installation (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  fingerprint BLOB NOT NULL
);

-- +goose StatementBegin
CREATE TRIGGER consent_event_update BEFORE UPDATE ON consent_event BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER consent_event_delete BEFORE DELETE ON consent_event BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER purpose_text_update BEFORE UPDATE ON purpose_text BEGIN SELECT RAISE(ABORT, 'texts are versioned, never changed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER form_version_update BEFORE UPDATE ON form_version BEGIN SELECT RAISE(ABORT, 'form versions never change'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER purpose_text_delete BEFORE DELETE ON purpose_text BEGIN SELECT RAISE(ABORT, 'texts are versioned, never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER form_version_delete BEFORE DELETE ON form_version BEGIN SELECT RAISE(ABORT, 'form versions are never deleted'); END;
-- +goose StatementEnd
