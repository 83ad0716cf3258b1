"""Who survives a purge, computed without sessctl.

Many sessions are opened, touched and closed through the contract. What becomes
of each is computed here, from the page alone, and compared with what dry runs
list, with what the purge leaves, and with the figures.

The clock goes on between writing and purging, so every row is at least an hour
away from any boundary as seen from now. The boundaries themselves, to the
second, lie around two other moments, one in the past and one in the future, and
dry runs look from there.

More purges follow, with time in between: all times in the table move into the past.
Each of them tells its moment to the second by the mark of a session that was opened
just before.
"""

import bisect
import collections
import itertools
import json
import os
import random
import subprocess
import sys
import time
from typing import NamedTuple, Optional

from contract import (
    ABANDONED,
    LENIENT,
    LIFETIME_ONLY,
    STRICT,
    Application,
    Rule,
    command,
    folded,
    id_of,
    same,
    sessctl,
    stat,
)

SESSIONS = int(os.environ.get("SESSCTL_TEST_SESSIONS", "20000"))
MINUTE, HOUR, DAY = 60, 3600, 86_400

CONFIG = """
[policy]
retention = "24h"

[policy.http]
lifetime = "8h"
retention = "0"

[policy.IMAP]
strict = false
retention = "3d"

[policy.jmap]
retention = "forever"
lifetime = "10d"

[policy.api]
expire = "never"
retention = "forever"

[policy.batch]
expire = "never"
lifetime = "36h"
retention = "90m"

[policy.bin]
strict = false
lifetime = "2d"
retention = "0"

[policy."größe"]
expire = "never"

[policy.desk]
expire = "abandoned"
abandoned = "4h"

[policy.cold]
expire = "abandoned"
strict = false
lifetime = "3d"
retention = "0"

[policy.mail]
expire = "two-pass"
retention = "2d"

[policy.short]
expire = "two-pass"
delay = "10m"
retention = "0"

[policy.slow]
expire = "two-pass"
delay = "2d"
lifetime = "5d"
strict = false
retention = "forever"
"""


class Policy(NamedTuple):
    expire: str = "timeout"
    strict: bool = True
    lifetime: Optional[int] = None
    retention: Optional[int] = DAY
    abandoned: int = 2 * HOUR
    delay: int = DAY

    def rule(self):
        forms = {"timeout": STRICT, "abandoned": ABANDONED}
        form = forms.get(self.expire, LIFETIME_ONLY) if self.strict else LENIENT
        return Rule(form, self.lifetime, self.abandoned, two_pass=self.expire == "two-pass")

    def patience(self, timeout):
        """How long a session may be unused, by its last use; None: for ever."""
        if timeout is None or self.expire in ("never", "two-pass"):
            return None
        return max(timeout, self.abandoned) if self.expire == "abandoned" else timeout

    def ripe(self):
        """How old the mark of a session is that ends."""
        return self.delay - HOUR if self.delay >= DAY else self.delay


DEFAULT = Policy()
POLICIES = {
    "http": Policy(lifetime=8 * HOUR, retention=0),
    "imap": Policy(strict=False, retention=3 * DAY),
    "jmap": Policy(lifetime=10 * DAY, retention=None),
    "api": Policy("never", retention=None),
    "batch": Policy("never", lifetime=36 * HOUR, retention=90 * MINUTE),
    "bin": Policy(strict=False, lifetime=2 * DAY, retention=0),
    "größe": Policy("never"),
    "desk": Policy("abandoned", abandoned=4 * HOUR),
    "cold": Policy("abandoned", False, lifetime=3 * DAY, retention=0),
    "mail": Policy("two-pass", retention=2 * DAY),
    "short": Policy("two-pass", retention=0, delay=10 * MINUTE),
    "slow": Policy("two-pass", False, lifetime=5 * DAY, retention=None, delay=2 * DAY),
}
# Names match without regard to the case of A to Z, and of no other letter.
TASKS = (
    "http HTTP imap Imap jmap api API batch bin Bin größe GRößE GRÖSSE pop3 im* ' 100%".split()
    + "desk Desk cold COLD mail Mail short shorT slow".split()
    + ["", "a b", "\N{RIGHT-TO-LEFT OVERRIDE}x\n", "x" * 300]
)
TIMEOUTS = (None, 0, 1, MINUTE, 30 * MINUTE, HOUR, 12 * HOUR, 7 * DAY, 253402300799)
SERVED = ("renewed", "unchanged")
USERS = (None, "alice", "bob", "O'Brien", "<carol>", "")

