"""Imported once by the fork server of child processes."""

import signal

import django


def leave_it_to_the_worker(*_: object) -> None:
    """When a service is stopped, systemd tells all of its processes. The worker lets its jobs go on for a while."""


django.setup()
# Children inherit it. What they run does not, as it would if the signal were ignored.
signal.signal(signal.SIGTERM, leave_it_to_the_worker)
