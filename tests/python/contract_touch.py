"""A touch in SQL and `sessctl touch`, on copies of one table.

The rows are written around the present second, but the command reads the clock itself,
once for each of its transactions. Sessions that are always renewed tell at which second it
was: they lie everywhere between the others in the order of the ids, in which the command
touches them. Where two neighbors of a session tell of different seconds, it may have been
touched at any of these.
"""

import bisect
import itertools
import json
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


def clocks(rows):
    """The tokens of sessions that tell the time, one for each fifty rows."""
    return [f"clock {number}" for number in range(len(rows) // 50)]


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


class Moments:
    """When the command has touched each session, as far as that is known."""

    def __init__(self, told, begun, ended):
        self.ids = [id for id, _ in told]
        self.seconds = [begun, *(second for _, second in told), ended]

    def of(self, token):
        place = bisect.bisect_left(self.ids, id_of(token))
        # The session of the place itself, or the first one behind the token's.
        first, last = self.seconds[place], self.seconds[place + 1]
        assert first <= last, (first, last)
        return range(first, last + 1)


def touch_all():
    """Touches by the command; answers the rows as they were, what it said, and when."""
    sessctl("init")
    now = int(time.time())
    rows = list(cases(now))
    told = clocks(rows)
    rows.extend((token, "endless", now - 900, now - 900, None, None, None, None) for token in told)
    source = write(rows, "app.db")
    for name in ("polite.db", "bare.db"):
        copy = sqlite3.connect(name)
        source.backup(copy)
        copy.close()
    source.close()
    tokens = [row[0] for row in rows]
    with open("tokens", "w", encoding="utf-8") as file:
        file.write("\n".join([*tokens, "nobody's"]) + "\n")
    begun = int(time.time())
    answers = touch_by_command()
    ended = int(time.time())
    used = {row[0]: row[5] for row in Application("app.db").rows()}
    told = sorted((id_of(token), used[id_of(token)]) for token in told)
    return rows, answers, Moments(told, begun, ended)


def moment_of(token, rule, answer, moments):
    """The moment at which a touch in SQL does what the command has done; the session is
    touched. None: there is no such moment."""
    for moment in moments:
        polite.connection.execute("SAVEPOINT touch")
        said = polite.polite_touch(token, moment, rule)
        if (said, polite.look(token)) == (answer, app.look(token)):
            polite.connection.execute("RELEASE touch")
            return moment
        polite.connection.execute("ROLLBACK TO touch")
        polite.connection.execute("RELEASE touch")
    return None


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
rows, answers, moments = touch_all()

app, polite, bare = (Application(name) for name in ("app.db", "polite.db", "bare.db"))
now = moments.seconds[-1]
same(answers.pop(), "unknown", "a token that nobody has")
same(polite.polite_touch("nobody's", now), "unknown", "a token that nobody has")
same(len(answers), len(rows), "answers")
served = ("renewed", "unchanged")
for application in (polite, bare):
    application.connection.execute("BEGIN IMMEDIATE")
for (token, task, *row), answer in zip(rows, answers):
    rule = TASKS[task]
    case = (task, *row, moments.of(token))
    moment = moment_of(token, rule, answer, moments.of(token))
    assert moment is not None, f"{case}: the command says {answer!r}, and left {app.look(token)}"
    same(bare.touch(token, moment, rule), answer in served, case)
    if answer not in served:
        same(bare.refusal(bare.look(token), moment, rule), answer, case)
for application in (polite, bare):
    application.connection.execute("COMMIT")
kinds = {answer: answers.count(answer) for answer in sorted(set(answers))}
same(
    list(kinds),
    ["abandoned", "closed", "cycled", "expired", "lifetime", "renewed", "unchanged"],
    "kinds of answers",
)
same(polite.rows().fetchall(), app.rows().fetchall(), "the tables")

# The same with close: who was live is closed, and everybody else as they were.
for (token, *_), answer in zip(rows, touch_by_command("close")):
    was = polite.look(token)
    closed = polite.close(token, now)
    same(closed, was["end_reason"] is None, token)
    same(answer, polite.look(token)["end_reason"], token)

print(f"{len(rows)} sessions touched: {kinds}")