# What passes from one purge to the next.
STEPS = (5 * MINUTE, 7 * MINUTE, 21 * HOUR, 2 * HOUR, DAY, 3 * DAY)


class Row(NamedTuple):
    user: Optional[str]
    task: str
    client: Optional[str]
    created_at: int
    last_used_at: int
    idle_timeout: Optional[int]
    marked_at: Optional[int]
    ended_at: Optional[int]
    end_reason: Optional[str]
    agent: Optional[str] = None


def policy_of(task):
    return POLICIES.get(folded(task), DEFAULT)


def over(row, now):
    """Why a live session is over by its times of use and of opening, if it is."""
    policy = policy_of(row.task)
    patience = policy.patience(row.idle_timeout)
    if patience is not None and now - row.last_used_at > patience:
        return "abandoned" if policy.expire == "abandoned" else "expired"
    if policy.lifetime is not None and now - row.created_at > policy.lifetime:
        return "lifetime"
    return None


def last_known_use(row):
    """The later of the last use and the opening: no mark counts that is older."""
    return max(row.last_used_at, row.created_at)


def verdict(row, now):
    """What a purge at now does: action and reason; None: nothing."""
    policy = policy_of(row.task)
    if row.ended_at is not None:
        gone = policy.retention is not None and row.ended_at + policy.retention <= now
        return ("delete", "retention") if gone else None
    marked = row.marked_at is not None and row.marked_at >= last_known_use(row)
    marked = marked and policy.expire == "two-pass"
    reason = "expired" if marked and now - row.marked_at >= policy.ripe() else over(row, now)
    if reason is not None:
        return ("end and delete" if policy.retention == 0 else "end", reason)
    return ("mark", "unused") if policy.expire == "two-pass" and not marked else None


def touched(row, now):
    """What a touch that writes no more than it must answers, and the row after it."""
    policy = policy_of(row.task)
    why = row.end_reason or (over(row, now) if policy.strict else None)
    if why is not None:
        return why, row
    if row.marked_at is None and (policy.expire == "two-pass" or now <= row.last_used_at):
        return "unchanged", row
    return "renewed", row._replace(last_used_at=max(row.last_used_at, now), marked_at=None)


def boundaries(row):
    policy = policy_of(row.task)
    if row.ended_at is not None:
        return [row.ended_at + policy.retention] if policy.retention is not None else []
    patience, found = policy.patience(row.idle_timeout), []
    if patience is not None:
        found.append(row.last_used_at + patience)
    if policy.lifetime is not None:
        found.append(row.created_at + policy.lifetime)
    return found


