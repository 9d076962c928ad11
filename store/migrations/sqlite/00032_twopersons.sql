-- +goose Up

-- Requests to do what takes two persons, and what a second one said. Times that
-- are not set are 0.
CREATE TABLE approval (
  id         INTEGER PRIMARY KEY,
  public_id  BLOB    NOT NULL UNIQUE,
  act        TEXT    NOT NULL, -- export or erase
  asked_by   TEXT    NOT NULL, -- user:1 or key:1
  reason     TEXT    NOT NULL,
  asked_at   BIGINT  NOT NULL,
  decided_by TEXT    NOT NULL,
  decided_at BIGINT  NOT NULL,
  agreed     INTEGER NOT NULL,
  note       TEXT    NOT NULL
);
CREATE INDEX approval_asked ON approval (asked_at);

-- Who erased whom lately, without reading the whole trail.
CREATE INDEX audit_erase ON audit (actor, at) WHERE action = 'subscriber.erase';
