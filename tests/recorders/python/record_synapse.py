# packages: matrix-synapse==1.163.2
"""Synapse: the sessions of user-interactive authentication."""

import sqlite3
from importlib.metadata import version
from importlib.resources import files
from types import SimpleNamespace

from recording import NOW, key, record
from synapse.handlers.auth import AuthHandler
from synapse.storage.database import DatabasePool, LoggingTransaction
from synapse.storage.databases.main.ui_auth import UIAuthWorkerStore
from synapse.storage.engines import Sqlite3Engine

DATABASE = "homeserver.db"
SCHEMA = [
    "58/03persist_ui_auth.sql", "58/07persist_ui_auth_ips.sql", "63/01create_registration_tokens.sql",
]
LIFETIME = AuthHandler.SESSION_EXPIRE_MS


def transaction(work):
    connection = sqlite3.connect(DATABASE)
    engine = Sqlite3Engine({"args": {"database": DATABASE}})
    work(LoggingTransaction(
        txn=connection.cursor(), name="fixture", server_name="example.org", database_engine=engine
    ))
    connection.commit()
    connection.close()


def create_tables():
    with sqlite3.connect(DATABASE) as connection:
        for file in SCHEMA:
            delta = files("synapse") / "storage/schema/main/delta" / file
            connection.executescript(delta.read_text())


def make_rows(txn):
    for label, age in [
        ("live", 60_250), ("day", LIFETIME - 1), ("boundary", LIFETIME), ("ended", LIFETIME + 1),
        ("old", 30 * LIFETIME),
    ]:
        session = key(label, 24, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        insert = DatabasePool.simple_insert_txn
        insert(txn, "ui_auth_sessions", {
            "session_id": session, "creation_time": NOW * 1000 - age, "serverdict": "{}",
            "clientdict": '{"username":"alice"}', "uri": "/_matrix/client/v3/register",
            "method": "POST", "description": "register a new account",
        })
        insert(txn, "ui_auth_sessions_ips", {
            "session_id": session, "ip": "203.0.113.7", "user_agent": "Element/1.11",
        })
        if label != "live":
            insert(txn, "ui_auth_sessions_credentials", {
                "session_id": session, "stage_type": "m.login.dummy", "result": "true",
            })


def expire():
    """What the server does every five minutes."""
    store = SimpleNamespace(db_pool=DatabasePool)
    delete = UIAuthWorkerStore._delete_old_ui_auth_sessions_txn
    transaction(lambda txn: delete(store, txn, NOW * 1000 - LIFETIME))


create_tables()
transaction(make_rows)
record(
    "synapse",
    database=DATABASE,
    table="ui_auth_sessions",
    id="session_id",
    others=["ui_auth_sessions_credentials", "ui_auth_sessions_ips"],
    versions=f"Synapse {version('matrix-synapse')} (its store)",
    purge="every 5 minutes: creation_time <= now - 48 hours, with the rows of the other two tables",
    expired="creation_time <= 1781524800000 - 172800000",
    judge=expire,
)
