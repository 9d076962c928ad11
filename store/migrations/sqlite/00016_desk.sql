-- +goose Up

-- What people asked for (chapter III GDPR). Days are micros of their midnight in
-- UTC, times that are not set 0.
CREATE TABLE person_request (
  id          INTEGER PRIMARY KEY,
  public_id   BLOB   NOT NULL UNIQUE,
  kind        TEXT    NOT NULL,
  state       TEXT    NOT NULL,
  channel     TEXT    NOT NULL,
  handler     TEXT    NOT NULL,
  received_at BIGINT NOT NULL,
  due_on      BIGINT NOT NULL,
  extended_at BIGINT NOT NULL,
  closed_at   BIGINT NOT NULL
);
CREATE INDEX person_request_open ON person_request (due_on) WHERE state = 'open';

-- What is personal in them. The row goes when the person is erased.
CREATE TABLE request_detail (
  request_id    BIGINT PRIMARY KEY REFERENCES person_request(id),
  subscriber_id BIGINT NOT NULL, -- 0: nobody on record
  hash          BLOB   NOT NULL, -- keyed hash of the address; empty without one
  detail        TEXT    NOT NULL  -- JSON
) WITHOUT ROWID;
CREATE INDEX request_detail_hash ON request_detail (hash);
CREATE INDEX request_detail_subscriber ON request_detail (subscriber_id);

-- Which party has still to be told of what (Art. 19 GDPR). The reference is a
-- keyed hash that only that party can work out, and is emptied when it is done.
CREATE TABLE processor_notice (
  id           INTEGER PRIMARY KEY,
  public_id    BLOB   NOT NULL UNIQUE,
  processor_id BIGINT NOT NULL REFERENCES processor(id),
  kind         TEXT    NOT NULL,
  reference    TEXT    NOT NULL,
  line         BIGINT NOT NULL,
  at           BIGINT NOT NULL,
  due_on       BIGINT NOT NULL,
  done_at      BIGINT NOT NULL,
  done_by      TEXT    NOT NULL,
  note         TEXT    NOT NULL
);
CREATE INDEX processor_notice_open ON processor_notice (due_on) WHERE done_at = 0;

-- Breaches of personal data (Art. 33(5) GDPR): facts and numbers, nobody.
CREATE TABLE breach (
  id         INTEGER PRIMARY KEY,
  public_id  BLOB   NOT NULL UNIQUE,
  what       TEXT    NOT NULL,
  scope      TEXT    NOT NULL, -- all, or purpose: or mailing: and its name
  since      BIGINT NOT NULL,
  until      BIGINT NOT NULL,
  aware_at   BIGINT NOT NULL,
  made_at    BIGINT NOT NULL,
  made_by    TEXT    NOT NULL,
  people     BIGINT NOT NULL,
  reported_at BIGINT NOT NULL
);
