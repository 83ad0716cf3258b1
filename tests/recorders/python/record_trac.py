# packages: trac==1.6 setuptools==79.0.1
"""Trac: what it remembers of anonymous visitors, and the cookies of logins."""

import os
from importlib.metadata import version

import trac.web.auth
from recording import clock, hexkey, record
from trac.admin.console import TracAdmin
from trac.env import Environment
from trac.test import MockRequest
from trac.web.session import DetachedSession

DAY = 86400
HOME = os.path.abspath("env")
DATABASE = f"{HOME}/db/trac.db"
env = Environment(HOME, create=True, options=[("trac", "database", "sqlite:db/trac.db")])


def visit(sid, authenticated, seconds):
    session = DetachedSession(env, None)
    session.get_session(sid, authenticated)
    session["email"] = f"{sid}@example.org"
    with clock(seconds):
        session.save()


def log_in(user, label, seconds):
    request = MockRequest(env, remote_user=user, path_info="/login")
    trac.web.auth.hex_entropy = lambda: hexkey(label)
    with clock(seconds):
        trac.web.auth.LoginModule(env)._do_login(request)


def purge_sessions():
    """Purges as each changed session does that was last seen more than a day ago."""
    session = DetachedSession(env, "alice")
    session["email"] = "alice@new.example.org"
    session.save()
    env.shutdown()


def purge_cookies():
    log_in("bob", "bob again", 0)
    env.shutdown()


visit("alice", True, -200 * DAY)
visit("bob", True, -DAY)
for sid, seconds in [
    (hexkey("live", 24), -DAY), (hexkey("boundary", 24), -90 * DAY), (hexkey("ended", 24), -90 * DAY - 1),
    (hexkey("old", 24), -200 * DAY),
    # An anonymous visitor who chose the name of a user.
    ("alice", -200 * DAY),
]:
    visit(sid, False, seconds)
with clock(-60):
    TracAdmin(HOME).onecmd("session add newcomer:0 Newcomer new@example.org")
env.shutdown()
record(
    "trac",
    database=DATABASE,
    table="session",
    id="sid || '/' || authenticated",
    others=["session_attribute"],
    parameters="lifetime=90d",
    versions=f"Trac {version('trac')}",
    purge="when a session is saved for the first time in a day: authenticated = 0 AND last_visit < now - lifetime",
    expired="authenticated = 0 AND last_visit < 1781524800 - 90 * 86400",
    judge=purge_sessions,
    note="the rows of session_attribute with the same sid and authenticated go, too",
)

for user, label, seconds in [
    ("alice", "old", -10 * DAY - 1800), ("bob", "ended", -10 * DAY - 1), ("carol", "boundary", -10 * DAY),
    ("alice", "half", -5 * DAY), ("alice", "live", -3600),
]:
    log_in(user, label, seconds)
env.shutdown()
record(
    "trac-auth-cookies",
    database=DATABASE,
    table="auth_cookie",
    id="cookie",
    versions=f"Trac {version('trac')}",
    purge="at each login: time < now - 10 days",
    expired="time < 1781524800 - 10 * 86400",
    judge=purge_cookies,
)
