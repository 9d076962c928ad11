-- +goose Up

-- Templates of transactional mail (M9): orders, invoices. Versions never
-- change.
CREATE TABLE contract_template (
  id         INTEGER PRIMARY KEY,
  public_id  BLOB    NOT NULL UNIQUE,
  slug       TEXT    NOT NULL UNIQUE,
  version    INTEGER NOT NULL,
  created_at BIGINT  NOT NULL,
  retired_at BIGINT  NOT NULL
);

CREATE TABLE contract_version (
  template_id INTEGER NOT NULL REFERENCES contract_template(id),
  number      INTEGER NOT NULL,
  spec        TEXT    NOT NULL,
  created_at  BIGINT  NOT NULL,
  PRIMARY KEY (template_id, number)
) WITHOUT ROWID;

-- Transactional mails. What became of one is in the row of the outbox with the
-- same number. Erasure empties email, hash and fields; fields go when the mail
-- is done, the row after the time that the setting gives.
CREATE TABLE contract_mail (
  id          INTEGER PRIMARY KEY,
  public_id   BLOB    NOT NULL UNIQUE,
  template_id INTEGER NOT NULL,
  version     INTEGER NOT NULL,
  key         BLOB    NOT NULL UNIQUE, -- keyed hash of caller and idempotency key, or the public id
  request     BLOB    NOT NULL,        -- keyed hash of what was asked for
  hash        BLOB    NOT NULL,        -- keyed hash of the address
  email       TEXT    NOT NULL,
  locale      TEXT    NOT NULL,
  fields      TEXT    NOT NULL,        -- JSON
  at          BIGINT  NOT NULL
);
CREATE INDEX contract_mail_hash ON contract_mail (hash);
CREATE INDEX contract_mail_at ON contract_mail (at);
CREATE INDEX contract_mail_fields ON contract_mail (id) WHERE fields <> '';

ALTER TABLE outbox ADD COLUMN reply TEXT NOT NULL DEFAULT '';
DROP INDEX outbox_done;
CREATE INDEX outbox_done ON outbox (done_at) WHERE state = 1 AND about <> 'transactional';
