"""`python -m project.dev.check`: would web and worker start with the source as it is now?"""

import sys
from importlib import import_module

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.utils.module_loading import import_string

if __name__ == "__main__":
    try:
        django.setup()
        call_command("check", verbosity=0)
        import_string(settings.ASGI_APPLICATION)
        import_module("worker")
    except (ImproperlyConfigured, SystemCheckError) as error:
        sys.exit(str(error))
