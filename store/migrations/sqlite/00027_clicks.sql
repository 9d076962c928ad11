-- +goose Up

-- Clicks of programs are a series of their own (1), never added to those of
-- people (0).
ALTER TABLE click ADD COLUMN machine BIGINT NOT NULL DEFAULT 0;

-- How often a link was followed first by somebody, without whom: it stays when
-- they take back that their clicks may be counted.
CREATE TABLE link_tally (
  link_id BIGINT NOT NULL PRIMARY KEY,
  clicks  BIGINT NOT NULL,
  machine BIGINT NOT NULL
) WITHOUT ROWID;
