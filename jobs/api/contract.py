"""What `POST /jobs` takes, as one named schema a task: from these a client generator makes one typed model a task."""

import re
from typing import Any

from ninja.openapi.schema import REF_TEMPLATE
from pydantic.json_schema import models_json_schema

from jobs.api.schemas.submission import Submission
from jobs.arguments import MAX_DEPTH, arguments_model
from jobs.task import Task, exposed_tasks

type Schema = dict[str, Any]

#: The schema that stands for any of them.
SUBMISSION = "Submission"
#: What the models within arguments are called here, apart from those of the API.
_NESTED = "Task{model}"


def reference(name: str) -> Schema:
    return {"$ref": REF_TEMPLATE.format(model=name)}


def submission_schemas() -> dict[str, Schema]:
    """By name: a submission of each exposed task, its arguments, what these are made of, and the union of all."""
    tasks = _named(exposed_tasks().values())
    schemas = _arguments_schemas(tasks)
    for name, task in tasks.items():
        schemas[f"{name}Submission"] = _submission_schema(name, task, schemas[f"{name}Args"])
    return {**schemas, SUBMISSION: _union(tasks)}


def _named(tasks: Any) -> dict[str, Task]:
    """By a name that may be a class: "email.send" → EmailSend, and EmailSend2 for "email_send"."""
    named: dict[str, Task] = {}
    for task in tasks:
        words = re.split(r"[\W_]+", task.public_name)
        name = base = "".join(f"{word[:1].upper()}{word[1:]}" for word in words)
        number = 1
        while name in named:
            number += 1
            name = f"{base}{number}"
        named[name] = task
    return named


def _arguments_schemas(tasks: dict[str, Task]) -> dict[str, Schema]:
    models = {name: arguments_model(task) for name, task in tasks.items()}
    places, found = models_json_schema(
        [(model, "validation") for model in models.values()],
        ref_template=REF_TEMPLATE.format(model=_NESTED),
    )
    definitions = found["$defs"]
    schemas: dict[str, Schema] = {}
    for name, model in models.items():
        place = places[model, "validation"]["$ref"].rpartition("/")[2].removeprefix(_NESTED.partition("{")[0])
        schemas[f"{name}Args"] = {**definitions.pop(place), "title": f"{name}Args"}
    return {**{_NESTED.format(model=name): schema for name, schema in definitions.items()}, **schemas}


def _submission_schema(name: str, task: Task, arguments: Schema) -> Schema:
    of_any = Submission.model_json_schema()
    return {
        **of_any,
        "title": f"{name}Submission",
        "description": task.summary or task.public_name,
        "required": ["task", "args"] if arguments.get("required") else ["task"],
        "properties": {
            **of_any["properties"],
            "task": {"type": "string", "const": task.public_name},
            "args": reference(f"{name}Args"),
            "queue": _queue_schema(task, of_any["properties"]["queue"]),
        },
    }


def _queue_schema(task: Task, of_any: Schema) -> Schema:
    """Of any text, unless the backend has a list of its queues."""
    declared = sorted(task.get_backend().queues)
    return (
        {**of_any, "anyOf": [{"type": "string", "enum": declared}, {"type": "null"}]} if declared else of_any
    )


def _union(tasks: dict[str, Task]) -> Schema:
    references = {task.public_name: reference(f"{name}Submission") for name, task in tasks.items()}
    return {
        "title": SUBMISSION,
        "description": (
            "A job to be run: which members `args` has depends on the task. No text in them has a NUL character, no "
            f"whole number more than 64 bits, and nothing lies deeper than {MAX_DEPTH} levels."
        ),
        "oneOf": list(references.values()),
        "discriminator": {
            "propertyName": "task",
            "mapping": {task: schema["$ref"] for task, schema in references.items()},
        },
    }
