from jobs.models.audit import Action, AuditRecord, Via
from jobs.models.delivery import Delivery
from jobs.models.event import Event, EventKind
from jobs.models.file import File
from jobs.models.idempotency import IdempotencyKey
from jobs.models.job import Job
from jobs.models.queue import Queue
from jobs.models.synced import SyncCollection, SyncedPage, SyncedRecord, SyncRun
from jobs.models.tag import Tag
from jobs.models.token import ApiToken, Scope
from jobs.models.unique import UniqueKey
from jobs.models.webhook import WebhookDelivery, WebhookEndpoint

__all__ = [
    "Action",
    "ApiToken",
    "AuditRecord",
    "Delivery",
    "Event",
    "EventKind",
    "File",
    "IdempotencyKey",
    "Job",
    "Queue",
    "Scope",
    "SyncCollection",
    "SyncRun",
    "SyncedPage",
    "SyncedRecord",
    "Tag",
    "UniqueKey",
    "Via",
    "WebhookDelivery",
    "WebhookEndpoint",
]
