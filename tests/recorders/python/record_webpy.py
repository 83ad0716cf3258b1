# packages: web.py==0.76
"""web.py: the sessions of DBStore, on a server in Berlin."""

import os
import time
from importlib.metadata import version

os.environ["TZ"] = "Europe/Berlin"
time.tzset()

import web  # noqa: E402
from recording import clock, hexkey, record  # noqa: E402

TIMEOUT = 86400
web.config.debug = False
database = web.database(dbn="sqlite", db="app.db")
# The application creates the table, as web.py's manual says.
database.query(
    "CREATE TABLE sessions (session_id char(128) UNIQUE NOT NULL,"
    " atime timestamp NOT NULL DEFAULT current_timestamp, data text)"
)
store = web.session.DBStore(database, "sessions")


def close():
    database.ctx.db.close()
    database._ctx.__dict__.clear()


for label, used in [
    ("live", -60.25), ("boundary", -TIMEOUT), ("ended", -TIMEOUT - 0.000001), ("old", -30 * TIMEOUT),
]:
    with clock(used):
        store[hexkey(label, 40)] = {"user": "alice", "ip": "203.0.113.7"}
close()


def clean_up():
    store.cleanup(TIMEOUT)
    close()


record(
    "webpy",
    database="app.db",
    table="sessions",
    id="session_id",
    parameters="lifetime=24h timezone=Europe/Berlin",
    versions=f"web.py {version('web.py')}",
    purge="with a request, once in each timeout: atime < now - timeout",
    expired="atime < '2026-06-14 14:00:00'",
    judge=clean_up,
)
