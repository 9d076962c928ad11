-- +goose Up

-- Why each user and program has access to which personal data (M26). Times that
-- are not set are 0.
CREATE TABLE access_grant (
  id          INTEGER PRIMARY KEY,
  public_id   BLOB    NOT NULL UNIQUE,
  holder      TEXT    NOT NULL, -- user:1 or key:1
  purposes    TEXT    NOT NULL, -- JSON list of numbers; []: everybody
  fields      TEXT    NOT NULL, -- JSON list; []: all
  reason      TEXT    NOT NULL,
  begins_at   BIGINT  NOT NULL,
  until_at    BIGINT  NOT NULL,
  reviewer    TEXT    NOT NULL,
  review_on   BIGINT  NOT NULL,
  granted_by  TEXT    NOT NULL,
  granted_at  BIGINT  NOT NULL,
  break_glass INTEGER NOT NULL,
  reviewed_at BIGINT  NOT NULL,
  reviewed_by TEXT    NOT NULL,
  review      TEXT    NOT NULL,
  ended_at    BIGINT  NOT NULL,
  ended_by    TEXT    NOT NULL,
  end_reason  TEXT    NOT NULL
);
CREATE INDEX access_grant_holder ON access_grant (holder) WHERE ended_at = 0;

-- Those who have access go on having it, for the reason on record; a review is
-- due a year after they got it. Their first grant has their own public id.
INSERT INTO access_grant (public_id, holder, purposes, fields, reason, begins_at, until_at, reviewer, review_on, granted_by, granted_at, break_glass,
  reviewed_at, reviewed_by, review, ended_at, ended_by, end_reason)
SELECT public_id, 'user:' || id, '[]', '[]', reason, created_at, 0, '', created_at + 31536000000000, 'system', created_at, 0, 0, '', '', disabled_at, '', '' FROM app_user;
INSERT INTO access_grant (public_id, holder, purposes, fields, reason, begins_at, until_at, reviewer, review_on, granted_by, granted_at, break_glass,
  reviewed_at, reviewed_by, review, ended_at, ended_by, end_reason)
SELECT public_id, 'key:' || id, '[]', '[]', reason, created_at, 0, '', created_at + 31536000000000, 'system', created_at, 0, 0, '', '', revoked_at, '', '' FROM api_key;
