-- +goose Up

-- What the request that began a run carried beside its trace, for services to be told.
ALTER TABLE mainstem_workflows ADD COLUMN baggage TEXT NOT NULL DEFAULT '';
