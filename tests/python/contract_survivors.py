"""Who survives a purge, computed without sessctl.

Many sessions are opened, touched and closed through the contract. What becomes
of each is computed here, from the page alone, and compared with what dry runs
list, with what the purge leaves, and with the figures.

The clock goes on between writing and purging, so every row is at least an hour
away from any boundary as seen from now. The boundaries themselves, to the
second, lie around two other moments, one in the past and one in the future, and
dry runs look from there.
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

from contract import (
    LENIENT,
    LIFETIME_ONLY,
    STRICT,
    Application,
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
"""

Policy = collections.namedtuple("Policy", "form, expires, lifetime, retention")
DEFAULT = Policy(STRICT, True, None, DAY)
POLICIES = {
    "http": Policy(STRICT, True, 8 * HOUR, 0),
    "imap": Policy(LENIENT, True, None, 3 * DAY),
    "jmap": Policy(STRICT, True, 10 * DAY, None),
    "api": Policy(LIFETIME_ONLY, False, None, None),
    "batch": Policy(LIFETIME_ONLY, False, 36 * HOUR, 90 * MINUTE),
    "bin": Policy(LENIENT, True, 2 * DAY, 0),
    "größe": Policy(LIFETIME_ONLY, False, None, DAY),
}
# Names match without regard to the case of A to Z, and of no other letter.
TASKS = (
    "http HTTP imap Imap jmap api API batch bin Bin größe GRößE GRÖSSE pop3 im* ' 100%".split()
    + ["", "a b", "\N{RIGHT-TO-LEFT OVERRIDE}x\n", "x" * 300]
)
TIMEOUTS = (None, 0, 1, MINUTE, 30 * MINUTE, HOUR, 12 * HOUR, 7 * DAY, 253402300799)
USERS = (None, "alice", "bob", "O'Brien", "<carol>", "")

Row = collections.namedtuple(
    "Row", "user, task, client, created_at, last_used_at, idle_timeout, ended_at, end_reason"
)


def policy_of(task):
    return POLICIES.get(folded(task), DEFAULT)


def verdict(row, now):
    """What a purge at now does: action and reason; None: nothing."""
    policy = policy_of(row.task)
    if row.ended_at is not None:
        over = policy.retention is not None and row.ended_at + policy.retention <= now
        return ("delete", "retention") if over else None
    if policy.expires and row.idle_timeout is not None and now - row.last_used_at > row.idle_timeout:
        reason = "expired"
    elif policy.lifetime is not None and now - row.created_at > policy.lifetime:
        reason = "lifetime"
    else:
        return None
    return ("end and delete" if policy.retention == 0 else "end", reason)


def boundaries(row):
    policy = policy_of(row.task)
    if row.ended_at is not None:
        return [row.ended_at + policy.retention] if policy.retention is not None else []
    found = []
    if policy.expires and row.idle_timeout is not None:
        found.append(row.last_used_at + row.idle_timeout)
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
        # A moment that some boundary of this session falls on, more or less.
        self.aim = dice.choice(moments) + dice.choice((-1, 0, 0, 1))
        kind = dice.choice(("any", "any", "unused", "lifetime", "kept"))
        getattr(self, kind)(dice)

    def any(self, dice):
        self.opened = self.aim - dice.randrange(40 * DAY)
        self.touches = self.some_touches(dice, self.opened, dice.choice((0, 0, 1, 2)))
        self.close(dice, dice.random() < 0.2)

    def unused(self, dice):
        """Used for the last time just so long before the aim as its timeout."""
        timeout = min(self.timeout or 0, 30 * DAY)
        last = self.aim - timeout
        # At the very end of its timeout, one second later, or at any time before.
        before = dice.choice((0, timeout, timeout + 1, dice.randrange(timeout + 1)))
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
        near = (self.timeout or HOUR) if (self.timeout or 0) < 30 * DAY else DAY
        steps = (dice.choice((0, 1, near - 1, near, near + 1)) for _ in range(most))
        touches = itertools.accumulate((max(0, step) for step in steps), initial=since)
        return list(touches)[1:]

    def close(self, dice, wanted):
        last = self.touches[-1] if self.touches else self.opened
        self.closed = last + dice.randrange(2 * HOUR) if wanted else None

    def outcome(self):
        """Whether each touch is granted, and the row that is left."""
        last, granted = self.opened, []
        for now in self.touches:
            in_time = self.timeout is None or now - last <= self.timeout
            young = self.policy.lifetime is None or now - self.opened <= self.policy.lifetime
            form = self.policy.form
            granted.append((in_time or form != STRICT) and (young or form == LENIENT))
            last = max(last, now) if granted[-1] else last
        reason = None if self.closed is None else "closed"
        row = (self.user, self.task, self.client, self.opened, last, self.timeout)
        return granted, Row(*row, self.closed, reason)


def plans(dice, now):
    """Lives without end that no passing minute makes ambiguous."""
    moments = (now - 6 * HOUR, now + 6 * HOUR)
    while True:
        plan = Plan(dice, moments)
        granted, row = plan.outcome()
        # An end yet to come is one that lists of today do not show.
        if (plan.closed or 0) <= now and all(abs(boundary - now) > HOUR for boundary in boundaries(row)):
            yield plan, granted, row


def live_through(application, token, plan, granted):
    application.open(token, plan.task, plan.opened, plan.user, plan.client, plan.timeout)
    for at, expected in zip(plan.touches, granted):
        done = application.touch(token, at, plan.policy.form, plan.policy.lifetime)
        same(done, expected, f"touch at {at} of {vars(plan)}")
    if plan.closed is not None:
        assert application.close(token, plan.closed), vars(plan)
        assert not application.close(token, plan.closed), vars(plan)
        assert not application.touch(token, plan.closed, LENIENT), vars(plan)


