"""The next run of schedules, by looking at each minute of time in turn.

Reads lines of zone, Unix time and schedule, separated by tabs, and prints the
first run after the time of each line. Written from the rule and on the
system's own time zone data, to be compared with the program.
"""

import sys
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
NAMES = "mon tue wed thu fri sat sun".split()


@lru_cache(maxsize=None)
def wall(zone, time):
    """What the clock shows, without its zone."""
    return datetime.fromtimestamp(time, ZoneInfo(zone)).replace(tzinfo=None)


def value(text):
    return NAMES.index(text.lower()) + 1 if text.lower() in NAMES else int(text)


def values(text, first, last):
    found = set()
    for item in text.split(","):
        base, _, step = item.partition("/")
        low, _, high = (f"{first}-{last}" if base == "*" else base).partition("-")
        low, high = value(low), value(high or low)
        row = list(range(low, high + 1))
        if low > high:
            row = list(range(low, last + 1)) + list(range(first, high + 1))
        found.update(row[:: int(step or 1)])
    return found


def next_run(zone, after, spec):
    minute, hour, weekday = spec.split()
    minutes, hours = values(minute, 0, 59), values(hour, 0, 23)
    weekdays = values(weekday, 1, 7)

    def due(shown):
        return (
            shown.minute in minutes
            and shown.hour in hours
            and shown.isoweekday() in weekdays
        )

    # A repeated time is known as such only to one who saw it the first time.
    time = after // 60 * 60 - 30 * 3600
    seen, before = set(), wall(zone, time - 60)
    while True:
        here = wall(zone, time)
        if hour == "*":
            run = due(here)
        else:
            run = due(here) and here not in seen
            skipped = before + MINUTE
            while skipped < here:
                exists = skipped.date() in (before.date(), here.date())
                run = run or (due(skipped) and exists)
                skipped += MINUTE
        if run and time > after:
            return time
        seen.add(here)
        before, time = here, time + 60


for line in sys.stdin:
    zone, after, spec = line.rstrip("\n").split("\t")
    print(next_run(zone, int(after), spec))
