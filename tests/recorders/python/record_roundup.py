# packages: roundup==2.6.0
"""Roundup: the sessions of its web interface, which it keeps in a database of their own."""

import sqlite3
from importlib.metadata import version
from types import SimpleNamespace

from recording import clock, key, record
from roundup.backends.sessions_sqlite import Sessions

WEEK = 7 * 86400


def open_database(dbname=None):
    connection = sqlite3.connect("db-session")
    return connection, connection.cursor()


def sessions():
    return Sessions(SimpleNamespace(sql_open_connection=open_database, arg="?"))


def clean():
    store = sessions()
    store.clean()
    store.commit()
    store.close()


store = sessions()
for label, user, used in [
    ("live", "alice", -60.25), ("boundary", "alice", -WEEK), ("ended", "bob", -WEEK - 0.5),
    ("old", "bob", -30 * WEEK), ("guest", None, -86400),
]:
    values = {"user": user} if user else {"error_message": []}
    with clock(used):
        store.set(key(label, 54, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"), **values)
store.commit()
store.close()
record(
    "roundup",
    database="db-session",
    table="sessions",
    id="session_key",
    versions=f"Roundup {version('roundup')}",
    purge="at most once an hour, with a request: session_time < now - 7 days",
    expired="session_time < 1781524800 - 7 * 86400",
    judge=clean,
)
