"""The settings of a Django application with the session engine `db`, on app.db.

DJANGO_ZONE in the environment is a time zone whose wall clock it keeps (USE_TZ = False).
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
USE_TZ = ZONE is None
TIME_ZONE = ZONE or "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
