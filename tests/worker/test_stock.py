from jobs.conf import options
from jobs.worker.stock import functions


def test_arq_s_time_limit_comes_after_ours():
    """Ours records the end of an attempt; arq's would only cut it off."""
    by_name = {function.name: function for function in functions()}
    assert by_name["tests.sample_tasks.add"].timeout_s > options().timeout.total_seconds()
    assert by_name["jobs.tasks.reports.build"].timeout_s > 600


def test_arq_gives_up_on_no_job_by_itself():
    assert {function.max_tries for function in functions()} == {1_000_000}
