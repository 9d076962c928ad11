-- +goose Up

-- While a subscription is pending: the words beside the box of the form that lets
-- clicks be counted, where it was ticked. Confirming makes that a consent of its own.
ALTER TABLE subscription ADD COLUMN tracking_asked TEXT NOT NULL DEFAULT '';
