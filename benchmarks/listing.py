"""How long lists take with few and with very many ended jobs: `python -m benchmarks.listing [rows …]`.

The rows are made by SQL, in a PostgreSQL of its own under /var/tmp that is removed at the end. Prints for each number
of rows what they take on disk, p50 and p95 of requests to a web process, and filters' plans. One client asks, for one
thing after the other, on a connection that stays.
"""

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.api import start_web
from benchmarks.callers import ask, one_after_the_other, request
from benchmarks.launch import kill
from tests.system import free_port

#: Not /tmp, which is memory on many machines.
PARENT = Path("/var/tmp")  # noqa: S108
SIZES = (1_000, 10_000_000)
REQUESTS = 100
WARM_UP = 5

SETTINGS = {
    "max_connections": "50",
    "log_min_messages": "warning",
    "max_wal_size": "8GB",
    "maintenance_work_mem": "512MB",
    "max_parallel_maintenance_workers": "2",
}

#: One in a hundred thousand is rare in every way: its task, queue, tag and argument. Owner 1 has one in ten.
ROWS = """
    INSERT INTO jobs_job (
        id, task_path, queue_name, priority, backend, args, kwargs, owner_id, status, seq, max_attempts, secrets,
        unique_key, arq_id, enqueued_at, attempt, starts, worker_deaths, workers, errors, progress, progress_text,
        tags, traceparent, finished_at, return_value)
    SELECT
        uuidv7(age),
        CASE WHEN is_rare THEN 'bench.rare' WHEN n %% 20 = 0 THEN %(task)s ELSE 'bench.task' || n %% 20 END,
        CASE WHEN is_rare THEN 'rare' ELSE 'queue' || n %% 3 END, 0, 'default', '[]',
        jsonb_build_object(%(argument)s::text, CASE WHEN is_rare THEN -1 ELSE n %% 1000 END),
        %(owner)s + CASE WHEN n %% 10 = 0 THEN 0 ELSE 1 + n %% 999 END,
        status, 3, 1, '', '', '', now() + age, 1, 1, 0, 'worker', '[]', 1, '',
        CASE WHEN is_rare THEN '["rare"]' WHEN n %% 100 = 0 THEN '["nightly"]' ELSE '[]' END::jsonb, '',
        CASE WHEN status <> 'ready' THEN now() + age + interval '1 s' END,
        CASE WHEN status = 'successful' THEN jsonb_build_object('text', repeat(md5(n::text), 4)) END
    FROM (
        SELECT n, (n - %(rows)s) * interval '50 ms' AS age, n %% 100000 = 77 AS is_rare,
            CASE WHEN n > %(rows)s - 100 THEN 'ready' WHEN n %% 60 = 0 THEN 'failed'
                WHEN n %% 200 = 1 THEN 'cancelled' ELSE 'successful' END AS status
        FROM generate_series(1, %(rows)s::bigint) AS n
    ) AS made
"""
TAGS = """
    INSERT INTO jobs_tag (tag, job_id)
    SELECT jsonb_array_elements_text(tags), id FROM jobs_job WHERE tags <> '[]'
"""

#: A twentieth of the jobs are of a task that there is, by the argument of which they can be found.
TASK = "reports.build"

#: Of staff, but for `own`.
QUERIES = {
    "first page": "",
    "own": "",
    "successful": "status=successful",
    "failed": "status=failed",
    "cancelled, running": "status=cancelled&status=running",
    "ready": "status=ready",
    "task": "task=bench.task7",
    "rare task": "task=bench.rare",
    "queue": "queue=queue1",
    "rare queue": "queue=rare",
    "tag": "tag=nightly",
    "rare tag": "tag=rare",
    "owner": "owner=500",
    "owner, task, failed": f"owner=1&task={TASK}&status=failed",
    "time": "enqueued_before=2026-01-01T00:00:00Z",
    "argument": f"task={TASK}&args={{ARGUMENT}}",
    "counts": "counts",
}


def main() -> None:
    with ExitStack() as stack:
        from tests.servers import run_postgres

        server = stack.enter_context(run_postgres(PARENT, SETTINGS))
        for rows in [int(size) for size in sys.argv[1:]] or SIZES:
            measure(rows, server.create_database())


def measure(rows: int, url: str) -> None:
    """In a process of its own, as Django connects to one database."""
    child = os.fork()
    if child == 0:
        os.environ |= {
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "project.settings",
            "SECRET_KEY": "x" * 50,
        }
        os.environ |= {"REDIS_URL": "redis://127.0.0.1:1", "LOG_LEVEL": "ERROR"}
        try:
            _measure(rows)
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.waitpid(child, 0)


