"""A touch in SQL and `sessctl touch`, on copies of one table.

The command reads the clock itself, so the rows are written around the present
second, and what it did counts if it was still in that second: sessions that are
always renewed, the first and the last that it touches, tell. If it was not, all
is done again with the next second.
"""

import itertools
import json
import os
import sqlite3
import time

import contract
from contract import LENIENT, LIFETIME_ONLY, STRICT, Application, id_of, same, sessctl

CONFIG = """
[policy]
retention = "forever"

[policy.lenient]
strict = false

[policy.limited]
lifetime = "2h"

[policy.lax]
strict = false
lifetime = "2h"

[policy.endless]
expire = "never"

[policy.counted]
expire = "never"
lifetime = "2h"

[policy.steady]
touch_resolution = "60s"
"""
# Of each task: the form of its touch, its lifetime, its resolution.
TASKS = {
    "plain": (STRICT, None, 0),
    "Lenient": (LENIENT, None, 0),
    "LIMITED": (STRICT, 7200, 0),
    "lax": (LENIENT, 7200, 0),
    "endless": (LIFETIME_ONLY, None, 0),
    "counted": (LIFETIME_ONLY, 7200, 0),
    "steady": (STRICT, None, 60),
}
TIMEOUTS = (None, 0, 60, 1800)
# How far a session is past a boundary: before it, at it, behind it.
PAST = (-1, 0, 1)
DONE = "always renewed"


def cases(now):
    """Rows around every boundary: token, task, opened, last used, timeout, mark, end."""
    unused = {now - timeout - past for timeout in (0, 60, 1800) for past in PAST}
    ages = {now - 7200 - past for past in PAST} | {now - 60, now - 90_000}
    ends = ((None, None), (now - 5, "closed"), (now - 5, "cycled"))
    yield (f"first {DONE}", "endless", now - 900, now - 900, None, None, None, None)
    for number, (task, timeout, used, opened, mark, end) in enumerate(
        itertools.product(TASKS, TIMEOUTS, sorted(unused), sorted(ages), (None, now - 1), ends)
    ):
        if opened > used or (end != ends[0] and mark is not None):
            continue
        yield (f"{number}", task, opened, used, timeout, mark, *end)
    yield (f"last {DONE}", "endless", now - 900, now - 900, None, None, None, None)


def write(rows, path):
    connection = contract.connect(path)
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(
        "INSERT INTO sessions (id, user, task, created_at, last_used_at, idle_timeout, marked_at,"
        " ended_at, end_reason) VALUES (?, 'alice', ?, ?, ?, ?, ?, ?, ?)",
        [(id_of(row[0]), *row[1:]) for row in rows],
    )
    connection.execute("COMMIT")
    return connection


def attempt():
    """Touches by the command, within one second; None: it took longer."""
    for name in ("app.db", "polite.db", "bare.db"):
        if os.path.exists(name):
            os.remove(name)
    sessctl("init")
    now = int(time.time())
    rows = list(cases(now))
    source = write(rows, "app.db")
    for name in ("polite.db", "bare.db"):
        copy = sqlite3.connect(name)
        source.backup(copy)
        copy.close()
    source.close()
    tokens = [row[0] for row in rows]
    with open("tokens", "w", encoding="utf-8") as file:
        file.write("\n".join([*tokens, "nobody's"]) + "\n")
    answers = touch_by_command()
    used = {row[0]: row[5] for row in Application("app.db").rows()}
    in_time = all(used[id_of(f"{end} {DONE}")] == now for end in ("first", "last"))
    return (now, rows, answers) if in_time else None


def touch_by_command(verb="touch"):
    ran = contract.subprocess.run(
        contract.command(verb, "--token-file", "tokens", "-o", "jsonl"),
        capture_output=True,
        encoding="utf-8",
    )
    assert ran.returncode == 5, (ran.returncode, ran.stderr)
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    return [answer["reason"] or answer["outcome"] for answer in answers]


with open("app.toml", "w", encoding="utf-8") as file:
    file.write(CONFIG)
tried = next(filter(None, (attempt() for _ in range(500))))
now, rows, answers = tried

polite, bare = Application("polite.db"), Application("bare.db")
same(answers.pop(), "unknown", "a token that nobody has")
same(polite.polite_touch("nobody's", now), "unknown", "a token that nobody has")
same(len(answers), len(rows), "answers")
served = ("renewed", "unchanged")
for (token, task, *row), answer in zip(rows, answers):
    form, lifetime, resolution = TASKS[task]
    case = (task, *row, now)
    same(polite.polite_touch(token, now, form, lifetime, resolution), answer, case)
    same(bare.touch(token, now, form, lifetime), answer in served, case)
    if answer not in served:
        same(bare.refusal(bare.look(token), now, form, lifetime), answer, case)
kinds = {answer: answers.count(answer) for answer in sorted(set(answers))}
same(
    list(kinds),
    ["closed", "cycled", "expired", "lifetime", "renewed", "unchanged"],
    "kinds of answers",
)
same(polite.rows().fetchall(), Application("app.db").rows().fetchall(), "the tables")

# The same with close: who was live is closed, and everybody else as they were.
for (token, *_), answer in zip(rows, touch_by_command("close")):
    was = polite.look(token)
    closed = polite.close(token, now)
    same(closed, was["end_reason"] is None, token)
    same(answer, polite.look(token)["end_reason"], token)

print(f"{len(rows)} sessions touched: {kinds}")
