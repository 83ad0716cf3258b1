"""An application of several processes, while sessctl works on the same file.

Each process keeps its own record of what the database acknowledged. Afterwards
the table has to agree with the records.
"""

import json
import multiprocessing
import random
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor

from contract import (
    ABANDONED,
    LENIENT,
    LIFETIME_ONLY,
    Application,
    Rule,
    command,
    new_token,
    same,
    sessctl,
    stat,
)

CONFIG = """
[policy]
retention = "forever"

[policy.web]
strict = false

[policy.bin]
strict = false
retention = "0"

[policy.batch]
expire = "never"

[policy.desk]
expire = "abandoned"
"""
# Of each task: the rule of its touch, and how long ago some of its sessions
# were last used when the application writes them. Those are past their timeout,
# so a purge and a lenient touch compete for them. Sessions of batch are cycled.
HOUR = 3600
TASKS = {
    "web": (Rule(LENIENT), 12 * HOUR),
    "bin": (Rule(LENIENT), 12 * HOUR),
    "imap": (Rule(), 12 * HOUR),
    "batch": (Rule(LIFETIME_ONLY), 0),
    "desk": (Rule(ABANDONED), 12 * HOUR),
}
TIMEOUT = 6 * HOUR
PROCESSES, LEAST, ROUNDS = 4, 1000, 6


class Record:
    """What the application knows of a session of its own."""

    def __init__(self, task, used, aged):
        self.task, self.used, self.aged = task, used, aged
        self.closed_at = self.refused_for = None
        self.touched = False


def share(event):
    """Makes known to a process of the pool by what it is told to come to its end."""
    global enough
    enough = event


def serve(seed):
    """Serves requests, as one process of the application; answers its records."""
    dice, application = random.Random(seed), Application("app.db")
    records, live, requests, gone = {}, [], 0, 0
    while requests < LEAST or not enough.is_set():
        requests += 1
        now, what = int(time.time()), dice.random()
        if what < 0.3 or not live:
            task = dice.choice(list(TASKS))
            age = TASKS[task][1] if dice.random() < 0.5 else 0
            token, timeout = new_token(), dice.choice((TIMEOUT, None)) if not age else TIMEOUT
            application.open(token, task, now - age, user=f"user{seed}", idle_timeout=timeout)
            records[token] = Record(task, now - age, age > 0)
            live.append(token)
            continue
        place = dice.randrange(len(live))
        token = live[place]
        record = records[token]
        rule = TASKS[record.task][0]
        if what < 0.9:
            if application.touch(token, now, rule):
                record.used, record.touched = max(record.used, now), True
                continue
            row = application.look(token)
            record.refused_for = application.refusal(row, now, rule)
            gone += 1
        elif application.close(token, now):
            record.closed_at = now
        else:
            row = application.look(token)
            record.refused_for = row["end_reason"] if row else "unknown"
        live[place] = live[-1]
        live.pop()
    return records, requests, gone


def housekeep():
    """What an administrator, cron and an accident do meanwhile; answers whether
    there were any sessions."""
    # 3: the application is so much faster here that the log reached its limit
    purged = subprocess.run(command("purge"), check=False, capture_output=True)
    assert purged.returncode in (0, 3), (purged.returncode, purged.stderr)
    listed = sessctl("list", "-o", "jsonl")
    assert sessctl("show", "stat", "--json")
    # 5: no session of this task has been opened yet
    cycled = subprocess.run(command("cycle", "batch", "--quiet"), check=False)
    assert cycled.returncode in (0, 5), cycled.returncode
    killed = subprocess.Popen(command("purge"))
    killed.kill()
    killed.wait()
    return listed != ""


def judge(record, row):
    """Whether the row is what the record calls for, after a last purge."""
    if record.closed_at is not None:
        if record.task == "bin":
            return row is None
        return (row["ended_at"], row["end_reason"]) == (record.closed_at, "closed")
    if record.refused_for == "cycled":
        return record.task == "batch" and row["end_reason"] == "cycled"
    over = "abandoned" if record.task == "desk" else "expired"
    if record.refused_for is not None:
        # Only what nobody touched in time may be over.
        forgotten = record.aged and not record.touched
        if record.task == "bin":
            return forgotten and record.refused_for in ("unknown", over) and row is None
        return forgotten and record.refused_for == over and row["end_reason"] == over
    if record.aged and not record.touched:
        return row is None if record.task == "bin" else row["end_reason"] == over
    if record.task == "batch" and row["end_reason"] == "cycled":
        return row["last_used_at"] == record.used
    return row["end_reason"] is None and row["last_used_at"] == record.used


def main():
    with open("app.toml", "w", encoding="utf-8") as file:
        file.write(CONFIG)
    sessctl("init")
    spawn = multiprocessing.get_context("spawn")
    stop = spawn.Event()
    with ProcessPoolExecutor(PROCESSES, spawn, initializer=share, initargs=(stop,)) as pool:
        serving = [pool.submit(serve, seed) for seed in range(PROCESSES)]
        rounds = 0
        try:
            # Rounds before the first session do not count.
            while rounds < ROUNDS and not any(process.done() for process in serving):
                rounds += housekeep()
        finally:
            stop.set()
        while not all(process.done() for process in serving):
            rounds += housekeep()
        served = [process.result() for process in serving]
    sessctl("purge")

    application, opened = Application("app.db"), {task: 0 for task in TASKS}
    closed, renewed = dict(opened), 0
    for records, _, _ in served:
        for token, record in records.items():
            row = application.look(token)
            assert judge(record, row), (vars(record), row)
            opened[record.task] += 1
            closed[record.task] += record.closed_at is not None
            renewed += record.aged and record.touched
    figures = stat()
    for task in TASKS:
        same(figures[task]["opened"], opened[task], f"{task}: opened")
        same(figures[task]["ended_closed"], closed[task], f"{task}: closed")
    same(application.integrity(), [("ok",)], "integrity")
    for line in sessctl("list", "-o", "jsonl").splitlines():
        json.loads(line)
    print(
        f"{sum(requests for _, requests, _ in served)} requests beside {rounds} rounds of commands:"
        f" {sum(opened.values())} opened, {renewed} renewed past their timeout,"
        f" {sum(gone for *_, gone in served)} touches refused"
    )


if __name__ == "__main__":
    main()
