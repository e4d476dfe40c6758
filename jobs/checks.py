"""System checks of what the backend's own check does not see."""

from typing import Any

from django.conf import settings
from django.core import checks

from jobs.conf import ALIAS
from jobs.task import all_tasks


@checks.register()
def check_channel_layer(**_: Any) -> list[checks.CheckMessage]:
    """Other layers drop or hold back messages in ways that the live stream is not built for."""
    layer = getattr(settings, "CHANNEL_LAYERS", {}).get("default", {}).get("BACKEND", "")
    if layer.endswith("RedisPubSubChannelLayer"):
        return []
    hint = "Set CHANNEL_LAYERS['default']['BACKEND'] to 'channels_redis.pubsub.RedisPubSubChannelLayer'."
    return [
        checks.Warning(
            f"Live events are made for RedisPubSubChannelLayer, got {layer!r}.", hint=hint, id="jobs.W001"
        )
    ]


@checks.register()
def check_queues(**_: Any) -> list[checks.CheckMessage]:
    """To Django, no queues means any queue; but a worker has to know which ones to serve."""
    if settings.TASKS[ALIAS].get("QUEUES", True):
        return []
    sentence = f"TASKS[{ALIAS!r}]['QUEUES'] is empty; expected the names of your queues."
    hint = "Name the queues of your tasks, such as ['default'], or leave the setting out."
    return [checks.Error(sentence, hint=hint, id="jobs.E003")]


@checks.register()
def check_public_names(**_: Any) -> list[checks.CheckMessage]:
    """Callers over HTTP could reach only one of two tasks with the same name."""
    paths: dict[str, list[str]] = {}
    for task in all_tasks():
        if task.expose:
            paths.setdefault(task.public_name, []).append(task.module_path)
    hint = "Give each task a name of its own in `expose`."
    return [
        checks.Error(
            f"Exposed under one name, {name!r}: {' and '.join(sorted(same))}.", hint=hint, id="jobs.E004"
        )
        for name, same in paths.items()
        if len(same) > 1
    ]
