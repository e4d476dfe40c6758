"""`/tasks`: what can be called."""

from typing import Any

from django.http import HttpResponse
from ninja import Router

from jobs.api.answers import gives_json, json_answer
from jobs.api.auth import SAFE_METHODS, ApiRequest, needs
from jobs.api.schemas.task import TasksOut
from jobs.arguments import arguments_schema
from jobs.conf import options
from jobs.models import Scope
from jobs.task import Task, exposed_tasks

router = Router(tags=["tasks"])
router.add_decorator(gives_json, mode="view")


@router.api_operation(list(SAFE_METHODS), "/tasks", auth=needs(Scope.READ), response=TasksOut)
async def list_tasks(request: ApiRequest) -> HttpResponse:
    """The tasks that may be called here, by name, each with the JSON Schema of its arguments."""
    return json_answer({"tasks": [task_json(task) for task in exposed_tasks().values()]})


def task_json(task: Task) -> dict[str, Any]:
    return {
        "name": task.public_name,
        "summary": task.summary,
        "queue": task.queue_name,
        "max_attempts": task.max_attempts,
        "timeout_seconds": (task.timeout or options().timeout).total_seconds(),
        "arguments": arguments_schema(task),
    }
