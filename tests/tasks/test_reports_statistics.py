"""The numbers of a report, against the standard library's and against known values."""

import math
import random
import statistics
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.tasks.reports.charts import Chart, chart_of
from jobs.tasks.reports.columns import Column, Misfit, Numbers, Summary
from jobs.tasks.reports.figures import number_text, percent_text
from jobs.tasks.reports.kinds import Kind, date_text, parse_booleans, parse_dates, parse_numbers
from jobs.tasks.reports.moments import Moments
from jobs.tasks.reports.quantiles import SIZE, Quantiles
from jobs.tasks.reports.values import MAX_VALUE_LENGTH, Count, Values

numbers = st.floats(min_value=-1e9, max_value=1e9, allow_nan=False)
batches = st.lists(st.lists(numbers, max_size=20), max_size=10)


def column_of(cells: list[str], *, decimal: str = ".", batch: int = 1000) -> Summary:
    column = Column("c", decimal)
    for start in range(0, len(cells), batch):
        part = cells[start : start + batch]
        column.add(part, range(start + 2, start + 2 + len(part)))
    return column.summary()


def figures_of(cells: list[str]) -> Numbers:
    found = column_of(cells).numbers
    assert found is not None
    return found


def chart_for(cells: list[str]) -> Chart:
    found = chart_of(column_of(cells))
    assert found is not None
    return found


def total(chart: Chart) -> int:
    return sum(bar.count for bar in chart.bars)


# Mean and standard deviation


@given(batches)
def test_mean_and_deviation_are_those_of_the_standard_library_however_the_stream_is_cut(parts):
    moments = Moments()
    for part in parts:
        moments.add(part)
    everything = [number for part in parts for number in part]
    assert moments.count == len(everything)
    if everything:
        assert moments.mean == pytest.approx(statistics.fmean(everything), rel=1e-9, abs=1e-6)
        assert (moments.low, moments.high) == (min(everything), max(everything))
    if len(everything) > 1:
        assert moments.stddev == pytest.approx(statistics.stdev(everything), rel=1e-9, abs=1e-6)


def test_the_deviation_of_a_small_spread_round_a_large_mean_does_not_cancel():
    moments = Moments()
    moments.add([1e9 + 4, 1e9 + 7])
    moments.add([1e9 + 13, 1e9 + 16])
    assert moments.stddev == pytest.approx(math.sqrt(30), rel=1e-12)


def test_one_number_has_no_standard_deviation():
    moments = Moments()
    moments.add([3.0])
    assert moments.stddev is None


# Quartiles


@given(st.lists(numbers, min_size=2, max_size=200))
def test_quartiles_of_few_numbers_are_those_of_the_standard_library(found):
    quantiles = Quantiles()
    quantiles.add(found)
    assert quantiles.is_exact
    expected = statistics.quantiles(found, n=4, method="inclusive")
    assert quantiles.at(0.25, 0.5, 0.75) == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_quartiles_are_exact_up_to_the_size_and_say_when_they_are_not():
    quantiles = Quantiles()
    quantiles.add([float(number) for number in range(SIZE)])
    assert quantiles.is_exact
    quantiles.add([0.0])
    assert not quantiles.is_exact


@pytest.mark.parametrize("order", ["ascending", "descending", "shuffled", "interleaved"])
def test_estimated_quartiles_are_off_by_less_than_the_promised_rank(order):
    count = 300_000
    found = [float(number) for number in range(count)]
    match order:
        case "descending":
            found.reverse()
        case "shuffled":
            random.Random(7).shuffle(found)
        case "interleaved":
            found = found[::2] + found[1::2]
    quantiles = Quantiles()
    for start in range(0, count, 1000):
        quantiles.add(found[start : start + 1000])
    promised = math.log2(count / SIZE) / SIZE * count
    for share, number in zip((0.25, 0.5, 0.75), quantiles.at(0.25, 0.5, 0.75), strict=True):
        assert abs(number - share * count) <= promised
    assert sum(weight for _, weight in quantiles.weighted()) == count


