-- +goose Up

-- The last backups that proved themselves whole, in the place of the last one alone. On
-- SQLite a file beside the database says so.
CREATE TABLE proven_backup (
  at     BIGINT PRIMARY KEY, -- what it holds is of this time
  people BIGINT NOT NULL,
  lines  BIGINT NOT NULL -- of the ledger; 0: not put down
);
INSERT INTO proven_backup (at, people, lines) SELECT at, 0, 0 FROM backup_mark;
DROP TABLE backup_mark;

-- Backups that were put back for practice.
CREATE TABLE restore_drill (
  id        INTEGER PRIMARY KEY,
  public_id BLOB   NOT NULL UNIQUE,
  at        BIGINT NOT NULL,
  copy_at   BIGINT NOT NULL, -- of what time the copy was
  place     TEXT NOT NULL,
  steps     TEXT NOT NULL, -- what was checked, with commas between
  took      BIGINT NOT NULL, -- microseconds
  fault     TEXT NOT NULL, -- empty: it was good
  remark    TEXT NOT NULL,
  made_at   BIGINT NOT NULL,
  made_by   TEXT NOT NULL
);

-- When this database was put back from a backup in earnest.
CREATE TABLE restoration (
  id          INTEGER PRIMARY KEY,
  at          BIGINT NOT NULL,
  backup_at   BIGINT NOT NULL, -- 0: not known
  reason      TEXT NOT NULL,
  released_at BIGINT NOT NULL, -- 0: mail is held
  released_by TEXT NOT NULL
);
INSERT INTO restoration (at, backup_at, reason, released_at, released_by) SELECT at, backup_at, reason, 0, '' FROM sending_hold WHERE reason IN ('restored', 'journal_lost');
