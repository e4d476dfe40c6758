import pytest

from jobs.rules.arrows import ARROWS, may_follow
from jobs.status import ENDED, Status


def test_every_status_has_its_arrows():
    assert set(ARROWS) == set(Status)


@pytest.mark.parametrize("end", sorted(ENDED))
def test_an_ended_job_can_only_be_made_ready_again(end):
    assert [status for status in Status if may_follow(end, status)] == [Status.READY]


def test_nothing_ends_well_without_having_run():
    assert [status for status in Status if may_follow(status, Status.SUCCESSFUL)] == [Status.RUNNING]
