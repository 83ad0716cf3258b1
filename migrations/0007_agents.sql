-- The program of the client: usually the text of the header User-Agent, in full. Nothing
-- depends on it, and a statement that does not name it leaves it NULL, so the version of the
-- SQL contract does not change.
ALTER TABLE sessions ADD COLUMN agent TEXT;
