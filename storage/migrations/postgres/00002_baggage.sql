-- +goose Up

-- What the request that began a run carried beside its trace, for services to be told.
ALTER TABLE mainstem.workflows ADD COLUMN baggage text NOT NULL DEFAULT '';
