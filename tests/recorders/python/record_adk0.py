# packages: google-adk==0.5.0 sqlalchemy==2.0.41 deprecated==1.2.18
"""Google's Agent Development Kit 0.5, whose times are those of SQLite's clock."""

import subprocess
import sys
from datetime import datetime, timezone
from importlib.metadata import version

from google.adk.sessions.database_session_service import DatabaseSessionService
from recording import hexkey, moment, record

DAY = 86400


def open_session(label, user):
    DatabaseSessionService("sqlite:///app.db").create_session(
        app_name="weather", user_id=user, session_id=hexkey(label), state={"city": "Berlin"}
    )


def delete_old():
    service = DatabaseSessionService("sqlite:///app.db")
    for user in ("alice", "bob"):
        for session in service.list_sessions(app_name="weather", user_id=user).sessions:
            used = datetime.fromtimestamp(session.last_update_time, timezone.utc)
            if used < moment(-30 * DAY):
                service.delete_session(app_name="weather", user_id=user, session_id=session.id)


if sys.argv[1:]:
    open_session(*sys.argv[1:])
    sys.exit()
for label, user, opened in [
    ("live", "alice", -60), ("boundary", "alice", -30 * DAY), ("ended", "bob", -30 * DAY - 1),
    ("old", "bob", -400 * DAY),
]:
    when = moment(opened).strftime("%Y-%m-%d %H:%M:%S")
    subprocess.run(["faketime", "-f", when, sys.executable, __file__, label, user], check=True)
record(
    "google-adk-0.5",
    profile="google-adk",
    database="app.db",
    table="sessions",
    id="app_name || '/' || user_id || '/' || id",
    others=["events"],
    parameters="lifetime=30d",
    versions=f"google-adk {version('google-adk')}",
    purge="none: the lifetime is the administrator's",
    expired="update_time < '2026-05-16 12:00:00'",
    judge=delete_old,
)
