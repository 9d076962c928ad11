-- +goose Up

-- Since when mails are caught in the place of a mail server, in microseconds; 0: they
-- are not (ADR 59).
ALTER TABLE organisation ADD COLUMN catching BIGINT NOT NULL DEFAULT 0;
