"""System checks of what the backend's own check does not see."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register


@register()
def check_channel_layer(**_: Any) -> list[CheckMessage]:
    """Other layers drop or hold back messages in ways that the live stream is not built for."""
    layer = getattr(settings, "CHANNEL_LAYERS", {}).get("default", {}).get("BACKEND", "")
    if layer.endswith("RedisPubSubChannelLayer"):
        return []
    hint = "Set CHANNEL_LAYERS['default']['BACKEND'] to 'channels_redis.pubsub.RedisPubSubChannelLayer'."
    return [
        Warning(
            f"Live events are made for RedisPubSubChannelLayer, got {layer!r}.", hint=hint, id="jobs.W001"
        )
    ]
