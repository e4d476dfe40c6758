"""What an app may do to its jobs."""

from uuid import UUID, uuid4

import pytest

from jobs import actions
from jobs.errors import AlreadyEnded, JobNotFound, NotEnded, NotWaiting
from tests.sample_tasks import add

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("name", [lambda result: result, lambda result: result.id, lambda r: UUID(r.id)])
def test_a_job_is_named_by_its_result_or_id(name):
    result = add.enqueue(1)
    assert actions.cancel(name(result)).status == "FAILED", "so django.tasks calls a cancelled one"
    assert actions.retry(name(result)).status == "READY"


async def test_so_it_is_in_async_code():
    result = await add.aenqueue(1)
    assert (await actions.acancel(result)).is_finished
    assert not (await actions.aretry(result)).is_finished
    assert (await actions.aprioritize(result, 100)).id == result.id
    assert not (await actions.apromote(result)).is_finished


def test_what_can_t_be_done_is_refused():
    result = add.enqueue(1)
    with pytest.raises(NotEnded):
        actions.retry(result)
    with pytest.raises(ValueError, match="Expected -100 to 100, got 101"):
        actions.prioritize(result, 101)
    actions.cancel(result)
    with pytest.raises(NotWaiting):
        actions.promote(result)
    with pytest.raises(AlreadyEnded):
        actions.cancel(result)
    for missing in (uuid4(), str(uuid4()), "no id"):
        with pytest.raises(JobNotFound):
            actions.cancel(missing)