class Plan:
    """The life of one session: what the application does, and what comes of it."""

    def __init__(self, dice, moments):
        self.task, self.timeout = dice.choice(TASKS), dice.choice(TIMEOUTS)
        self.user = dice.choice(USERS)
        self.client = dice.choice((None, f"10.0.{dice.randrange(256)}.7", "2001:db8::1"))
        self.policy = policy_of(self.task)
        self.patience = self.policy.patience(self.timeout)
        # A moment that some boundary of this session falls on, more or less.
        self.aim = dice.choice(moments) + dice.choice((-1, 0, 0, 1))
        kind = dice.choice(("any", "any", "unused", "lifetime", "kept"))
        getattr(self, kind)(dice)

    def any(self, dice):
        self.opened = self.aim - dice.randrange(40 * DAY)
        self.touches = self.some_touches(dice, self.opened, dice.choice((0, 0, 1, 2)))
        self.close(dice, dice.random() < 0.2)

    def unused(self, dice):
        """Used for the last time just so long before the aim as it may be unused."""
        patience = min(self.patience or 0, 30 * DAY)
        last = self.aim - patience
        # At the very end of that, one second later, or at any time before.
        before = dice.choice((0, patience, patience + 1, dice.randrange(patience + 1)))
        self.opened = last - before
        self.touches = [last] if before else []
        self.close(dice, False)

    def lifetime(self, dice):
        """Opened just so long before the aim as its policy's lifetime."""
        lifetime = self.policy.lifetime or HOUR
        self.opened = self.aim - lifetime
        self.touches = dice.choice(([], [self.aim], [self.opened + dice.randrange(lifetime)]))
        self.close(dice, False)

    def kept(self, dice):
        """Closed just so long before the aim as its policy's retention."""
        end = self.aim - (self.policy.retention or 0)
        self.opened = end - dice.randrange(2 * DAY)
        self.touches = self.some_touches(dice, self.opened, 1) if dice.random() < 0.5 else []
        self.touches = [at for at in self.touches if at <= end]
        self.closed = end

    def some_touches(self, dice, since, most):
        near = (self.patience or HOUR) if (self.patience or 0) < 30 * DAY else DAY
        steps = (dice.choice((0, 1, near - 1, near, near + 1)) for _ in range(most))
        touches = itertools.accumulate((max(0, step) for step in steps), initial=since)
        return list(touches)[1:]

    def close(self, dice, wanted):
        last = self.touches[-1] if self.touches else self.opened
        self.closed = last + dice.randrange(2 * HOUR) if wanted else None

    def outcome(self):
        """What each touch is answered, and the row that is left."""
        times = (self.opened, self.opened, self.timeout)
        row, answers = Row(self.user, self.task, self.client, *times, None, None, None), []
        for now in self.touches:
            answer, row = touched(row, now)
            answers.append(answer)
        if self.closed is not None:
            row = row._replace(ended_at=self.closed, end_reason="closed")
        return answers, row


def plans(dice, now):
    """Lives without end that no passing minute makes ambiguous."""
    moments = (now - 6 * HOUR, now + 6 * HOUR)
    while True:
        plan = Plan(dice, moments)
        answers, row = plan.outcome()
        # An end yet to come is one that lists of today do not show.
        if (plan.closed or 0) <= now and all(abs(boundary - now) > HOUR for boundary in boundaries(row)):
            yield plan, answers, row


def live_through(application, token, plan, answers):
    rule = plan.policy.rule()
    application.open(token, plan.task, plan.opened, plan.user, plan.client, plan.timeout)
    for at, expected in zip(plan.touches, answers):
        if rule.two_pass:
            done = application.polite_touch(token, at, rule)
        else:
            done, expected = application.touch(token, at, rule), expected in SERVED
        same(done, expected, f"touch at {at} of {vars(plan)}")
    if plan.closed is not None:
        assert application.close(token, plan.closed), vars(plan)
        assert not application.close(token, plan.closed), vars(plan)
        assert not application.touch(token, plan.closed, Rule(LENIENT)), vars(plan)


def write(application, dice, now):
    """Lets all sessions live, and answers the rows that must be there, and the tokens."""
    rows, tokens, batch = {}, {}, 500
    lives = itertools.islice(plans(dice, now), SESSIONS)
    while chunk := list(itertools.islice(lives, batch)):
        application.connection.execute("BEGIN IMMEDIATE")
        for plan, answers, row in chunk:
            token = f"{dice.getrandbits(256):064x}"
            live_through(application, token, plan, answers)
            rows[id_of(token)] = row
            tokens[id_of(token)] = token
        application.connection.execute("COMMIT")
    return dict(sorted(rows.items())), tokens


def timed(what, *arguments):
    """Runs the command with its answer in a file, and says how long it took."""
    begun = time.perf_counter()
    with open("answer", "wb") as answer:
        ran = subprocess.run(command(*arguments), stdout=answer, stderr=subprocess.PIPE)
    print(f"{what}: {time.perf_counter() - begun:.2f} s", flush=True)
    assert ran.returncode == 0, (arguments, ran.stderr)
    with open("answer", encoding="utf-8") as answer:
        for line in answer:
            yield json.loads(line)


