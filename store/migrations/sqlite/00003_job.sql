-- +goose Up

-- Background work. A job is stored in the transaction that causes it and run
-- by one process at a time; a periodic one is a row that is never done.
CREATE TABLE job (
  id          INTEGER PRIMARY KEY,
  kind        TEXT    NOT NULL,
  key         TEXT    NOT NULL,
  args        TEXT    NOT NULL, -- JSON, numbers only: no personal data
  every       BIGINT  NOT NULL, -- microseconds; 0: once
  state       INTEGER NOT NULL, -- 0 open, 1 done, 2 given up
  run_at      BIGINT  NOT NULL, -- while it runs: when it is wanted again, or never
  lease_until BIGINT  NOT NULL, -- while it runs: until when the run is believed to live; else 0
  fence       BIGINT  NOT NULL, -- number of the run
  attempts    INTEGER NOT NULL, -- runs in a row that failed
  error       TEXT    NOT NULL,
  started_at  BIGINT  NOT NULL,
  ended_at    BIGINT  NOT NULL,
  created_at  BIGINT  NOT NULL
);
CREATE UNIQUE INDEX job_open ON job (kind, key) WHERE state = 0;
CREATE INDEX job_waiting ON job (kind, run_at) WHERE state = 0 AND lease_until = 0;
CREATE INDEX job_running ON job (kind, lease_until) WHERE state = 0 AND lease_until > 0;
CREATE INDEX job_ended ON job (ended_at) WHERE state <> 0;

INSERT INTO job (kind, key, args, every, state, run_at, lease_until, fence, attempts, error, started_at, ended_at, created_at)
  SELECT 'mailing', CAST(id AS TEXT), '{"mailing":' || CAST(id AS TEXT) || '}', 0, 0, CASE WHEN state = 'scheduled' THEN send_at ELSE 0 END, 0, 0, 0, '', 0, 0, created_at
  FROM mailing WHERE state IN ('scheduled', 'sending') OR state = 'cancelled' AND finished_at = 0;
