-- +goose Up

-- Marks of nodes are rows of a table of their own on PostgreSQL; here they are lines of a
-- file (docs/adr/0004).
SELECT 1;
