# packages: codechecker==6.29.1 sqlalchemy==2.1.9
"""CodeChecker: the sessions of its web server, on a server in Berlin."""

import os
import time
from importlib.metadata import version

os.environ["TZ"] = "Europe/Berlin"
time.tzset()

from codechecker_server.database.config_db_model import Base, OAuthToken, Session  # noqa: E402
from codechecker_server.database.db_cleanup import delete_expired_auth_sessions  # noqa: E402
from recording import clock, hexkey, record  # noqa: E402
from sqlalchemy import create_engine  # noqa: E402
from sqlalchemy.orm import sessionmaker  # noqa: E402

LIFETIME = 36_000
engine = create_engine("sqlite:///config.sqlite")
open_database = sessionmaker(bind=engine)


def make_rows():
    Base.metadata.create_all(engine)
    with open_database() as database:
        for label, user, used in [
            ("live", "alice", -60.25), ("boundary", "alice", -LIFETIME),
            ("ended", "alice", -LIFETIME - 0.000001), ("bob", "bob", -7200),
            ("old", "bob", -30 * 86400.5),
        ]:
            with clock(used):
                session = Session(hexkey(label), user, "developers;admins")
            database.add(session)
            database.flush()
            if label in ("live", "old"):
                database.add(OAuthToken("access", None, "refresh", session.id))
        database.commit()
    engine.dispose()


def start_server():
    delete_expired_auth_sessions(open_database, LIFETIME, None)
    engine.dispose()


make_rows()
record(
    "codechecker",
    database="config.sqlite",
    table="auth_sessions",
    id="id",
    others=["oauth_tokens"],
    parameters="lifetime=10h timezone=Europe/Berlin",
    versions=f"CodeChecker {version('codechecker')}",
    purge="when the server starts, and for a user who logs in: last_access < now - session_lifetime",
    expired="last_access < '2026-06-15 04:00:00.000000'",
    judge=start_server,
)
