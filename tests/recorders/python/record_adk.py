# packages: google-adk==2.13.0 sqlalchemy==2.1.9 greenlet==3.5.6 aiosqlite==0.22.1
"""Google's Agent Development Kit: the sessions of its two services for databases."""

import asyncio
from importlib.metadata import version

from google.adk.events.event import Event
from google.adk.sessions.database_session_service import DatabaseSessionService
from google.adk.sessions.sqlite_session_service import SqliteSessionService
from google.genai.types import Content, Part
from recording import NOW, clock, hexkey, moment, record

DAY = 86400


async def make_rows(service):
    for label, user, opened, used in [
        ("live", "alice", -3 * DAY, -60.25), ("boundary", "alice", -40 * DAY, -30 * DAY),
        ("ended", "bob", -30 * DAY - 0.5, None), ("old", "bob", -400 * DAY, -300.5 * DAY),
        # A session id is unique only together with the application and the user.
        ("old", "carol", -2 * DAY, None),
    ]:
        with clock(opened):
            session = await service.create_session(
                app_name="weather", user_id=user, session_id=hexkey(label), state={"city": "Berlin"}
            )
        if used is not None:
            text = Content(role="user", parts=[Part(text="Hello")])
            event = Event(id=hexkey(label, 8), author="user", content=text, timestamp=NOW + used)
            with clock(used):
                await service.append_event(session, event)


async def delete_old(service):
    """The kit has no purge: an application deletes what has not been used for a month."""
    listed = await service.list_sessions(app_name="weather")
    for session in listed.sessions:
        if session.last_update_time < moment(-30 * DAY).timestamp():
            await service.delete_session(
                app_name="weather", user_id=session.user_id, session_id=session.id
            )
    if hasattr(service, "close"):
        await service.close()


def recorded(name, file, service, expired):
    asyncio.run(make_rows(service()))
    record(
        name,
        profile="google-adk",
        database=file,
        table="sessions",
        id="app_name || '/' || user_id || '/' || id",
        others=["events"],
        parameters="lifetime=30d",
        versions=f"google-adk {version('google-adk')}, {service().__class__.__name__}",
        purge="none: the lifetime is the administrator's",
        expired=expired,
        judge=lambda: asyncio.run(delete_old(service())),
    )


recorded(
    "google-adk",
    "app.db",
    lambda: DatabaseSessionService("sqlite+aiosqlite:///app.db"),
    "update_time < '2026-05-16 12:00:00.000000'",
)
recorded(
    "google-adk-sqlite",
    "session.db",
    lambda: SqliteSessionService("session.db"),
    "update_time < 1781524800 - 30 * 86400",
)
