"""What the recorders share: the fixtures' clock, and the form of a fixture."""

import hashlib
import json
import os
import re
import sqlite3
from datetime import datetime, timedelta, timezone
from pathlib import Path

import time_machine

NOW = 1781524800
CLOCK = "2026-06-15T12:00:00Z"


def moment(seconds=0):
    """The fixtures' clock, so many seconds later."""
    return datetime.fromtimestamp(NOW, timezone.utc) + timedelta(seconds=seconds)


def clock(seconds=0):
    """A context in which the clock stands still, so many seconds after the fixtures'."""
    # A destination with a zone would change the time zone of the process, too.
    return time_machine.travel(moment(seconds).replace(tzinfo=None), tick=False)


def key(label, length=32, alphabet="abcdefghijklmnopqrstuvwxyz0123456789"):
    """Text that looks random, and is the same in each recording."""
    digest = hashlib.sha512(label.encode()).digest()
    return "".join(alphabet[byte % len(alphabet)] for byte in digest[:length])


def hexkey(label, length=32):
    return key(label, length, "0123456789abcdef")


def ids(database, table, expression):
    with sqlite3.connect(database) as connection:
        query = f'SELECT {expression} FROM "{table}" ORDER BY 1'
        return [row[0] for row in connection.execute(query)]


def dump(database, tables):
    """The schema and the rows of these tables."""
    lines = []
    with sqlite3.connect(database) as connection:
        for table in tables:
            schema = "SELECT sql FROM sqlite_schema WHERE tbl_name = ? AND sql IS NOT NULL"
            for (sql,) in connection.execute(schema + " ORDER BY rowid", [table]):
                # The facts, without what the framework's authors say about them.
                sql = re.sub(r"[ \t]*--.*|[ \t]+$", "", sql, flags=re.MULTILINE)
                lines.append(re.sub(r"\n+", "\n", sql).strip() + ";")
        for table in tables:
            names = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
            columns = ", ".join(f'"{name}"' for name in names)
            values = ", ".join(f'quote("{name}")' for name in names)
            for row in connection.execute(f'SELECT {values} FROM "{table}" ORDER BY rowid'):
                lines.append(f'INSERT INTO "{table}" ({columns}) VALUES ({", ".join(row)});')
    return lines


def record(
    name, *, database, table, id, versions, purge, expired, judge, others=(), profile=None,
    parameters=None, note=None,
):
    """Writes a fixture. `judge` lets the framework purge the database, or answers which ids it
    no longer accepts; the predicate `expired` has to select the same ones. The database is as
    before afterwards."""
    content = Path(database).read_bytes()
    before = ids(database, table, id)
    rows = dump(database, [*others, table])
    predicted = f'SELECT {id} FROM "{table}" WHERE {expired} ORDER BY 1'
    with sqlite3.connect(database) as connection:
        predicted = [row[0] for row in connection.execute(predicted)]
    with clock():
        gone = judge()
    if gone is None:
        after = ids(database, table, id)
        gone = [one for one in before if one not in after]
    Path(database).write_bytes(content)
    assert sorted(gone) == predicted, f"{name}: {sorted(gone)}, but by the predicate {predicted}"
    assert 0 < len(gone) < len(before), f"{name}: {len(gone)} of {len(before)}"
    header = {
        "profile": profile or name,
        "parameters": parameters,
        "verified": f"ran {versions}",
        "table": f"{table}  id: {id}",
        "framework purge": purge,
        "note": note,
        "fixture clock (now)": f"{CLOCK} = unix {NOW}",
        "expired predicate at that clock": expired,
        "expected expired ids": json.dumps([str(one) for one in sorted(gone)]),
    }
    lines = [f"-- {what}: {value}" for what, value in header.items() if value is not None]
    file = Path(os.environ["FIXTURES"]) / f"{name}.sql"
    file.write_text("\n".join([*lines, *rows]) + "\n")
    print(f"{file.name}: {len(gone)} of {len(before)} have expired")
