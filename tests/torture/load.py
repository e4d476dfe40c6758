"""Run in a process of the system: waits until every job has ended, then prints each one's owner and events, as JSON."""

import json
import sys
from collections import defaultdict
from typing import Any

import django

django.setup()

from jobs.events.shapes import event_json  # noqa: E402
from jobs.models import Event, Job  # noqa: E402
from tests.chaos.load import wait_for_the_end  # noqa: E402

if __name__ == "__main__":
    wait_for_the_end(float(sys.argv[1]))
    events: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in Event.objects.order_by("job_id", "seq").iterator():
        events[str(event.job_id)].append(event_json(event))
    jobs = Job.objects.values_list("id", "owner_id").iterator()
    held = [
        {"id": str(job_id), "owner": owner_id, "events": events[str(job_id)]} for job_id, owner_id in jobs
    ]
    sys.stdout.write(json.dumps(held))
