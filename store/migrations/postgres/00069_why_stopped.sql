-- +goose Up

-- Why a mailing was stopped, as a code with its numbers (JSON); the sentence stays in
-- why, for the audit trail. Empty: what stopped before has its sentence alone.
ALTER TABLE mailing ADD COLUMN why_about TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE mailing SET why_about = '{"code":"purpose_archived"}' WHERE why LIKE 'The purpose of this mailing was archived.%';
UPDATE mailing SET why_about = '{"code":"restored"}' WHERE why LIKE 'The database was put back from a backup.%';
UPDATE mailing SET why_about = '{"code":"schedule_missed"}' WHERE why LIKE 'No server ran at the time of this mailing. Send it%';
UPDATE mailing SET why_about = '{"code":"schedule_skipped"}' WHERE why LIKE 'No server ran at the time of this mailing. It was skipped%';
