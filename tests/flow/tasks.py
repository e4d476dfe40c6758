"""Found by Django's autodiscovery in the processes that a test starts."""

from tests.effect_tasks import *  # noqa: F403
from tests.sample_tasks import *  # noqa: F403
from tests.stubborn_tasks import *  # noqa: F403