def by_handle(ids, handle):
    """The id that a handle stands for; it must be one and no more."""
    place = bisect.bisect_left(ids, handle)
    fitting = [id for id in ids[place : place + 2] if id.startswith(handle)]
    assert len(fitting) == 1 and len(handle) >= 12, (handle, fitting)
    return fitting[0]


def check_dry_run(rows, what, now, *at):
    ids = list(rows)
    expected = {id: due for id, row in rows.items() if (due := verdict(row, now))}
    for line in timed(f"dry run {what}", "purge", "--dry-run", "-o", "jsonl", *at):
        id = by_handle(ids, line["handle"])
        found = (line["action"], line["reason"])
        wanted = expected.pop(id, None)
        if found[0] == "delete":
            # Why it ended once is no reason to delete it now.
            found = ("delete", wanted and wanted[1])
        same(found, wanted, f"dry run {what}, {rows[id]}")
    same(expected, {}, f"left out by the dry run {what}")


def check_table(application, rows):
    """The table has these rows and no others."""
    found = application.rows()
    for (id, row), actual in itertools.zip_longest(rows.items(), found, fillvalue=(None, None)):
        same((actual[0], Row(*actual[1:])), (id, row), "row")


def after_the_purge(rows, now):
    """The rows that are left, how many of each task were deleted, by the reason of
    their end, and how many sessions were marked and ended."""
    left, deleted, done = {}, collections.Counter(), collections.Counter()
    for id, row in rows.items():
        action, reason = verdict(row, now) or (None, None)
        done[action] += 1
        if action == "end":
            left[id] = row._replace(ended_at=now, end_reason=reason)
        elif action == "mark":
            left[id] = row._replace(marked_at=max(now, last_known_use(row)))
        elif action is None:
            left[id] = row
        else:
            deleted[folded(row.task), row.end_reason or reason] += 1
    live = sum(1 for row in left.values() if row.ended_at is None)
    summary = {
        "marked": done["mark"],
        "ended": done["end"] + done["end and delete"],
        "deleted": done["delete"] + done["end and delete"],
        "live": live,
        "remaining": 0,
    }
    return left, deleted, summary


def purge(application, what, rows):
    """Purges and compares the table and the summary with what they must be; answers
    the rows and how many were deleted, by task and reason."""
    canary, begun = f"before the {what}", int(time.time())
    application.open(canary, "mail", begun)
    rows[id_of(canary)] = Row(None, "mail", None, begun, begun, None, None, None, None)
    rows = dict(sorted(rows.items()))
    (summary,) = timed(what, "purge", "-o", "jsonl")
    now = application.look(canary)["marked_at"]
    assert begun <= now <= int(time.time()), (begun, now)
    left, deleted, expected = after_the_purge(rows, now)
    same({key: summary[key] for key in expected}, expected, f"summary of the {what}")
    check_table(application, left)
    print(f"{what}: {expected}")
    return left, deleted


def elapse(application, rows, by):
    """Lets time pass, as seen from the table: the clock is the machine's own."""
    times = ("created_at", "last_used_at", "marked_at", "ended_at")
    moved = ", ".join(f"{time} = {time} - {by}" for time in times)
    application.connection.execute(f"UPDATE sessions SET {moved}")
    earlier = lambda row: {time: at - by for time in times if (at := getattr(row, time))}
    return {id: row._replace(**earlier(row)) for id, row in rows.items()}


