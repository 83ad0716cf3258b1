# packages: django==5.2.19 django-user-sessions==2.0.0 django-qsessions==2.1.0 djangorestframework==3.18.3 django-rest-knox==5.1.0 djangorestframework-simplejwt==5.5.1 django-oauth-toolkit==3.4.1
"""Django's sessions and cache, two other session engines, and the tokens of four packages."""

from datetime import timedelta
from importlib.metadata import version
from uuid import UUID

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="a key of the fixtures, which is long enough",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "user_sessions",
        "qsessions",
        "rest_framework.authtoken",
        "rest_framework_simplejwt.token_blacklist",
        "knox",
        "oauth2_provider",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "app.db"}},
    CACHES={
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "django_cache",
            "OPTIONS": {"MAX_ENTRIES": 5},
        }
    },
    SESSION_ENGINE="django.contrib.sessions.backends.db",
    USE_TZ=True,
    TIME_ZONE="UTC",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    ROOT_URLCONF=__name__,
)
django.setup()
urlpatterns = []

import knox.auth  # noqa: E402
import knox.crypto  # noqa: E402
import knox.models  # noqa: E402
import oauth2_provider.models as oauth  # noqa: E402
import qsessions.backends.db  # noqa: E402
import rest_framework_simplejwt.tokens as jwt  # noqa: E402
import user_sessions.backends.db  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.test import override_settings  # noqa: E402
from django.utils import timezone  # noqa: E402
from recording import NOW, clock, hexkey, key, record  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402
from rest_framework.exceptions import AuthenticationFailed  # noqa: E402

FORTNIGHT = 14 * 86400
NOON = "'2026-06-15 12:00:00'"


def ran(*packages):
    return ", ".join(f"{package} {version(package)}" for package in packages)


def recorded(name, judge, **what):
    """Records a table of app.db."""

    def judged():
        answer = judge()
        connections.close_all()
        return answer

    connections.close_all()
    record(name, database="app.db", judge=judged, **what)


