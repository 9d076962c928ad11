-- +goose Up

-- To which user a mail to staff goes; 0 is the officer of the settings, or a row
-- that is about no mail to staff.
ALTER TABLE outbox ADD COLUMN user_id BIGINT NOT NULL DEFAULT 0;
