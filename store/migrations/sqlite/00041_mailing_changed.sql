-- +goose Up

-- When somebody last changed a draft's content, variants, plan or test: an edit of
-- what is no longer so is refused. Microseconds; 0: never since it was made.
ALTER TABLE mailing ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0;
