-- +goose Up

-- The mailing of the year before, of a series that goes out every year; 0: it is none, or
-- the first. One follows another alone, whichever node makes it.
ALTER TABLE mailing ADD COLUMN follows_id BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX mailing_follows ON mailing (follows_id) WHERE follows_id > 0;

-- Whose day of a date comes, in any year. A date has ten characters, like 1980-02-29.
CREATE INDEX subscriber_attribute_day ON subscriber_attribute (attribute_id, substr(value, 6, 5), subscriber_id) WHERE length(value) = 10 AND substr(value, 5, 1) = '-' AND substr(value, 8, 1) = '-';
