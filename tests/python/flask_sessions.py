"""A Flask application with Flask-Session over SQLAlchemy, asked one question a call.

It works on app.db. With FROZEN in the environment (unix seconds) its clock stands still.
What it knows of sessions it knows from requests to itself.
"""

import json
import os
import sys
import warnings
from datetime import datetime, timedelta, timezone
from pathlib import Path

from flask import Flask, session
from flask_session import Session
from flask_session.sqlalchemy import sqlalchemy as backend
from flask_sqlalchemy import SQLAlchemy

warnings.simplefilter("ignore", DeprecationWarning)

if frozen := os.environ.get("FROZEN"):

    class Frozen(datetime):
        """The clock that the backend asks."""

        @classmethod
        def utcnow(cls):
            return datetime.fromtimestamp(float(frozen), timezone.utc).replace(tzinfo=None)

    backend.datetime = Frozen

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{Path('app.db').resolve()}"
app.config.update(
    SECRET_KEY="a key of the tests",
    SESSION_TYPE="sqlalchemy",
    SESSION_SQLALCHEMY=SQLAlchemy(app),
    SESSION_REFRESH_EACH_REQUEST=False,
)
Session(app)


@app.get("/login/<user>")
def login(user):
    session["user"] = user
    return ""


@app.get("/")
def who():
    return session.get("user", "nobody")


def migrate():
    """The table is there as soon as the application is."""


def open_sessions(lifetimes):
    """Opens a session of each of these lifetimes, in seconds; answers the tokens."""
    tokens = []
    for number, lifetime in enumerate(lifetimes):
        app.permanent_session_lifetime = timedelta(seconds=lifetime)
        client = app.test_client()
        client.get(f"/login/user{number}")
        # The client keeps no cookie that has lapsed.
        newest = max(rows(), key=lambda row: row.id)
        tokens.append(newest.session_id.removeprefix("session:"))
    return tokens


def rows():
    with app.app_context():
        return app.session_interface.sql_session_model.query.all()


def accepted(tokens):
    """Those of these sessions that the application still serves. It deletes the others, so
    it works on what it has read, and takes its changes back."""
    served = []
    interface = app.session_interface
    database = interface.client.session
    with app.app_context():
        database.commit = database.flush
        for token in tokens:
            if interface._retrieve_session_data("session:" + token) is not None:
                served.append(token)
        database.rollback()
    return served


def users(tokens):
    """Who the application says that each of these is."""
    answers = {}
    for token in tokens:
        client = app.test_client()
        client.set_cookie("session", token)
        answers[token] = client.get("/").text
    return answers


def session_cleanup():
    """How many rows Flask-Session's own purge takes away."""
    before = len(rows())
    answer = app.test_cli_runner().invoke(args=["session_cleanup"])
    assert answer.exit_code == 0, answer.output
    return before - len(rows())


QUESTIONS = {
    "migrate": migrate,
    "open": open_sessions,
    "accepted": accepted,
    "users": users,
    "session_cleanup": session_cleanup,
}

if __name__ == "__main__":
    question, *values = sys.argv[1:]
    print(json.dumps(QUESTIONS[question](*map(json.loads, values))))
