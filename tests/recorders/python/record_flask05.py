# packages: flask-session==0.5.0 flask-sqlalchemy==3.1.1 flask==3.1.3 sqlalchemy==2.1.9
"""Flask-Session 0.5 over SQLAlchemy, with its own settings and with those of Airflow."""

from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

from flask import Flask, session
from flask_session import Session
from flask_sqlalchemy import SQLAlchemy
from recording import clock, key, record

HOUR = 3600


def application(file, **settings):
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{Path(file).resolve()}"
    app.config.update(
        SECRET_KEY="a key of the fixtures", SESSION_TYPE="sqlalchemy",
        PERMANENT_SESSION_LIFETIME=timedelta(seconds=HOUR), SESSION_SQLALCHEMY=SQLAlchemy(app), **settings,
    )
    Session(app)

    @app.get("/login/<user>")
    def login(user):
        session.permanent = user != "guest"
        session["user"] = user
        return ""

    @app.get("/")
    def who():
        return session.get("user", "nobody")

    with app.app_context():
        app.session_interface.db.create_all()
    return app


def open_session(app, label, user, ends):
    """Opens a session with a known id: the interface takes the one in a new client's cookie."""
    app.session_interface._generate_sid = lambda: key(label, 32)
    with clock(ends - HOUR):
        assert app.test_client().get(f"/login/{user}").status_code == 200


def refused(app):
    """The sessions whose cookies no longer lead to their user."""
    interface, gone = app.session_interface, []
    app.config["PROPAGATE_EXCEPTIONS"], app.logger.disabled = False, True
    with app.app_context():
        ids = [row.session_id for row in interface.sql_session_model.query.all()]
    for one in ids:
        client = app.test_client()
        client.set_cookie("session", one.removeprefix(interface.key_prefix))
        answer = client.get("/")
        if answer.status_code != 200 or answer.text == "nobody":
            gone.append(one)
    with app.app_context():
        interface.db.engine.dispose()
    return gone


def recorded(name, table, purge, note, **settings):
    app = application(f"{name}.db", **settings)
    for label, user, ends in [
        ("live", "alice", HOUR), ("half", "bob", 0.5), ("boundary", "carol", 0),
        ("ended", "dan", -0.000001), ("old", "alice", -30 * 86400), ("guest", "guest", HOUR),
    ]:
        open_session(app, f"{name} {label}", user, ends)
    record(
        name,
        profile="flask-session",
        database=f"{name}.db",
        table=table,
        id="session_id",
        versions=f"Flask-Session {version('flask-session')}, SQLAlchemy {version('sqlalchemy')}",
        purge=purge,
        expired="(expiry IS NULL OR expiry <= '2026-06-15 12:00:00.000000')",
        judge=lambda: refused(app),
        note=note,
    )


recorded(
    "flask-session-0.5",
    "sessions",
    "none: a session is deleted when its client returns after its expiry",
    "sessions that are not permanent have no expiry, and fail when their client returns",
)
recorded(
    "flask-session-airflow",
    "session",
    "airflow db clean --tables session: expiry before a date that you name",
    "with Airflow's settings: another table, no prefix (its cookies are signed, too)",
    SESSION_SQLALCHEMY_TABLE="session",
    SESSION_KEY_PREFIX="",
)
