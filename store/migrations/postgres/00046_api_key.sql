-- +goose Up

-- When a key of a program stops working, and when it was last used, to within a
-- minute. Microseconds; 0: never.
ALTER TABLE api_key ADD COLUMN expires_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_key ADD COLUMN used_at BIGINT NOT NULL DEFAULT 0;
