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
from contract import ABANDONED, LENIENT, LIFETIME_ONLY, Application, Rule, id_of, same, sessctl

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

[policy.given_up]
expire = "abandoned"
abandoned = "10m"

[policy.given_up_for_good]
expire = "abandoned"
abandoned = "10m"
lifetime = "2h"
touch_resolution = "60s"

[policy.given_up_at_once]
expire = "abandoned"
abandoned = "0s"

[policy.given_up_late]
expire = "abandoned"
abandoned = "10m"
strict = false

[policy.marked]
expire = "two-pass"

[policy.marked_and_limited]
expire = "two-pass"
delay = "0s"
lifetime = "2h"
touch_resolution = "60s"

[policy.marked_lax]
expire = "two-pass"
strict = false
lifetime = "2h"
"""
TASKS = {
    "plain": Rule(),
    "Lenient": Rule(LENIENT),
    "LIMITED": Rule(lifetime=7200),
    "lax": Rule(LENIENT, lifetime=7200),
    "endless": Rule(LIFETIME_ONLY),
    "counted": Rule(LIFETIME_ONLY, lifetime=7200),
    "steady": Rule(resolution=60),
    "given_up": Rule(ABANDONED, abandoned=600),
    "Given_Up_for_good": Rule(ABANDONED, abandoned=600, lifetime=7200, resolution=60),
    "given_up_at_once": Rule(ABANDONED, abandoned=0),
    "given_up_late": Rule(LENIENT, abandoned=600),
    "marked": Rule(LIFETIME_ONLY, two_pass=True),
    "marked_and_limited": Rule(LIFETIME_ONLY, lifetime=7200, resolution=60, two_pass=True),
    "marked_lax": Rule(LENIENT, lifetime=7200, two_pass=True),
}
# Below and above the spans for which a session must be unused to be abandoned.
TIMEOUTS = (None, 0, 60, 1800)
SPANS = (0, 60, 600, 1800)
# A mark is a second old, or as old as makes a check end the session at once.
MARKS = (1, 90_000)
# How far a session is past a boundary: before it, at it, behind it.
PAST = (-1, 0, 1)


def cases(now):
    """Rows around every boundary: token, task, opened, last used, timeout, mark, end."""
    unused = {now - span - past for span in SPANS for past in PAST}
    ages = {now - 7200 - past for past in PAST} | {now - 60, now - 90_000}
    marks = (None, *(now - age for age in MARKS))
    ends = ((None, None), (now - 5, "closed"), (now - 5, "cycled"))
    for number, (task, timeout, used, opened, mark, end) in enumerate(
        itertools.product(TASKS, TIMEOUTS, sorted(unused), sorted(ages), marks, ends)
    ):
        if opened > used or (end != ends[0] and mark is not None):
            continue
        yield (f"{number}", task, opened, used, timeout, mark, *end)


def outermost(rows):
    """Two tokens that are served before and after all those of the rows: the command
    takes them in the order of their ids."""
    ids = [id_of(row[0]) for row in rows]
    tokens = [f"outermost {number}" for number in range(20 * len(rows))]
    first, last = min(tokens, key=id_of), max(tokens, key=id_of)
    assert id_of(first) < min(ids) and id_of(last) > max(ids)
    return first, last


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
    ends = outermost(rows)
    rows.extend((token, "endless", now - 900, now - 900, None, None, None, None) for token in ends)
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
    in_time = all(used[id_of(token)] == now for token in ends)
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
    rule = TASKS[task]
    case = (task, *row, now)
    same(polite.polite_touch(token, now, rule), answer, case)
    same(bare.touch(token, now, rule), answer in served, case)
    if answer not in served:
        same(bare.refusal(bare.look(token), now, rule), answer, case)
kinds = {answer: answers.count(answer) for answer in sorted(set(answers))}
same(
    list(kinds),
    ["abandoned", "closed", "cycled", "expired", "lifetime", "renewed", "unchanged"],
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
