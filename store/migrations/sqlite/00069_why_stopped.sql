-- +goose Up

-- Why a mailing was stopped, as a code with its numbers (JSON); the sentence stays in
-- why, for the audit trail. Empty: what stopped before has its sentence alone.
ALTER TABLE mailing ADD COLUMN why_about TEXT NOT NULL DEFAULT '';
