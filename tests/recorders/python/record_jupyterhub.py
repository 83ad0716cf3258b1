# packages: jupyterhub==6.1.1 sqlalchemy==2.1.9
"""JupyterHub: its tokens, authorization codes and shares."""

from importlib.metadata import version
from types import SimpleNamespace

from jupyterhub import orm, utils
from recording import clock, hexkey, key, record

# The salts of hashed tokens are the same in each recording.
utils.secrets = SimpleNamespace(token_bytes=lambda count: key("salt", count).encode())
db = orm.new_session_factory("sqlite:///app.db")()
TIMES = [
    ("live", -60.25, 3600), ("boundary", -3600, 3600), ("ended", -3600.5, 3600),
    ("old", -30 * 86400, 86400),
]
NOON = "'2026-06-15 12:00:00.000000'"


def add(row):
    db.add(row)
    db.commit()
    return row


def make_rows():
    with clock(-90 * 86400):
        client = add(orm.OAuthClient(identifier="jupyterhub", description="JupyterHub", secret="-"))
        alice, bob = (add(orm.User(name=name, cookie_id=hexkey(name))) for name in ("alice", "bob"))
        service = add(orm.Service(name="cull-idle"))
        lab = add(orm.Spawner(name="", user=alice))
        other = add(orm.Spawner(name="other", user=alice))
        orm.APIToken.new(hexkey("never"), service=service, scopes=[], note="a service")
        orm.APIToken.new(hexkey("user"), user=alice, scopes=[], note="by hand")
    for label, made, lifetime in TIMES:
        with clock(made):
            orm.APIToken.new(
                hexkey(label), user=alice if label != "old" else bob, scopes=[], expires_in=lifetime,
                session_id=hexkey(f"session {label}"), note="Server at /user/alice/",
            )
    for label, ends in [("live", 300), ("boundary", 0), ("ended", -1), ("old", -86400)]:
        with clock(ends - 300):
            add(orm.OAuthCode(
                client=client, code=key(label, 30), user=bob, expires_at=int(orm.OAuthCode.now() + 300),
                redirect_uri="/user/bob/oauth_callback", session_id=hexkey(f"session {label}"),
            ))
    for (label, made, _), spawner, to in zip(TIMES, [lab, other, lab, other], [bob, bob, alice, alice]):
        with clock(made):
            scopes = [f"access:servers!server={spawner.user.name}/{spawner.name}"]
            row = add(orm.ShareCode(owner=alice, spawner=spawner, scopes=scopes))
            row.token, row.expires_at = key(label, 43), orm.utcnow() + orm.timedelta(seconds=3600)
            share = add(orm.Share(owner=alice, spawner=spawner, user=to, scopes=scopes))
            if label != "old":
                share.expires_at = orm.utcnow() + orm.timedelta(seconds=3600)
            db.commit()


def recorded(name, model, others, expired):
    def judge():
        model.purge_expired(db)
        db.close()
        db.get_bind().dispose()

    db.close()
    db.get_bind().dispose()
    record(
        name,
        database="app.db",
        table=model.__tablename__,
        id="id",
        others=others,
        versions=f"JupyterHub {version('jupyterhub')}",
        purge="at start and hourly: expires_at < now, and never without an expires_at",
        expired=expired,
        judge=judge,
    )


make_rows()
owners = ["users", "oauth_clients"]
recorded("jupyterhub", orm.APIToken, [*owners, "services"], f"expires_at < {NOON}")
recorded("jupyterhub-oauth-codes", orm.OAuthCode, owners, "expires_at < 1781524800")
servers = ["users", "groups", "spawners"]
recorded("jupyterhub-shares", orm.Share, servers, f"expires_at < {NOON}")
recorded("jupyterhub-share-codes", orm.ShareCode, servers, f"expires_at < {NOON}")
