"""The settings of a Django application with the session engine `db`, on app.db.

DJANGO_ZONE in the environment is a time zone whose wall clock it keeps (USE_TZ = False),
and DJANGO_COOKIE_AGE how long its sessions last, in seconds.
"""

import os

ZONE = os.environ.get("DJANGO_ZONE")

SECRET_KEY = "a key of the tests"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": "app.db",
        "OPTIONS": {"timeout": 30, "transaction_mode": "IMMEDIATE"},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
if age := os.environ.get("DJANGO_COOKIE_AGE"):
    SESSION_COOKIE_AGE = int(age)
USE_TZ = ZONE is None
TIME_ZONE = ZONE or "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
