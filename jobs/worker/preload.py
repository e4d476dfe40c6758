"""Imported once by the fork server of child processes."""

import django

django.setup()
