-- Laminas, DbTableGateway: a time and a number of seconds, and a key of two columns
-- table: session  id: id
-- expired predicate at that clock: modified + lifetime < 1781524800
-- expected expired ids: ["e1", "e2"]
CREATE TABLE session (id char(32), name char(32), modified int, lifetime int, data text, PRIMARY KEY (id, name));
INSERT INTO session VALUES ('a1', 'PHPSESSID', 1781523360, 1440, '');
INSERT INTO session VALUES ('a2', 'PHPSESSID', 1781438400, 604800, '');
INSERT INTO session VALUES ('e1', 'PHPSESSID', 1781523359, 1440, '');
INSERT INTO session VALUES ('e2', 'PHPSESSID', 1781524740, 30, '');
