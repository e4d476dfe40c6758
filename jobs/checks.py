"""System checks of what the backend's own check does not see."""

from typing import Any

from django.conf import settings
from django.core import checks


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
