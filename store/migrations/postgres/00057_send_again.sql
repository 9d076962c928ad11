-- +goose Up

-- When the copies were last sent again of which nobody knows whether they arrived; 0: never.
ALTER TABLE mailing ADD COLUMN again_at BIGINT NOT NULL DEFAULT 0;

-- Those copies, which are few.
CREATE INDEX delivery_uncertain ON delivery (mailing_id, subscriber_id) WHERE state = 7;
