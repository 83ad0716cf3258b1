# packages: beaker==1.14.1 sqlalchemy==2.0.41
"""Beaker's sessions in a database, on a server in Berlin."""

import os
import time
from importlib.metadata import version

os.environ["TZ"] = "Europe/Berlin"
time.tzset()

from beaker.session import Session  # noqa: E402
from recording import clock, hexkey, record  # noqa: E402

TIMEOUT = 3600
OPTIONS = {"type": "ext:database", "url": "sqlite:///app.db", "lock_dir": "locks", "timeout": TIMEOUT}
LABELS = [("live", -60.25), ("boundary", -TIMEOUT), ("ended", -TIMEOUT - 0.5), ("old", -30 * 86400.0)]


def open_session(label):
    """The session that a cookie with this id leads to."""
    return Session({}, id=hexkey(label), use_cookies=False, **OPTIONS)


def refused():
    """A session that has timed out starts anew, without its values."""
    return [hexkey(label) for label, _ in LABELS if "user" not in open_session(label)]


for label, used in LABELS:
    with clock(used):
        session = open_session(label)
        session["user"] = "alice"
        session.save()
record(
    "beaker",
    database="app.db",
    table="beaker_cache",
    id="namespace",
    parameters="lifetime=1h timezone=Europe/Berlin",
    versions=f"Beaker {version('beaker')}",
    purge="none: a session that is loaded later than timeout after its last access starts anew",
    expired="accessed < '2026-06-15 13:00:00.000000'",
    judge=refused,
)