# Different and most common values


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=30), max_size=10))
def test_values_within_the_capacity_are_counted_exactly(parts):
    values = Values(capacity=8)
    for part in parts:
        values.add(part)
    expected = Counter(cell for part in parts for cell in part)
    assert values.distinct == Count(len(expected), exact=True)
    assert {value: count.number for value, count in values.most_common(8)} == {
        value: count for value, count in expected.items() if count > 1
    }


@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_beyond_the_capacity_named_counts_are_true_lower_bounds_and_no_frequent_value_is_missed(seed):
    source = random.Random(seed)
    cells = [str(int(source.paretovariate(0.7))) for _ in range(5_000)]
    values = Values(capacity=200)
    for start in range(0, len(cells), 250):
        values.add(cells[start : start + 250])
    truth = Counter(cells)
    named = values.most_common(8)
    assert all(count.number <= truth[value] for value, count in named)
    assert all(not count.exact for _, count in named)
    assert truth.most_common(1)[0][0] in dict(named)


def test_the_number_of_many_different_values_is_estimated_within_five_percent_and_called_an_estimate():
    values = Values(capacity=1_000)
    for start in range(0, 200_000, 4_000):
        values.add([f"customer {number}" for number in range(start, start + 4_000)])
    assert not values.distinct.exact
    assert values.distinct.number == pytest.approx(200_000, rel=0.05)
    assert values.most_common(8) == []


def test_long_values_that_begin_alike_are_still_counted_apart():
    values = Values(capacity=100)
    values.add(["x" * MAX_VALUE_LENGTH + ending for ending in "abc"] + ["y"])
    assert values.distinct == Count(4, exact=True)


def test_the_estimate_never_exceeds_the_number_of_cells():
    summary = column_of([f"v{number}" for number in range(60_000)])
    assert summary.distinct.number <= 60_000


# Kinds


@pytest.mark.parametrize(
    "cell, number",
    [("1", 1), ("-2.5", -2.5), ("1e3", 1000), ("+7", 7), ("1,234,567.8", 1234567.8), ("0", 0), ("0.5", 0.5)],
)
def test_a_number_is_read_with_a_decimal_point(cell, number):
    assert parse_numbers([cell], ".") == ([number], [])


@pytest.mark.parametrize("cell, number", [("1,5", 1.5), ("1.234,5", 1234.5), ("1.234", 1234), ("-3", -3)])
def test_a_number_is_read_with_a_decimal_comma(cell, number):
    assert parse_numbers([cell], ",") == ([number], [])


@pytest.mark.parametrize(
    "cell",
    ["007", "01234", "-05", "1_000", "inf", "-inf", "1e999", "1e151", "-nan", "0x1F", "1,23", "12 %", "1\n2"],
)
def test_codes_and_odd_forms_are_no_numbers(cell):
    assert parse_numbers([cell], ".") == ([], [cell])


@pytest.mark.parametrize("cell", ["1.5", "1.23,4", "1\n2", "0,1,2"])
def test_odd_forms_are_no_numbers_with_a_decimal_comma(cell):
    assert parse_numbers([cell], ",") == ([], [cell])


def test_a_batch_with_one_misfit_keeps_the_rest():
    assert parse_numbers(["1", "x", "3"], ".") == ([1.0, 3.0], ["x"])


def test_dates_are_read_with_and_without_zone_and_in_the_dotted_form():
    fits, misfits = parse_dates(
        [
            "2024-02-29",
            "29.02.2024",
            "2024-02-29T12:00:00+02:00",
            "2024-02-30",
            "2/29/2024",
            "0001-01-01T00:00+14:00",
        ]
    )
    assert [date_text(number) for number in fits] == ["2024-02-29", "2024-02-29", "2024-02-29 10:00:00"]
    assert misfits == ["2024-02-30", "2/29/2024", "0001-01-01T00:00+14:00"]


