-- +goose Up

-- Which lines of the ledger are of a day (of 1970, UTC): the first and the last, by
-- which people are found by what they did then. Kept by whoever counts growth.
CREATE TABLE ledger_day (
  day       BIGINT PRIMARY KEY,
  first_seq BIGINT NOT NULL,
  last_seq  BIGINT NOT NULL
);
INSERT INTO ledger_day (day, first_seq, last_seq)
  SELECT at / 86400000000, min(seq), max(seq) FROM consent_event
  WHERE seq <= coalesce((SELECT seq FROM growth_counted WHERE id = 1), 0) GROUP BY at / 86400000000;

-- Whose consent for a purpose is over, or was never proven, in order of number.
CREATE INDEX subscription_ended ON subscription (purpose_id, state, subscriber_id) WHERE state NOT IN ('active', 'pending');