def _measure(rows: int) -> None:
    import django

    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    User.objects.bulk_create(
        User(id=id_, username=f"user{id_}", is_staff=id_ == 1000) for id_ in range(1, 1001)
    )
    seconds = fill(connection, rows)
    size = run_sql(
        connection,
        "SELECT pg_size_pretty(pg_total_relation_size('jobs_job') + pg_total_relation_size('jobs_tag'))",
    )
    print(f"\n{rows:,} rows: {size[0][0]}, made in {seconds:.0f} s")
    asyncio.run(requests(*tokens()))
    plans(connection)


def fill(connection: Any, rows: int, first_owner: int = 1) -> float:
    """Without the indexes, which are then made anew: several times as fast."""
    from jobs.arguments import parameter_names
    from jobs.task import find_exposed_task

    task = find_exposed_task(TASK)
    begin = time.monotonic()
    with _without_indexes(connection), connection.cursor() as cursor:
        cursor.execute(
            ROWS,
            {
                "rows": rows,
                "owner": first_owner,
                "task": task.module_path,
                "argument": parameter_names(task)[0],
            },
        )
        cursor.execute(TAGS)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) jobs_job")
        cursor.execute("VACUUM (ANALYZE) jobs_tag")
    return time.monotonic() - begin


@contextmanager
def _without_indexes(connection: Any) -> Iterator[None]:
    found = run_sql(
        connection,
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'jobs_job' AND indexname LIKE 'job\\_%'",
    )
    for name, _ in found:
        if name != "job_of_arq_once":
            run_sql(connection, f'DROP INDEX "{name}"')
    yield
    for name, definition in found:
        if name != "job_of_arq_once":
            run_sql(connection, definition)


def run_sql(connection: Any, statement: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


def tokens() -> tuple[str, str, list[str]]:
    """Of staff, of a user with a tenth of the jobs; and some jobs' addresses."""
    from django.contrib.auth.models import User

    from jobs.models import ApiToken, Job, Scope

    made = [
        ApiToken.issue(owner=User.objects.get(id=id_), name="bench", scopes=[Scope.ADMIN])[1]
        for id_ in (1000, 1)
    ]
    some = Job.objects.order_by("id").values_list("id", flat=True)[:: max(1, Job.objects.count() // 100)][
        :100
    ]
    return made[0], made[1], [f"/api/v1/jobs/{id_}" for id_ in some]


async def requests(staff: str, owner: str, jobs: list[str]) -> None:
    port = free_port()
    web = start_web({**os.environ}, port)
    try:
        await show("one job", port, staff, jobs)
        for name, query in QUERIES.items():
            asked = query.replace("{ARGUMENT}", quote(argument()))
            path = "/api/v1/jobs/counts" if query == "counts" else f"/api/v1/jobs?{asked}"
            await show(name, port, owner if name == "own" else staff, [path])
    finally:
        kill(web)


async def show(name: str, port: int, token: str, paths: list[str]) -> None:
    asked = [request("GET", path, token) for path in paths]
    await one_after_the_other(port, islice(cycle(asked), WARM_UP))
    answers = await one_after_the_other(port, islice(cycle(asked), REQUESTS))
    assert set(answers.statuses) == {200}, answers.statuses
    taken = [1000 * seconds for seconds in answers.latencies]
    found = await ask(port, asked[0])
    jobs = f"{len(found['jobs'])} jobs" if "jobs" in found else ""
    p95 = statistics.quantiles(taken, n=20)[-1]
    print(f"  {name:24} p50 {statistics.median(taken):6.1f} ms   p95 {p95:6.1f} ms   {jobs}")


def plans(connection: Any) -> None:
    from django.contrib.auth.models import User
    from django.http import QueryDict

    from jobs.access import Access
    from jobs.api.listing import Filter
    from jobs.models import Scope

    staff = Access(user=User.objects.get(id=1000), scopes=frozenset(Scope.values))
    for name, query in QUERIES.items():
        if name in {"own", "counts"}:
            continue
        asked: Any = QueryDict(query.replace("{ARGUMENT}", argument()))
        values = {key: asked.getlist(key) if key == "status" else asked[key] for key in asked}
        print(f"  {name}:")
        for plan in explain(connection, partial(Filter(**values).search(staff).page, 20)):
            print("    " + plan.replace("\n", "\n    "))


def explain(connection: Any, run: Callable[[], object], how: str = "") -> list[str]:
    """The plan of each statement on jobs that it makes. `how`: options of EXPLAIN, in brackets."""
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        run()
    statements = [query["sql"] for query in captured if "jobs_job" in query["sql"]]
    return [
        "\n".join(line for (line,) in run_sql(connection, f"EXPLAIN {how} {each}")) for each in statements
    ]


def argument() -> str:
    from jobs.arguments import parameter_names
    from jobs.task import find_exposed_task

    return json.dumps({parameter_names(find_exposed_task(TASK))[0]: 500})


if __name__ == "__main__":
    main()
