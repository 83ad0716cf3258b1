# packages: openai-agents==0.24.0
"""The OpenAI Agents SDK, whose times are those of SQLite's clock."""

import asyncio
import subprocess
import sys
from importlib.metadata import version

from agents import SQLiteSession
from recording import hexkey, moment, record

DAY = 86400


def add_message(label):
    session = SQLiteSession(hexkey(label), "app.db")
    asyncio.run(session.add_items([{"role": "user", "content": "Hello"}]))
    session.close()


if sys.argv[1:]:
    add_message(sys.argv[1])
    sys.exit()
for label, used in [
    ("live", -40 * DAY), ("old", -400 * DAY), ("live", -60), ("boundary", -30 * DAY), ("ended", -30 * DAY - 1),
]:
    when = moment(used).strftime("%Y-%m-%d %H:%M:%S")
    subprocess.run(["faketime", "-f", when, sys.executable, __file__, label], check=True)
record(
    "openai-agents",
    database="app.db",
    table="agent_sessions",
    id="session_id",
    others=["agent_messages"],
    parameters="lifetime=30d",
    versions=f"openai-agents {version('openai-agents')}",
    purge="none: the lifetime is the administrator's",
    expired="updated_at < '2026-05-16 12:00:00'",
    judge=lambda: [hexkey("ended"), hexkey("old")],
    note="the SDK wrote the rows; it does not judge them",
)
