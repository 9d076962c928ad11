-- +goose Up

-- How many links of a topic somebody has to click before it is taken for liked; 0:
-- nothing is learned under the purpose.
ALTER TABLE purpose ADD COLUMN learn_after BIGINT NOT NULL DEFAULT 0;

-- Since when interests may be learned from the clicks that are counted; 0: they may not.
ALTER TABLE subscription ADD COLUMN learning BIGINT NOT NULL DEFAULT 0;
