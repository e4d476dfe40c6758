"""Tasks that come with Handoff, each written as an app would write its own."""

from . import email, images, reports, sync, text, webhooks

__all__ = ["email", "images", "reports", "sync", "text", "webhooks"]
