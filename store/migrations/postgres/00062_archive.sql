-- +goose Up

-- Since when nothing goes out under a purpose and nobody can sign up for it; 0: it is
-- in use.
ALTER TABLE purpose ADD COLUMN archived_at BIGINT NOT NULL DEFAULT 0;
