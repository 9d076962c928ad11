-- +goose Up

-- Since when a campaign is out of the lists and nothing goes out in it; 0: it is in
-- use. The version counts its edits, so that one of what is no longer so is refused.
ALTER TABLE campaign ADD COLUMN archived_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE campaign ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
