-- +goose Up

-- Who left or was erased, once more: the same lines stand in a file outside of
-- the database (SQLite) or are exported from here (PostgreSQL), so that a
-- backup put back brings nobody back (P17).
CREATE TABLE departure (
  number      BIGINT  NOT NULL PRIMARY KEY,
  at          BIGINT  NOT NULL,
  kind        TEXT    COLLATE "C" NOT NULL,
  purpose_id  BIGINT  NOT NULL,
  campaign_id BIGINT  NOT NULL,
  hash        BYTEA   NOT NULL
);

-- While there is a row nothing is sent, until an owner agrees (P22).
CREATE TABLE sending_hold (
  id        INTEGER PRIMARY KEY CHECK (id = 1),
  reason    TEXT   COLLATE "C" NOT NULL, -- restored or journal_lost
  backup_at BIGINT NOT NULL, -- time of the backup; 0 when it is not known
  at        BIGINT NOT NULL
);

-- Written into a backup: what it is a copy of.
CREATE TABLE backup (
  id         INTEGER PRIMARY KEY CHECK (id = 1),
  at         BIGINT NOT NULL,
  ledger_seq BIGINT NOT NULL,
  departed   BIGINT NOT NULL
);
