"""What the peers that are Django apps have in common: the run's PostgreSQL, over connections that are kept."""

import os

SECRET_KEY = "only for benchmarks, where nothing is secret"  # noqa: S105
USE_TZ = True
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ.get("PGHOST", ""),
        "USER": os.environ.get("PGUSER", ""),
        "NAME": os.environ.get("PGDATABASE", "none"),
        "CONN_MAX_AGE": None,
    }
}