def save(store, token, user, ends):
    """Saves a session that ends so many seconds after the fixtures' clock."""
    with clock(ends - FORTNIGHT):
        if user:
            store["_auth_user_id"] = str(user.pk)
            store["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
            store["_auth_user_hash"] = user.get_session_auth_hash()
        else:
            store["cart"] = ["apple"]
        store._session_key = token
        store.save(must_create=True)


def django_sessions(alice, bob):
    save(SessionStore(), "s1y1jlwsbudbwopkeuhi5uz0s7h12xp3", alice, 3600.116)
    save(SessionStore(), "g4k32zhlrlpzvhcmu1mnysy51vvfo89c", alice, -3600.117)
    save(SessionStore(), "khfmrm052mi1mi21w4e19tf29cs703vt", None, -1)
    save(SessionStore(), "b0undary57dfx3ahmyyq4oq0f9x2tzkw", bob, 0)
    recorded(
        "django",
        table="django_session",
        id="session_key",
        others=["auth_user"],
        versions=ran("django"),
        purge="manage.py clearsessions: one DELETE of expire_date < now",
        expired=f"expire_date < {NOON}",
        judge=SessionStore.clear_expired,
    )


def local_times():
    """The same tables with USE_TZ = False: their times are those of Berlin's clocks."""
    with override_settings(USE_TZ=False, TIME_ZONE="Europe/Berlin"):
        for name, engine, models in [
            ("django", SessionStore, django.contrib.sessions.models),
            ("django-user-sessions", user_sessions.backends.db.SessionStore, user_sessions.models),
            ("django-qsessions", qsessions.backends.db.SessionStore, qsessions.models),
        ]:
            model = models.Session
            model.objects.all().delete()
            alice = User.objects.get(username="alice")
            for label, user, ends in [
                ("live", alice, 3600.25), ("boundary", None, 0), ("ended", alice, -0.5), ("old", None, -7200),
            ]:
                save(engine(), key(f"local {label}"), user, ends)
            recorded(
                f"{name}-local",
                table=model._meta.db_table,
                id="session_key",
                others=["auth_user"],
                parameters="timezone=Europe/Berlin",
                versions=ran(*dict.fromkeys([name, "django"])),
                purge="manage.py clearsessions: one DELETE of expire_date < now, both in local time",
                expired="expire_date < '2026-06-15 14:00:00'",
                judge=engine.clear_expired,
            )


def other_engines(alice, bob):
    browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    rows = [
        ("live", alice, 86400.5), ("guest", None, 0.000001), ("boundary", bob, 0),
        ("ended", alice, -0.000001), ("old", bob, -86400), ("old guest", None, -FORTNIGHT),
    ]
    for name, table, engine in [
        ("django-user-sessions", "user_sessions_session", user_sessions.backends.db),
        ("django-qsessions", "qsessions_session", qsessions.backends.db),
    ]:
        for label, user, ends in rows:
            ip = None if label == "old" else "203.0.113.7"
            store = engine.SessionStore(user_agent=browser, ip=ip)
            save(store, key(f"{name} {label}"), user, ends)
        recorded(
            name,
            table=table,
            id="session_key",
            others=["auth_user"],
            versions=ran(name, "django"),
            purge="manage.py clearsessions with its SESSION_ENGINE: one DELETE of expire_date < now",
            expired=f"expire_date < {NOON}",
            judge=engine.SessionStore.clear_expired,
        )


def rest_framework_tokens(alice, bob):
    users = [alice, bob, *(User.objects.create(username=name, password="!") for name in ("carol", "dan"))]
    for user, seconds in zip(users, [-3600.25, -30 * 86400, -30 * 86400 - 0.5, -400 * 86400]):
        with clock(seconds):
            Token.objects.create(user=user, key=hexkey(f"token {user}", 40))

    def judge():
        Token.objects.filter(created__lt=timezone.now() - timedelta(days=30)).delete()

    recorded(
        "django-rest-authtoken",
        table="authtoken_token",
        id="key",
        others=["auth_user"],
        parameters="lifetime=30d timezone=UTC",
        versions=ran("djangorestframework", "django"),
        purge="none: a token is valid until it is deleted; the lifetime is the administrator's",
        expired="created < '2026-05-16 12:00:00'",
        judge=judge,
    )


def knox_tokens(alice, bob):
    tokens = {}
    for label, user, made, lifetime in [
        ("live", alice, -3600, 36000), ("never", alice, -400 * 86400, None),
        ("boundary", alice, -36000, 36000), ("ended", alice, -36000.000001, 36000),
        ("bob", bob, -60.5, 36000), ("old", bob, -90 * 86400, 36000),
    ]:
        knox.crypto.create_token_string = lambda: hexkey(f"knox {label}", 64)
        with clock(made):
            expiry = lifetime and timedelta(seconds=lifetime)
            _, tokens[label] = knox.models.AuthToken.objects.create(user=user, expiry=expiry)

    def judge():
        """Each use of a token deletes the user's expired ones."""
        for token in tokens.values():
            try:
                knox.auth.TokenAuthentication().authenticate_credentials(token.encode())
            except AuthenticationFailed:
                pass

    recorded(
        "django-rest-knox",
        table="knox_authtoken",
        id="digest",
        others=["auth_user"],
        parameters="timezone=UTC",
        versions=ran("django-rest-knox", "djangorestframework", "django"),
        purge="when a user's token is used, that user's tokens with expiry < now are deleted",
        expired=f"expiry < {NOON}",
        judge=judge,
    )


def oauth_tokens(alice, bob):
    application = oauth.Application.objects.create(
        name="shop", client_id=key("client", 40), user=alice, client_type="confidential",
        authorization_grant_type="authorization-code", hash_client_secret=False,
        client_secret=key("secret", 128), redirect_uris="https://shop.example/cb",
    )
    make_oauth_rows(application, alice, bob)
    common = {
        "others": ["auth_user", "oauth2_provider_application"],
        "id": "id",
        "parameters": "timezone=UTC",
        "versions": ran("django-oauth-toolkit", "django"),
        "judge": oauth.clear_expired,
    }
    tables = {what: f"oauth2_provider_{what}" for what in ("accesstoken", "refreshtoken", "idtoken", "grant")}
    access, refresh, id_token, grant = tables.values()
    recorded(
        "django-oauth-access-tokens",
        table=access,
        purge="manage.py cleartokens: expires < now, unless a refresh token refers to it",
        expired=f"expires < {NOON} AND id NOT IN (SELECT access_token_id FROM {refresh} WHERE access_token_id IS NOT NULL)",
        **{**common, "others": [*common["others"], id_token, refresh]},
    )
    recorded(
        "django-oauth-refresh-tokens",
        table=refresh,
        purge="manage.py cleartokens: revoked <= now, and tokens that lost their access token",
        expired=f"revoked <= {NOON} OR (revoked IS NULL AND access_token_id IS NULL)",
        note="access tokens keep source_refresh_token_id = NULL when theirs is deleted",
        **{**common, "others": [*common["others"], id_token, access]},
    )
    recorded(
        "django-oauth-id-tokens",
        table=id_token,
        purge="manage.py cleartokens: expires < now, unless an access token refers to it",
        # cleartokens deletes access tokens first, and this one refers to an expired ID token.
        expired=f"expires < {NOON} AND id NOT IN (SELECT id_token_id FROM {access} WHERE id_token_id IS NOT NULL)",
        **{**common, "others": [*common["others"], refresh, access]},
    )
    recorded(
        "django-oauth-grants",
        table=grant,
        purge="manage.py cleartokens: expires < now",
        expired=f"expires < {NOON}",
        **common,
    )


def make_oauth_rows(application, alice, bob):
    def made(model, label, age=7200, **values):
        with clock(-age):
            return model.objects.create(application=application, scope="read", **values)

    def ends(seconds):
        return timezone.datetime.fromtimestamp(NOW + seconds, timezone.get_default_timezone())

    id_tokens = {}
    for number, (label, seconds) in enumerate(
        [("live", 3600), ("kept", -60), ("boundary", 0), ("ended", -0.000001), ("old", -86400)], 1
    ):
        id_tokens[label] = made(
            oauth.IDToken, label, user=alice, expires=ends(seconds), jti=hexkey(f"jti {label}")
        )
    access = {}
    for label, user, seconds, id_token in [
        ("live", alice, 3600, "live"), ("kept", alice, -60, "kept"), ("boundary", alice, 0, None),
        ("ended", bob, -0.000001, None), ("client", None, -86400.5, None), ("refreshed", bob, 3600, None),
    ]:
        access[label] = made(
            oauth.AccessToken, label, user=user, expires=ends(seconds), token=key(f"access {label}", 30),
            id_token=id_tokens.get(id_token),
        )
    for label, revoked, to in [
        ("live", None, "live"), ("kept", None, "kept"), ("source", -30.25, None), ("boundary", 0, None),
        ("later", 0.000001, None), ("orphan", None, None),
    ]:
        token = oauth.RefreshToken(
            user=alice, application=application, token=key(f"refresh {label}", 30),
            token_family=hexkey(f"family {label}"), access_token=access.get(to),
            revoked=None if revoked is None else ends(revoked),
        )
        with clock(-7200):
            token.save()
        if label == "source":
            access["refreshed"].source_refresh_token = token
            access["refreshed"].save()
    for label, seconds in [("live", 30.5), ("boundary", 0), ("ended", -0.25), ("old", -86400)]:
        made(
            oauth.Grant, label, 60, user=bob, expires=ends(seconds), code=key(f"grant {label}", 30),
            redirect_uri="https://shop.example/cb",
        )


def json_web_tokens(alice, bob):
    """Refresh tokens, some of which are revoked by an entry in the blacklist."""
    for label, user, seconds in [
        ("live", alice, 3600), ("revoked", alice, 86400), ("boundary", alice, 0), ("ended", bob, -1),
        ("old", bob, -90 * 86400),
    ]:
        jwt.uuid4 = lambda: UUID(hexkey(f"jti {label}"))
        with clock(seconds - 86400 + (0.25 if seconds > 0 else 0)):
            token = jwt.RefreshToken.for_user(user)
            if label in ("revoked", "old"):
                token.blacklist()
    recorded(
        "django-rest-simplejwt",
        table="token_blacklist_outstandingtoken",
        id="id",
        others=["auth_user", "token_blacklist_blacklistedtoken"],
        versions=ran("djangorestframework-simplejwt", "djangorestframework", "django"),
        purge="manage.py flushexpiredtokens: expires_at <= now",
        expired=f"expires_at <= {NOON}",
        judge=lambda: call_command("flushexpiredtokens"),
    )


def cache_entries():
    call_command("createcachetable", verbosity=0)
    for label, made, timeout in [
        ("live", -60.25, 300), ("never", -86400, None), ("boundary", -300, 300), ("ended", -301, 300),
        ("old", -7 * 86400, 3600), ("half", -299.5, 300),
    ]:
        with clock(made):
            cache.set(label, {"answer": 42}, timeout)

    def judge():
        """A table with more than MAX_ENTRIES is culled when something is set."""
        cache.set("new", 1)

    recorded(
        "django-cache",
        table="django_cache",
        id="cache_key",
        parameters="timezone=UTC",
        versions=ran("django"),
        purge="when an entry is set and there are more than MAX_ENTRIES: expires < now",
        expired=f"expires < {NOON}",
        judge=judge,
    )


def main():
    call_command("migrate", verbosity=0)
    alice, bob = (User.objects.create(username=name, password="!") for name in ("alice", "bob"))
    django_sessions(alice, bob)
    other_engines(alice, bob)
    local_times()
    oauth_tokens(alice, bob)
    knox_tokens(alice, bob)
    rest_framework_tokens(alice, bob)
    json_web_tokens(alice, bob)
    cache_entries()


with clock(-400 * 86400):
    main()
