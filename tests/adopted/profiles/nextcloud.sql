-- Nextcloud's tokens: type 1 are passwords of apps, which are no sessions; remembered
-- sessions live longer
-- table: oc_authtoken  id: id
-- parameters: remembered=15d session=24h
-- expired predicate at that clock: type = 0 AND (remember = 0 AND last_activity < 1781438400 OR remember = 1 AND last_activity < 1780228800)
-- expected expired ids: ["2", "5"]
CREATE TABLE oc_authtoken (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, uid VARCHAR(64) DEFAULT '' NOT NULL, login_name VARCHAR(255) DEFAULT '' NOT NULL, password CLOB DEFAULT NULL, name CLOB DEFAULT '' NOT NULL, token VARCHAR(200) DEFAULT '' NOT NULL, type SMALLINT UNSIGNED DEFAULT 0, remember SMALLINT UNSIGNED DEFAULT 0, last_activity INTEGER UNSIGNED DEFAULT 0);
CREATE UNIQUE INDEX authtoken_token_index ON oc_authtoken (token);
CREATE INDEX authtoken_last_activity_idx ON oc_authtoken (last_activity);
INSERT INTO oc_authtoken VALUES (1, 'alice', 'alice', NULL, 'Firefox', 't1', 0, 0, 1781438400);
INSERT INTO oc_authtoken VALUES (2, 'alice', 'alice', NULL, 'Firefox', 't2', 0, 0, 1781438399);
INSERT INTO oc_authtoken VALUES (3, 'alice', 'alice', NULL, 'phone', 't3', 1, 0, 1755604800);
INSERT INTO oc_authtoken VALUES (4, 'bob', 'bob', NULL, 'Firefox', 't4', 0, 1, 1780228800);
INSERT INTO oc_authtoken VALUES (5, 'bob', 'bob', NULL, 'Firefox', 't5', 0, 1, 1780228799);
