-- +goose Up

-- Segments: filters that choose among the people of one purpose (M15). A
-- version never changes.
CREATE TABLE segment (
  id         INTEGER PRIMARY KEY,
  public_id  BLOB    NOT NULL UNIQUE,
  slug       TEXT    NOT NULL UNIQUE,
  purpose_id INTEGER NOT NULL,
  version    INTEGER NOT NULL,
  created_at BIGINT  NOT NULL
);

CREATE TABLE segment_version (
  segment_id INTEGER NOT NULL,
  number     INTEGER NOT NULL,
  filter     TEXT    NOT NULL, -- JSON
  actor      TEXT    NOT NULL,
  created_at BIGINT  NOT NULL,
  PRIMARY KEY (segment_id, number)
) WITHOUT ROWID;

-- Which segment narrows a campaign, and by which version of it a mailing's
-- audience was chosen; 0: none.
ALTER TABLE campaign ADD COLUMN segment_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE mailing ADD COLUMN segment_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE mailing ADD COLUMN segment_version BIGINT NOT NULL DEFAULT 0;

-- The links of mailings that started, each with the topic that its author gave.
CREATE TABLE link (
  id          INTEGER PRIMARY KEY,
  mailing_id  INTEGER NOT NULL,
  campaign_id INTEGER NOT NULL,
  purpose_id  INTEGER NOT NULL,
  url         TEXT    NOT NULL,
  topic       TEXT    NOT NULL,
  UNIQUE (mailing_id, url, topic)
);
CREATE INDEX link_topic ON link (purpose_id, topic) WHERE topic <> '';

-- Who clicked what, of people who let their clicks be counted for the purpose,
-- and of nobody else: it goes when they take that back (M16).
CREATE TABLE click (
  subscriber_id INTEGER NOT NULL,
  link_id       INTEGER NOT NULL,
  purpose_id    INTEGER NOT NULL,
  first_at      BIGINT  NOT NULL,
  last_at       BIGINT  NOT NULL,
  times         INTEGER NOT NULL,
  PRIMARY KEY (subscriber_id, link_id)
) WITHOUT ROWID;
CREATE INDEX click_link ON click (link_id);
