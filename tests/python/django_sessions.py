"""A Django application, asked one question a call.

It works on app.db, with the settings of django_settings and with the clock that the
environment says: FROZEN (unix seconds). What it knows of sessions it knows from Django's
own code.
"""

import json
import os
import random
import re
import sys
from datetime import datetime, timedelta, timezone as zones

import django
from django.core.management import call_command

FROZEN = os.environ.get("FROZEN")

os.environ["DJANGO_SETTINGS_MODULE"] = "django_settings"
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import SESSION_KEY, get_user, login  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.sessions.backends.base import UpdateError  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.contrib.sessions.models import Session  # noqa: E402
from django.contrib.sessions.serializers import JSONSerializer  # noqa: E402
from django.core import signing  # noqa: E402
from django.http import HttpRequest  # noqa: E402
from django.utils import timezone  # noqa: E402


def clock(unix):
    """A moment as Django's clock shows it."""
    return datetime.fromtimestamp(unix, tz=zones.utc if settings.USE_TZ else None)


if FROZEN:
    timezone.now = lambda: clock(float(FROZEN))


def moment(expiry):
    """What `set_expiry` is given: `None`, a number, a duration, a moment."""
    if isinstance(expiry, dict):
        if "after" in expiry:
            return timedelta(seconds=expiry["after"])
        return clock(expiry["at"])
    return expiry


def request_of(store):
    request = HttpRequest()
    request.session = store
    return request


def migrate():
    call_command("migrate", verbosity=0)


def open_sessions(wanted):
    """Opens a session for each of these, logged in where it has a user; answers the keys."""
    keys = []
    for one in wanted:
        store = SessionStore()
        store["cart"] = ["apple"] * one.get("goods", 1)
        if user := one.get("user"):
            user, _ = User.objects.get_or_create(username=user)
            backend = "django.contrib.auth.backends.ModelBackend"
            login(request_of(store), user, backend=backend)
        store.set_expiry(moment(one["expiry"]))
        store.save()
        keys.append(store.session_key)
    return keys


def accepted(keys):
    """Those of these sessions that Django still serves."""
    return [key for key in keys if "cart" in SessionStore(key).load()]


def users(keys):
    """Who is logged in with each of these, by the id."""
    return {key: get_user(request_of(SessionStore(key))).pk for key in keys}


class Verbatim:
    """Writes down what it is given: JSON that no serializer would write."""

    def dumps(self, text):
        return text.encode("latin-1")


def loads_deep(data, frames=50):
    """What Django's serializer reads, from deeper in the stack than Django itself calls it:
    what it can only just read is too deep here."""
    return loads_deep(data, frames - 1) if frames else JSONSerializer().loads(data)


def whose(texts):
    """What these texts are as the data of a session, and whose session that is by Django's
    serializer. Users that are neither text nor a whole number count as unreadable."""
    answers = []
    for place, text in enumerate(texts):
        data = signing.dumps(
            text, salt=SessionStore().key_salt, serializer=Verbatim, compress=place % 2 == 1
        )
        try:
            session = loads_deep(text.encode("latin-1"))
        except RecursionError:
            continue
        except ValueError:
            answers.append([data, "unreadable", None])
            continue
        assert str(SessionStore().decode(data)) == str(session)
        user = session.get(SESSION_KEY) if isinstance(session, dict) else None
        if user is None or user == "":
            answers.append([data, "nobody", None])
        elif isinstance(user, str) or type(user) is int:
            answers.append([data, "user", re.sub("[\ud800-\udfff]", "\ufffd", str(user))])
        else:
            answers.append([data, "unreadable", None])
    return answers


def whose_in(path):
    with open(path, encoding="utf-8") as texts:
        return whose(json.load(texts))


def rows():
    return list(Session.objects.values_list("session_key", flat=True))


def clearsessions():
    """How many rows Django's own purge takes away."""
    before = len(rows())
    call_command("clearsessions")
    return before - len(rows())


def serve(seed):
    """Serves requests until its input ends; answers what it knows then."""
    dice, stop = random.Random(seed), False
    live, over, renewed, lost = {}, [], 0, 0
    rounds = 0
    while not stop or rounds < 200:
        rounds += 1
        if not stop:
            stop = os.path.exists("enough")
        store = SessionStore()
        store["cart"] = [seed]
        what = dice.random()
        if what < 0.4:
            # It lapses; nobody comes back.
            store.set_expiry(-dice.randrange(600, 90_000))
            store.save()
            over.append(store.session_key)
        elif what < 0.6:
            # It has lapsed, and a request that came just before writes it once more.
            store.set_expiry(-dice.randrange(600, 90_000))
            store.save()
            key = store.session_key
            store.set_expiry(3_600)
            try:
                store.save()
                live[key] = True
                renewed += 1
            except UpdateError:
                lost += 1
        elif what < 0.8 or not live:
            store.set_expiry(dice.randrange(600, 90_000))
            store.save()
            live[store.session_key] = True
        else:
            # A request within an open session.
            key = dice.choice(list(live))
            store = SessionStore(key)
            assert "cart" in store.load(), f"{key} is gone"
            store["cart"] = [seed, rounds]
            store.set_expiry(dice.randrange(600, 90_000))
            store.save()
    return {"live": list(live), "over": over, "renewed": renewed, "lost": lost}


QUESTIONS = {
    "migrate": migrate,
    "open": open_sessions,
    "accepted": accepted,
    "users": users,
    "whose": whose_in,
    "rows": rows,
    "clearsessions": clearsessions,
    "serve": serve,
}

if __name__ == "__main__":
    question, *values = sys.argv[1:]
    print(json.dumps(QUESTIONS[question](*map(json.loads, values))))
