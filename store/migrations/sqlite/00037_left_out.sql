-- +goose Up

-- Whom the gate left out of a mailing when it began: akkoord.LeftOut as a list
-- in JSON, counts by reason. Empty until it is counted.
ALTER TABLE mailing ADD COLUMN left_out TEXT NOT NULL DEFAULT '';