def test_booleans_are_words_not_ones_and_zeros():
    assert parse_booleans(["TRUE", "no", "1"]) == ([1.0, 0.0], ["1"])


@pytest.mark.parametrize(
    "cells, kind",
    [
        (["1", "2"], Kind.NUMBER),
        (["yes", "No"], Kind.BOOLEAN),
        (["2024-01-01", ""], Kind.DATE),
        (["a", "1"], Kind.TEXT),
        (["", "NA", "null"], Kind.TEXT),
        (["01234", "98765"], Kind.TEXT),
    ],
)
def test_a_column_is_of_the_kind_of_its_cells(cells, kind):
    assert column_of(cells).kind is kind


def test_a_column_is_of_a_kind_when_ninety_five_percent_fit_and_not_one_cell_less():
    assert column_of(["1"] * 95 + ["x"] * 5).kind is Kind.NUMBER
    assert column_of(["1"] * 94 + ["x"] * 6).kind is Kind.TEXT


def test_misfits_are_counted_left_out_of_the_figures_and_the_first_named_with_its_line():
    summary = column_of(["2"] * 30 + ["n.a."] + ["4"] * 30 + ["?"], batch=10)
    assert (summary.misfits, summary.first_misfit) == (2, Misfit(32, "n.a."))
    assert summary.numbers is not None
    assert summary.numbers.mean == 3.0


def test_missing_cells_are_counted_apart_and_blanks_round_a_value_do_not_matter():
    summary = column_of([" 1 ", "", "  ", "N/A", "NaN", "null", "2"])
    assert (summary.filled, summary.missing, summary.kind) == (2, 5, Kind.NUMBER)


def test_known_figures_of_a_column():
    found = figures_of(["2", "4", "4", "4", "5", "5", "7", "9"])
    assert (found.low, found.high, found.mean) == (2, 9, 5)
    assert found.stddev == pytest.approx(2.13808993)
    assert found.quartiles == (4, 4.5, 5.5)


# Charts and text


def test_a_histogram_counts_every_number_once():
    chart = chart_for([str(number) for number in range(1, 101)])
    assert total(chart) == 100
    assert chart.note == ""


def test_whole_numbers_get_bars_of_whole_width():
    chart = chart_for(["1", "2", "3", "3"])
    assert [(bar.label, bar.count) for bar in chart.bars] == [("1", 1), ("2", 1), ("3", 2)]


@given(st.lists(st.floats(-1e150, 1e150), min_size=1, max_size=60))
def test_any_numbers_have_a_histogram_of_bounded_size(found):
    chart = chart_for([repr(number) for number in found])
    assert 1 <= len(chart.bars) <= 60
    assert chart.note or total(chart) == len(found)


@given(st.lists(st.datetimes(), min_size=1, max_size=40))
def test_any_dates_have_a_histogram_of_bounded_size(found):
    chart = chart_for([moment.isoformat() for moment in found])
    assert 1 <= len(chart.bars) <= 60


def test_a_far_outlier_does_not_flatten_the_histogram_and_the_chart_says_so():
    chart = chart_for([str(number) for number in range(200)] + ["1000000"])
    assert "middle 98 %" in chart.note
    assert max(bar.count for bar in chart.bars) < 60


def test_unique_text_has_no_chart():
    assert chart_of(column_of(["a", "b", "c"])) is None


@pytest.mark.parametrize(
    "number, text",
    [
        (0, "0"),
        (1234567, "1,234,567"),
        (1234.5, "1,234.5"),
        (0.000123456, "0.000123456"),
        (1e20, "1.000e+20"),
        (-2, "-2"),
    ],
)
def test_numbers_are_written_for_readers(number, text):
    assert number_text(number) == text


def test_a_share_never_claims_all_or_nothing_falsely():
    assert (percent_text(1, 10**6), percent_text(10**6 - 1, 10**6)) == ("< 0.1 %", "> 99.9 %")
    assert (percent_text(0, 3), percent_text(3, 3)) == ("0 %", "100 %")
