from dataclasses import replace

import pytest

from benchmarks import contenders, docs, report
from benchmarks.metrics import Metric, p99
from benchmarks.results import Results

OURS, PEER, OTHER = contenders.ALL[0], contenders.ALL[-1], contenders.ALL[-2]
RATE = Metric("throughput", "no-op jobs")
DELAY = Metric("pickup", "pick-up", more_is_better=False, digits=1)


@pytest.fixture
def results() -> Results:
    made = Results()
    for rate in (8_000.0, 1.0, 9_000.0):
        made.add(OURS, {"throughput": [rate]})
    made.add(OURS, {"pickup": [2.0, 4.0]})
    made.add(PEER, {"throughput": [400.0], "pickup": [1.5]})
    return made


def test_a_value_is_the_median_of_all_rounds(results):
    assert results.value(OURS, RATE) == 8_000
    assert results.value(OURS, DELAY) == 3
    assert results.value(PEER, Metric("sleeps", "")) is None


def test_a_ratio_says_how_many_times_better_we_are_whichever_way_better_is(results):
    assert results.ratio(PEER, OURS, RATE) == 20
    assert results.ratio(PEER, OURS, DELAY) == 0.5
    assert results.ratio(OTHER, OURS, RATE) is None


def test_the_99th_percentile_of_one_sample_is_that_sample():
    assert p99([7.0]) == 7
    assert p99([float(n) for n in range(1, 102)]) == pytest.approx(100)


def test_a_table_shows_only_what_was_measured(results):
    text = report.markdown(results, [OURS, OTHER, PEER], "A machine.")

    assert f"| {PEER.title} | 400 (20×) |  |" in text
    assert OTHER.title not in text
    assert "Enqueueing" not in text


def test_a_peer_that_is_ahead_is_said_to_be(results):
    text = report.markdown(results, [OURS, PEER], "A machine.")

    assert f"- {PEER.title}: pick-up p50 2.0×" in text


def test_less_than_a_quarter_is_no_difference(results):
    results.add(OTHER, {"pickup": [2.5, 3.9]})

    assert f"- {OTHER.title}:" not in report.markdown(results, [OURS, OTHER], "A machine.")


def test_plain_coroutines_are_compared_with_arq():
    rivals = [each for each in contenders.ALL if each.name in contenders.WITHOUT_ROWS]
    results = Results()
    for rival, rate in zip(rivals, (20_000.0, 1_600.0), strict=True):
        results.add(rival, {"throughput": [rate]})

    text = report.markdown(results, rivals, "A machine.")

    assert "plain arq coroutines: 12× the no-op jobs/s of arq, polling at 10 ms, uvloop." in text


def test_what_failed_is_told(results):
    results.fail(PEER, "sleeps", ValueError("it fell asleep"))

    assert "sleeps is missing, and what comes after it: it fell asleep" in report.markdown(
        results, [OURS], ""
    )


@pytest.mark.parametrize(
    "ratio, text", [(34.2, "34×"), (3.44, "3.4×"), (0.344, "0.34×"), (1_234.5, "1,234×")]
)
def test_a_ratio_has_as_many_digits_as_mean_something(ratio, text):
    assert report.times(ratio) == text


def test_the_page_has_a_place_for_the_tables_and_keeps_the_rest():
    page = docs.PAGE.read_text()

    once = docs.filled(page, "the tables of old")
    twice = docs.filled(once, "second")

    assert "second" in twice
    assert "the tables of old" not in twice
    assert twice.partition(docs.BEGIN)[0] == page.partition(docs.BEGIN)[0]
    assert twice.partition(docs.END)[2] == page.partition(docs.END)[2]


def test_the_baseline_takes_part():
    assert contenders.BASELINE in {each.name for each in contenders.ALL}
    assert replace(OURS).is_ours
    assert not PEER.is_ours
