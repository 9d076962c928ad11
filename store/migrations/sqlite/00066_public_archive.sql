-- +goose Up

-- 1: everybody may read a purpose's mailings on the web; and when that, or which of them
-- stand there, was last decided. Microseconds; 0: never.
ALTER TABLE purpose ADD COLUMN public_archive INTEGER NOT NULL DEFAULT 0;
ALTER TABLE purpose ADD COLUMN public_archive_at BIGINT NOT NULL DEFAULT 0;

-- include or exclude, as somebody said; empty: it stands there unless it was written for a
-- segment.
ALTER TABLE mailing ADD COLUMN public_archive TEXT NOT NULL DEFAULT '';

-- When a mailing had gone out to all of its audience for the first time; 0: it has not.
ALTER TABLE mailing ADD COLUMN completed_at BIGINT NOT NULL DEFAULT 0;
UPDATE mailing SET completed_at = finished_at WHERE state = 'sent';
