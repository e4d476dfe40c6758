"""The tests' settings, with tasks to show every kind of field and of result."""

from tests.flow.settings import *  # noqa: F403
from tests.flow.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.browser"]
SERVESTATIC_USE_FINDERS = True  # nobody has collected the static files
ROOT_URLCONF = "tests.browser.urls"
