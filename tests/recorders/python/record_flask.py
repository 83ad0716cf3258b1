# packages: flask-session[sqlalchemy]==0.8.0 flask==3.1.3 sqlalchemy==2.1.9
"""Flask-Session over SQLAlchemy."""

from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

from flask import Flask
from flask_session import Session
from flask_session.sqlalchemy import SqlAlchemySession
from flask_sqlalchemy import SQLAlchemy
from recording import clock, key, record

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{Path('app.db').resolve()}"
app.config.update(SESSION_TYPE="sqlalchemy", SESSION_SQLALCHEMY=SQLAlchemy(app))
Session(app)
interface = app.session_interface
LIFETIME = timedelta(hours=1)


def save(token, ends):
    data = {"user_id": "1", "name": "alice", "_user_id": "1"}
    session = SqlAlchemySession(data, sid=token, permanent=True)
    with clock(ends - LIFETIME.seconds), app.app_context():
        interface._upsert_session(LIFETIME, session, "session:" + token)


def without_expiry(token):
    """A row of an old version whose sessions were not permanent."""
    with app.app_context():
        model = interface.sql_session_model
        model.query.filter_by(session_id="session:" + token).update({"expiry": None})
        interface.client.session.commit()


def refused():
    """The sessions that the application no longer serves; it deletes each of them."""
    with app.app_context():
        tokens = [row.session_id for row in interface.sql_session_model.query.all()]
        refused = [token for token in tokens if interface._retrieve_session_data(token) is None]
        interface.client.engine.dispose()
        return refused


def delete_expired():
    with app.app_context():
        interface._delete_expired_sessions()
        interface.client.engine.dispose()


save("5e1R9R1uuTql", 3600)
save("E0UI3Ci9Mxjx", -60)
save("legacyNullExp", 0)
without_expiry("legacyNullExp")
what = {
    "profile": "flask-session",
    "database": "app.db",
    "table": "sessions",
    "id": "session_id",
    "versions": f"Flask-Session {version('flask-session')}, SQLAlchemy {version('sqlalchemy')}",
}
record(
    "flask_session",
    purge="flask session_cleanup: DELETE of expiry <= now (leaves NULLs); or 1 in N requests",
    expired="(expiry IS NULL OR expiry <= '2026-06-15 12:00:00.000000')",
    judge=refused,
    **what,
)

with app.app_context():
    interface.sql_session_model.query.delete()
    interface.client.session.commit()
for label, ends in [("live", 600), ("half", 0.5), ("boundary", 0), ("ended", -0.25), ("old", -9e6)]:
    save(key(label, 43), ends)
record(
    "flask-session-powerdns-admin",
    purge="at 1 in 100 requests: DELETE of expiry <= now",
    expired="expiry <= '2026-06-15 12:00:00.000000'",
    judge=delete_expired,
    note="the table of PowerDNS-Admin 0.6.1, which uses this very version with its defaults",
    **what,
)
