"""Django's settings; what a deployment changes comes from the environment (env.py)."""

import os
import sys

import structlog
from django.utils.csp import CSP
from redis.exceptions import RedisError

from project import env as environment
from project.logs import without_request, without_secrets
from project.mail import default_mailer, default_sender

env = environment.read()

SECRET_KEY = env.secret_key
SECRET_KEY_FALLBACKS = env.secret_key_fallbacks
DEBUG = env.debug
ALLOWED_HOSTS = env.allowed_hosts
CSRF_TRUSTED_ORIGINS = env.csrf_trusted_origins
#: Sites whose pages may show a job, by a job token or a ticket.
EMBED_ORIGINS = env.embed_origins
PORT = env.port

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "servestatic",
    "django.contrib.staticfiles",
    "channels",
    "jobs",
]
MIDDLEWARE = [
    "project.health.probes",
    "project.request_id.request_ids",
    "jobs.api.cross_origin.cross_origin",
    "jobs.api.middleware.problems",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "project.urls"
ASGI_APPLICATION = "project.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "DIRS": [
            environment.ROOT / "jobs" / "dashboard" / "templates",
            environment.ROOT / "project" / "dev" / "templates",
        ],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.csp",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {"default": env.database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            "hosts": [
                {
                    "address": env.redis_url,
                    # Without these, a connection that died silently would hang its user for ever.
                    "socket_timeout": 5.0,
                    "socket_connect_timeout": 2.0,
                    "health_check_interval": 15.0,
                }
            ],
            "prefix": "handoff",
        },
    }
}
TASKS = {
    "default": {
        "BACKEND": "jobs.backend.ArqBackend",
        "QUEUES": ["default", "reports", "images", "email", "sync"],
        "OPTIONS": {
            "redis_url": env.redis_url,
            "worker_port": env.worker_port,
            # A developer's worker is restarted at every change; what it hands back goes on in the next.
            "grace_seconds": 5 if DEBUG else 25,
        },
    }
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = environment.STATE / "static"
STATICFILES_DIRS = [
    environment.ROOT / "jobs" / "dashboard" / "static",
    environment.ROOT / "project" / "dev" / "static",
]
MEDIA_ROOT = env.media_root
MAILERS = {"default": default_mailer(env.email_url, environment.STATE / "mail")}
DEFAULT_FROM_EMAIL = default_sender(env.email_url)
#: Hosts ("host:port") that sync.pull may reach although they are not public or not https.
SYNC_ALLOWED_HOSTS = env.sync_allowed_hosts
#: The same for webhooks.
WEBHOOK_ALLOWED_HOSTS = env.webhook_allowed_hosts
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.serves_https
SECURE_HSTS_SECONDS = 30 * 24 * 3600 if env.serves_https else 0
#: What they ask for is not ours to decide; docs/security.md says why.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
#: A script runs if our own template names it: with the nonce of that answer, and by no address alone.
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.NONCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "frame-src": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty() or "FORCE_COLOR" in os.environ)
                if env.log_format == "console"
                else structlog.processors.JSONRenderer(),
                without_secrets,
            ],
            "foreign_pre_chain": [
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.stdlib.ExtraAdder(),
                without_request,
                structlog.processors.format_exc_info,
            ],
        }
    },
    "filters": {
        "redis_is_there": {
            "()": "django.utils.log.CallbackFilter",
            "callback": lambda record: (
                not isinstance((record.exc_info or (None, None))[1], (RedisError, OSError, RuntimeError))
            ),
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.log_level},
    "loggers": {
        # Django gives it a handler of its own.
        "django": {"handlers": [], "level": env.log_level},
        # At DEBUG it tells all that a page was given.
        "django.template": {"level": "INFO"},
        # One line a job would drown all else under load.
        "django.tasks": {"level": "WARNING"},
        # While PostgreSQL is away it tells each try of each connection; whoever needs one says so itself.
        "psycopg.pool": {"level": "ERROR"},
        # While Redis is away it tells a traceback a second; RuntimeError: a connection that is just being mended.
        "channels_redis.pubsub": {"filters": ["redis_is_there"]},
        # It tells each request with its whole URL, which may hold somebody's key.
        "httpx": {"level": "WARNING"},
    },
}
