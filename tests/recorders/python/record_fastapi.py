# packages: fastapi-users==15.0.5 fastapi-users-db-sqlalchemy==7.0.0 sqlalchemy==2.0.58 aiosqlite==0.22.1
"""FastAPI-Users: the access tokens of its database strategy."""

import asyncio
import secrets
import uuid
from importlib.metadata import version

from fastapi_users import BaseUserManager, UUIDIDMixin
from fastapi_users.authentication.strategy.db import DatabaseStrategy
from fastapi_users.db import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from fastapi_users_db_sqlalchemy.access_token import (
    SQLAlchemyAccessTokenDatabase,
    SQLAlchemyBaseAccessTokenTableUUID,
)
from recording import clock, key, record
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

LIFETIME = 3600
ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"


class Base(DeclarativeBase):
    pass


class User(SQLAlchemyBaseUserTableUUID, Base):
    pass


class AccessToken(SQLAlchemyBaseAccessTokenTableUUID, Base):
    pass


class UserManager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    pass


engine = create_async_engine("sqlite+aiosqlite:///app.db")
open_database = async_sessionmaker(engine, expire_on_commit=False)


def strategy(database):
    return DatabaseStrategy(SQLAlchemyAccessTokenDatabase(database, AccessToken), LIFETIME)


async def make_rows():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with open_database() as database:
        users = SQLAlchemyUserDatabase(database, User)
        for name in ("alice", "bob"):
            user = await users.create(
                {"id": uuid.uuid5(uuid.NAMESPACE_DNS, name), "email": f"{name}@example.org", "hashed_password": "!"}
            )
            for label, made in [
                (f"{name} live", -60.25), (f"{name} boundary", -LIFETIME),
                (f"{name} ended", -LIFETIME - 0.000001), (f"{name} old", -30 * 86400),
            ]:
                secrets.token_urlsafe = lambda: key(label, 43, ALPHABET)
                with clock(made):
                    await strategy(database).write_token(user)
    await engine.dispose()


async def refused():
    """The tokens that no longer lead to a user. The framework itself never deletes them."""
    async with open_database() as database:
        tokens = [row.token for row in (await database.execute(AccessToken.__table__.select())).all()]
        manager = UserManager(SQLAlchemyUserDatabase(database, User))
        gone = [one for one in tokens if await strategy(database).read_token(one, manager) is None]
    await engine.dispose()
    return gone


asyncio.run(make_rows())
record(
    "fastapi-users",
    database="app.db",
    table="accesstoken",
    id="token",
    others=["user"],
    parameters="lifetime=1h",
    versions=", ".join(f"{one} {version(one)}" for one in ("fastapi-users", "fastapi-users-db-sqlalchemy")),
    purge="none: a token is accepted if created_at >= now - lifetime_seconds",
    expired="created_at < '2026-06-15 11:00:00.000000'",
    judge=lambda: asyncio.run(refused()),
)
