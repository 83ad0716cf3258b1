-- Grafana: two lifetimes that only its configuration knows, integer ids, and a time of
-- revocation
-- table: user_auth_token  id: id
-- parameters: idle=7d lifetime=30d
-- expired predicate at that clock: created_at <= 1778932800 OR rotated_at <= 1780920000 OR revoked_at IS NOT NULL
-- expected expired ids: ["2", "3", "5"]
CREATE TABLE `user_auth_token` (`id` INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, `user_id` INTEGER NOT NULL, `auth_token` TEXT NOT NULL, `prev_auth_token` TEXT NOT NULL, `user_agent` TEXT NOT NULL, `client_ip` TEXT NOT NULL, `auth_token_seen` INTEGER NOT NULL, `seen_at` INTEGER NULL, `rotated_at` INTEGER NOT NULL, `created_at` INTEGER NOT NULL, `updated_at` INTEGER NOT NULL, `revoked_at` INTEGER NULL);
CREATE UNIQUE INDEX `UQE_user_auth_token_auth_token` ON `user_auth_token` (`auth_token`);
CREATE INDEX `IDX_user_auth_token_revoked_at` ON `user_auth_token` (`revoked_at`);
INSERT INTO user_auth_token VALUES (1, 1, 't1', 'p1', 'curl', '203.0.113.5', 1, 0, 1781524740, 1781524200, 1781524740, NULL);
INSERT INTO user_auth_token VALUES (2, 1, 't2', 'p2', 'curl', '203.0.113.5', 1, 0, 1781524740, 1778932800, 1781524740, NULL);
INSERT INTO user_auth_token VALUES (3, 2, 't3', 'p3', 'curl', '203.0.113.6', 1, 0, 1780920000, 1780833600, 1781524740, NULL);
INSERT INTO user_auth_token VALUES (4, 2, 't4', 'p4', 'curl', '203.0.113.6', 1, 0, 1780920001, 1778932801, 1781524740, NULL);
INSERT INTO user_auth_token VALUES (5, 2, 't5', 'p5', 'curl', '203.0.113.6', 1, 0, 1781524740, 1781524740, 1781524740, 1781524770);
