"""An application that knows docs/sql-contract.md and nothing else of sessctl.

The statements come from the page, by the names that it gives them. What the
other modules share with each other is here as well: how to run the command.
"""

import hashlib
import json
import secrets
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple, Optional
from urllib.parse import quote

SESSCTL = sys.argv[1]
SQL = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))

STRICT, ABANDONED, LIFETIME_ONLY, LENIENT = (
    "touch, strict",
    "touch, strict, abandoned",
    "touch, strict, lifetime only",
    "touch, lenient",
)


class Rule(NamedTuple):
    """What an application knows of the policy of a task that it serves."""

    form: str = STRICT
    lifetime: Optional[int] = None
    abandoned: int = 7200
    resolution: int = 0
    two_pass: bool = False


def new_token():
    return secrets.token_hex(32)


def id_of(token):
    return hashlib.sha256(token.encode()).hexdigest()


def connect(path):
    # The page's busy_timeout is what counts, not Python's own.
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw", uri=True, isolation_level=None, timeout=0
    )
    for line in SQL["connect"].splitlines():
        connection.execute(line).fetchall()
    assert connection.execute(SQL["version"]).fetchall() == [(1935897708, 1)]
    return connection


class Application:
    """One connection, for one thread of one process."""

    def __init__(self, path):
        self.connection = connect(path)

    def change(self, name, **values):
        """Runs a statement and answers whether it affected the row."""
        affected = self.connection.execute(SQL[name], values).rowcount
        assert affected in (0, 1), affected
        return affected == 1

    def open(self, token, task, now, user=None, client=None, idle_timeout=None):
        values = {"id": id_of(token), "task": task, "now": now, "user": user}
        opened = self.change("open", **values, client=client, idle_timeout=idle_timeout)
        assert opened, task

    def touch(self, token, now, rule=Rule()):
        spans = {"lifetime": rule.lifetime, "abandoned": rule.abandoned}
        return self.change(rule.form, id=id_of(token), now=now, **spans)

    def close(self, token, now):
        return self.change("close", id=id_of(token), now=now)

    def look(self, token):
        """The row as a dictionary; None: there is none."""
        cursor = self.connection.execute(SQL["look"], {"id": id_of(token)})
        rows = cursor.fetchall()
        names = [column[0] for column in cursor.description]
        return dict(zip(names, rows[0])) if rows else None

    @staticmethod
    def refusal(row, now, rule):
        """Why a touch of this row is refused; None: it is not."""
        if row is None:
            return "unknown"
        if row["end_reason"] is not None:
            return row["end_reason"]
        if row["idle_timeout"] is not None:
            used, timeout = row["last_used_at"], row["idle_timeout"]
            if rule.form == STRICT and used + timeout < now:
                return "expired"
            if rule.form == ABANDONED and used + max(timeout, rule.abandoned) < now:
                return "abandoned"
        if rule.form != LENIENT and rule.lifetime is not None:
            if row["created_at"] + rule.lifetime < now:
                return "lifetime"
        return None

    def polite_touch(self, token, now, rule=Rule()):
        """The touch that writes less: renewed, unchanged, or why it is refused."""
        row = self.look(token)
        why = self.refusal(row, now, rule)
        if why:
            return why
        recent = now - row["last_used_at"] <= rule.resolution
        if row["marked_at"] is None and (rule.two_pass or recent):
            return "unchanged"
        if self.touch(token, now, rule):
            return "renewed"
        # With nothing to say against it, it was used in between.
        return self.refusal(self.look(token), now, rule) or self.polite_touch(token, now, rule)

    def rows(self):
        """The whole table, in the order of the ids."""
        return self.connection.execute("SELECT * FROM sessions ORDER BY id")

    def integrity(self):
        return self.connection.execute("PRAGMA integrity_check").fetchall()


def sessctl(*arguments, stdin=None):
    """Runs the command on app.db under app.toml and answers what it wrote."""
    ran = subprocess.run(command(*arguments), input=stdin, capture_output=True, encoding="utf-8")
    assert ran.returncode == 0, (arguments, ran.returncode, ran.stderr)
    return ran.stdout


def command(*arguments):
    return [SESSCTL, "--db", "app.db", "--config", "app.toml", *arguments]


def stat():
    """The figures of each task, by its folded name."""
    return {folded(row["task"]): row for row in json.loads(sessctl("show", "stat", "--json"))}


def folded(task):
    """A task's name without the case of A to Z, which does not matter in it."""
    return "".join(c.lower() if c.isascii() else c for c in task)


def same(found, expected, what):
    assert found == expected, f"{what}: found {found!r}, expected {expected!r}"