def touch_some(application, dice, rows, tokens):
    """Requests for some sessions, for a few more than once, by the page's touch that
    writes less."""
    known = [id for id in rows if id in tokens]
    answers, now = collections.Counter(), int(time.time())
    application.connection.execute("BEGIN IMMEDIATE")
    for id in dice.choices(known, k=len(known) // 4):
        expected, row = touched(rows[id], now)
        found = application.polite_touch(tokens[id], now, policy_of(row.task).rule())
        same(found, expected, f"touch at {now} of {rows[id]}")
        rows[id] = row
        answers[policy_of(row.task).expire, found] += 1
    application.connection.execute("COMMIT")
    return answers


def moments_of_marks(dice, rows):
    """Moments around which some mark makes a session end."""
    marked = sorted({
        (row.marked_at, policy_of(row.task).ripe())
        for row in rows.values()
        if row.ended_at is None and row.marked_at is not None
    })
    return [sum(mark) for mark in dice.sample(marked, min(2, len(marked)))]


def check_figures(left, deleted):
    opened = collections.Counter(folded(row.task) for row in left.values())
    for (task, _), count in deleted.items():
        opened[task] += count
    live = collections.Counter(folded(row.task) for row in left.values() if not row.end_reason)
    ended = deleted + collections.Counter(
        (folded(row.task), row.end_reason) for row in left.values() if row.end_reason
    )
    figures = stat()
    same(len(figures), len(opened), "tasks in show stat")
    for task, number in opened.items():
        shown = figures[task]
        same(shown["opened"], number, f"{task}: opened")
        not_ended = sum(shown[state] for state in ("active", "idle", "abandoned", "expired"))
        same(not_ended, live[task], f"{task}: sessions that have not ended")
        same(shown["refused"], 0, f"{task}: refused")
        gone = sum(count for (name, _), count in deleted.items() if name == task)
        same(shown["deleted"], gone, f"{task}: deleted")
        for reason in ("closed", "expired", "abandoned", "evicted", "cycled", "lifetime"):
            same(shown[f"ended_{reason}"], ended[task, reason], f"{task}: {reason}")


def check_list(left):
    ids, missing = list(left), set(left)
    for line in timed("list", "list", "-o", "jsonl"):
        id = by_handle(ids, line["handle"])
        missing.remove(id)
        row = left[id]
        same(line["end_reason"], row.end_reason, f"list, {row}")
        same(line["state"] == "ended", row.end_reason is not None, f"list, {row}")
        # A task keeps the letter case of its first use.
        same((line["task"].lower(), line["user"]), (row.task.lower(), row.user), "list")
    assert not missing, missing


def main():
    with open("app.toml", "w", encoding="utf-8") as file:
        file.write(CONFIG)
    sessctl("init")
    seed = int(os.environ.get("SESSCTL_TEST_SEED", time.time_ns()))
    print(f"SESSCTL_TEST_SESSIONS={SESSIONS} SESSCTL_TEST_SEED={seed}")
    dice, now = random.Random(seed), int(time.time())
    application = Application("app.db")
    rows, tokens = write(application, dice, now)
    same(len(rows), SESSIONS, "sessions")

    check_table(application, rows)
    for what, at in (("6 h before", now - 6 * HOUR), ("6 h after", now + 6 * HOUR)):
        check_dry_run(rows, what, at, "--at", f"{at}")
    check_dry_run(rows, "now", now)
    check_table(application, rows)

    left, deleted = purge(application, "purge", rows)
    assert int(time.time()) - now < HOUR, "so long that rows have come near their boundaries"
    check_figures(left, deleted)
    check_dry_run(left, "after the purge", int(time.time()))

    answers = collections.Counter()
    for step in STEPS:
        left = elapse(application, left, step)
        answers += touch_some(application, dice, left, tokens)
        for moment in moments_of_marks(dice, left):
            for at in (moment - 1, moment):
                check_dry_run(left, f"at {at}", at, "--at", f"{at}")
        left, gone = purge(application, f"purge after {step} s", left)
        deleted += gone
        check_figures(left, deleted)
    for case in (("two-pass", "renewed"), ("two-pass", "unchanged"), ("abandoned", "abandoned")):
        assert answers[case] > 0, (case, answers)
    check_list(left)
    same(application.integrity(), [("ok",)], "integrity")
    print(f"{len(left)} of {SESSIONS + len(STEPS) + 1} rows are left")


if __name__ == "__main__":
    sys.exit(main())
