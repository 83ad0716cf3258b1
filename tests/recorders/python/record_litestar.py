# packages: litestar==2.25.0 advanced-alchemy==1.12.0 sqlalchemy==2.1.9
"""Litestar with the session backend of Advanced Alchemy."""

import asyncio
import subprocess
import sys
from importlib.metadata import version

from advanced_alchemy.base import UUIDBase
from advanced_alchemy.extensions.litestar import SQLAlchemySyncConfig
from advanced_alchemy.extensions.litestar.session import SessionModelMixin, SQLAlchemySyncSessionBackend
from litestar.middleware.session.server_side import ServerSideSessionConfig
from recording import CLOCK, clock, hexkey, record


class Session(SessionModelMixin):
    __tablename__ = "session"


database = SQLAlchemySyncConfig(connection_string="sqlite:///app.db")
backend = SQLAlchemySyncSessionBackend(ServerSideSessionConfig(max_age=3600), database, Session)


def make_rows():
    UUIDBase.metadata.create_all(database.get_engine())
    for label, made in [
        ("live", -60.25), ("half", -3599.5), ("boundary", -3600), ("ended", -3601.000001), ("old", -86400),
    ]:
        with clock(made):
            asyncio.run(backend.set(hexkey(label, 64), b'{"user":1}', None))
    database.get_engine().dispose()


def delete_expired():
    """The backend compares with the clock of SQLite, so this runs in a process of its own."""
    when = CLOCK.replace("T", " ").rstrip("Z")
    subprocess.run(["faketime", "-f", when, sys.executable, __file__, "delete"], check=True)


if sys.argv[1:]:
    asyncio.run(backend.delete_expired())
    sys.exit()
make_rows()
record(
    "litestar",
    database="app.db",
    table="session",
    id="session_id",
    versions=", ".join(f"{one} {version(one)}" for one in ("litestar", "advanced-alchemy")),
    purge="if the application calls delete_expired(): expires_at < now",
    expired="expires_at < '2026-06-15 12:00:00'",
    judge=delete_expired,
)