def write(application, dice, now):
    """Lets all sessions live, and answers the rows that must be there."""
    rows, batch = {}, 500
    lives = itertools.islice(plans(dice, now), SESSIONS)
    while chunk := list(itertools.islice(lives, batch)):
        application.connection.execute("BEGIN IMMEDIATE")
        for plan, granted, row in chunk:
            token = f"{dice.getrandbits(256):064x}"
            live_through(application, token, plan, granted)
            rows[id_of(token)] = row
        application.connection.execute("COMMIT")
    return dict(sorted(rows.items()))


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


def check_dry_run(ids, rows, what, now, *at):
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


def check_table(application, rows, purged):
    """The table has these rows; answers when the purge ended those that it did."""
    ends, found = set(), application.rows()
    for (id, row), actual in itertools.zip_longest(rows.items(), found, fillvalue=(None, None)):
        user, task, client, created, used, timeout, marked, ended, reason = actual[1:]
        same((actual[0], marked), (id, None), "row")
        if row.ended_at is None and row.end_reason is not None:
            ends.add(ended)
            ended = None
        same(Row(user, task, client, created, used, timeout, ended, reason), row, id)
    assert len(ends) <= 1 and all(purged[0] <= end <= purged[1] for end in ends), (ends, purged)
    return ends


def after_the_purge(rows, now):
    """The rows that are left, with `ended_at` open where the purge sets it, and
    how many of each task were deleted, by the reason of their end."""
    left, deleted = {}, collections.Counter()
    for id, row in rows.items():
        action, reason = verdict(row, now) or (None, None)
        if action == "end":
            left[id] = row._replace(end_reason=reason)
        elif action is None:
            left[id] = row
        else:
            deleted[folded(row.task), row.end_reason or reason] += 1
    return left, deleted


def check_figures(rows, left, deleted):
    opened = collections.Counter(folded(row.task) for row in rows.values())
    live = collections.Counter(folded(row.task) for row in left.values() if not row.end_reason)
    ended = deleted + collections.Counter(
        (folded(row.task), row.end_reason) for row in left.values() if row.end_reason
    )
    figures = stat()
    same(len(figures), len(opened), "tasks in show stat")
    for task, number in opened.items():
        shown = figures[task]
        same(shown["opened"], number, f"{task}: opened")
        same(shown["live"], live[task], f"{task}: live")
        same(shown["refused"], 0, f"{task}: refused")
        gone = sum(count for (name, _), count in deleted.items() if name == task)
        same(shown["deleted"], gone, f"{task}: deleted")
        for reason in ("closed", "expired", "abandoned", "evicted", "cycled", "lifetime"):
            same(shown[f"ended_{reason}"], ended[task, reason], f"{task}: {reason}")
    return sum(live.values()), sum(deleted.values())


def check_list(ids, left):
    missing = set(ids)
    for line in timed("list", "list", "-o", "jsonl"):
        id = by_handle(ids, line["handle"])
        missing.remove(id)
        row = left[id]
        same(line["end_reason"], row.end_reason, f"list, {row}")
        same(line["state"] == "ended", row.end_reason is not None, f"list, {row}")
        same((line["task"], line["user"]), (row.task, row.user), "list")
    assert not missing, missing


def main():
    with open("app.toml", "w", encoding="utf-8") as file:
        file.write(CONFIG)
    sessctl("init")
    seed = int(os.environ.get("SESSCTL_TEST_SEED", time.time_ns()))
    print(f"SESSCTL_TEST_SESSIONS={SESSIONS} SESSCTL_TEST_SEED={seed}")
    dice, now = random.Random(seed), int(time.time())
    application = Application("app.db")
    rows = write(application, dice, now)
    ids = list(rows)
    same(len(ids), SESSIONS, "sessions")

    check_table(application, rows, (now, now))
    for what, at in (("6 h before", now - 6 * HOUR), ("6 h after", now + 6 * HOUR)):
        check_dry_run(ids, rows, what, at, "--at", f"{at}")
    check_dry_run(ids, rows, "now", now)
    check_table(application, rows, (now, now))

    left, deleted = after_the_purge(rows, now)
    begun = int(time.time())
    (summary,) = timed("purge", "purge", "-o", "jsonl")
    purged = (begun, int(time.time()))
    assert purged[1] - now < HOUR, "it took so long that rows have come near their boundaries"
    ends = check_table(application, left, purged)
    live, gone = check_figures(rows, left, deleted)
    in_time = sum(1 for id, row in left.items() if row.end_reason and not rows[id].end_reason)
    discarded = sum(count for (_, reason), count in deleted.items() if reason != "closed")
    expected = {"ended": in_time + discarded, "deleted": gone, "live": live, "remaining": 0}
    same({key: summary[key] for key in expected}, expected, "summary")

    (again,) = timed("second purge", "purge", "-o", "jsonl")
    same((again["ended"], again["deleted"], again["live"]), (0, 0, live), "second purge")
    same(check_table(application, left, purged), ends, "the table after the second purge")
    check_figures(rows, left, deleted)
    check_list(list(left), left)
    same(application.integrity(), [("ok",)], "integrity")
    print(f"{summary}; {len(left)} of {len(rows)} rows are left")


if __name__ == "__main__":
    sys.exit(main())
