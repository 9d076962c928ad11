-- +goose Up

-- Endpoints of other parties that are told of events. The secrets are sealed;
-- lists are JSON. Microseconds; 0: never.
CREATE TABLE webhook (
  id            INTEGER PRIMARY KEY,
  public_id     BLOB    NOT NULL UNIQUE,
  url           TEXT    NOT NULL,
  processor     TEXT    NOT NULL, -- slug of the party
  events        TEXT    NOT NULL,
  purposes      TEXT    NOT NULL, -- numbers; empty: all
  send_address  INTEGER NOT NULL,
  state         TEXT    NOT NULL, -- on, off, gone or failing
  failing_since BIGINT  NOT NULL,
  reached       TEXT    NOT NULL, -- numbers of purposes that it was ever told of
  secret        BLOB    NOT NULL,
  old_secret    BLOB    NOT NULL,
  old_until     BIGINT  NOT NULL,
  created_at    BIGINT  NOT NULL,
  changed_at    BIGINT  NOT NULL
);

-- Messages to endpoints, one for each event and endpoint, written with what
-- caused them: numbers, of which the message is made when it is sent. Somebody
-- who is gone by then is named by their id until it was delivered.
CREATE TABLE webhook_message (
  id            INTEGER PRIMARY KEY,
  public_id     BLOB    NOT NULL,
  webhook_id    INTEGER NOT NULL,
  at            BIGINT  NOT NULL,
  event         TEXT    NOT NULL,
  subscriber_id INTEGER NOT NULL, -- 0: about nobody, or about somebody who is gone
  person        BLOB    NOT NULL, -- of somebody who is gone
  purpose_id    INTEGER NOT NULL,
  campaign_id   INTEGER NOT NULL,
  mailing_id    INTEGER NOT NULL,
  reason        TEXT    NOT NULL,
  due_at        BIGINT  NOT NULL, -- 0: at once
  state         INTEGER NOT NULL DEFAULT 0, -- 0 waiting, 1 delivered, 2 given up, 3 dropped
  attempts      INTEGER NOT NULL DEFAULT 0,
  tried_at      BIGINT  NOT NULL DEFAULT 0,
  took          BIGINT  NOT NULL DEFAULT 0,
  status        INTEGER NOT NULL DEFAULT 0, -- of HTTP; 0: no answer
  fault         TEXT    NOT NULL DEFAULT '',
  answer        TEXT    NOT NULL DEFAULT '' -- its first characters
);
CREATE INDEX webhook_message_due ON webhook_message (webhook_id, due_at) WHERE state = 0;
CREATE INDEX webhook_message_list ON webhook_message (webhook_id, id);
CREATE INDEX webhook_message_person ON webhook_message (subscriber_id) WHERE subscriber_id <> 0;
CREATE INDEX webhook_message_at ON webhook_message (at);
