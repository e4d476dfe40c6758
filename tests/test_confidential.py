"""What a deployment's settings keep secret is in no error of a job."""

import logging
from types import SimpleNamespace

from structlog.stdlib import ProcessorFormatter

from jobs.confidential import cleaned

JOB = SimpleNamespace(args=[], kwargs={}, secrets="")


def test_the_values_of_settings_that_django_hides_are_masked(settings):
    settings.SECRET_KEY = "k" * 40
    settings.PAYMENT_API = {"url": "https://pay.example", "retries": 54321}
    settings.MAILERS = {"default": {"OPTIONS": {"host": "mail.example", "password": "mail-pw"}}}
    text = f"{'k' * 40} https://pay.example 54321 mail.example mail-pw"
    assert cleaned(text, JOB) == "*** *** *** mail.example ***"


def test_passwords_in_urls_of_settings_are_masked_wherever_they_appear(settings):
    settings.BILLING = [{"where": "redis://ada:p%40ssw0rd@host"}]
    assert cleaned("it took p@ssw0rd, or p%40ssw0rd", JOB) == "it took ***, or ***"


def test_names_of_classes_are_no_secrets_though_django_hides_them(settings):
    text = f"{settings.AUTH_USER_MODEL} {settings.AUTHENTICATION_BACKENDS[0]} {settings.PASSWORD_HASHERS[0]}"
    assert cleaned(text, JOB) == text


def test_a_line_of_the_log_tells_none_of_them(settings):
    said = f"no answer from https://ada:hunter22@pay.example with {settings.SECRET_KEY}"
    record = logging.makeLogRecord({"msg": said, "level": logging.ERROR})
    [formatter] = [
        each.formatter
        for each in logging.getLogger().handlers
        if isinstance(each.formatter, ProcessorFormatter)
    ]
    assert "no answer from https://ada:***@pay.example with ***" in formatter.format(record)
