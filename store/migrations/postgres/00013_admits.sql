-- +goose Up

-- Which schema the row speaks of: on any other one it admits nobody. Programs
-- of before the chained audit trail would leave lines without a hash.
ALTER TABLE schema_admits ADD COLUMN schema BIGINT NOT NULL DEFAULT 0;
UPDATE schema_admits SET schema = 13, oldest = 13 WHERE id = 1;
