-- +goose Up

-- What a segment is called, and since when nothing new is chosen by it; 0: it is in use.
ALTER TABLE segment ADD COLUMN name TEXT NOT NULL DEFAULT '';
UPDATE segment SET name = slug;
ALTER TABLE segment ADD COLUMN archived_at BIGINT NOT NULL DEFAULT 0;

-- What chooses by a segment is found without reading what mailings say.
CREATE INDEX campaign_segment ON campaign (segment_id);
CREATE INDEX mailing_segment ON mailing (segment_id, state, id);
CREATE INDEX mailing_segment_series ON mailing (segment_id, state) WHERE trigger_on <> '';
