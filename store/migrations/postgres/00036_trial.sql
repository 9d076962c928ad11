-- +goose Up

-- The test of a mailing's variants: akkoord.Trial as JSON, or empty. Of its people a
-- delivery has the variant; of those who get the winner it has -1. The winner is
-- its index, -1 until it is decided, and the verdict akkoord.TrialVerdict.
ALTER TABLE mailing ADD COLUMN trial TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE mailing ADD COLUMN winner INTEGER NOT NULL DEFAULT -1;
ALTER TABLE mailing ADD COLUMN decided_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE mailing ADD COLUMN verdict TEXT COLLATE "C" NOT NULL DEFAULT '';

