"""What can be called."""

from jobs.api.schemas.task import TasksOut
from tests.sample_tasks import add, note


async def test_exposed_tasks_are_listed_by_name_with_their_schema(ada):
    answer = await ada.get("/api/v1/tasks")
    tasks = TasksOut.model_validate(answer.json()).tasks
    names = [task.name for task in tasks]
    assert names == sorted(names)
    assert note.module_path not in names
    typed = next(task for task in tasks if task.name == "sample.typed")
    assert (typed.summary, typed.queue, typed.max_attempts, typed.timeout_seconds) == (
        "Takes arguments of several types.",
        "default",
        1,
        300,
    )
    assert typed.arguments["required"] == ["rows"]
    assert typed.arguments["properties"]["rows"]["maximum"] == 10
    assert typed.arguments["properties"]["source"]["format"] == "upload"


async def test_a_task_without_a_public_name_is_called_by_its_path(ada):
    listed = (await ada.get("/api/v1/tasks")).json()["tasks"]
    assert add.module_path in [task["name"] for task in listed]
