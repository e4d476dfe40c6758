"""A task's signature becomes a form."""

from typing import Any

import pytest
from django.template.loader import render_to_string
from pytest_django.asserts import assertInHTML

from jobs.dashboard.fields import Kind, fields_of
from jobs.dashboard.form import blank
from jobs.task import Task
from tests.dashboard import tasks


def kinds(task: Any) -> dict[str, Kind]:
    return {field.name: field.kind for field in fields_of(task)}


def html(task: Task) -> str:
    return render_to_string("dashboard/form.html", {"form": blank(task)})


def test_text_gets_a_line_or_an_area():
    assert kinds(tasks.words) == {
        "plain": Kind.TEXT, "greeting": Kind.TEXT, "mail": Kind.TEXT, "note": Kind.TEXTAREA,
    }  # fmt: skip


def test_a_default_stands_in_its_field():
    assertInHTML(
        '<input type="text" id="field-greeting" name="args.greeting" value="Hello">', html(tasks.words)
    )


def test_what_has_no_default_is_required():
    assertInHTML(
        '<input type="text" id="field-plain" name="args.plain" required value="">', html(tasks.words)
    )


def test_a_format_chooses_the_kind_of_input():
    assertInHTML('<input type="email" id="field-mail" name="args.mail" value="">', html(tasks.words))


def test_a_title_replaces_the_name():
    labels = [field.label for field in fields_of(tasks.words)]
    assert labels == ["Plain", "Greeting", "Mail", "A few words"]


def test_a_number_has_its_bounds_and_says_them():
    shown = html(tasks.numbers)
    assertInHTML(
        '<input type="number" inputmode="numeric" id="field-copies" name="args.copies" required '
        'aria-describedby="field-copies-help" value="" step="1" min="1" max="10">',
        shown,
    )
    assertInHTML('<p class="help" id="field-copies-help">How many. 1 to 10.</p>', shown)


def test_an_exclusive_bound_of_whole_numbers_is_the_next_inwards():
    [below] = [field for field in fields_of(tasks.numbers) if field.name == "below"]
    assert below.maximum == 9


def test_a_fraction_may_have_any_step():
    assertInHTML(
        '<input type="number" inputmode="decimal" id="field-ratio" name="args.ratio" value="0.5" step="any">',
        html(tasks.numbers),
    )


def test_few_short_options_are_all_in_sight_and_others_fold():
    assert kinds(tasks.choices) == {
        "size": Kind.SEGMENTS, "level": Kind.SEGMENTS, "separator": Kind.SEGMENTS, "colour": Kind.SEGMENTS,
        "month": Kind.SELECT, "where": Kind.SELECT, "loud": Kind.SWITCH,
    }  # fmt: skip


def test_the_default_option_is_chosen():
    shown = html(tasks.choices)
    assertInHTML('<input type="radio" name="args.level" value="2" checked>', shown)
    assertInHTML("<option value='May' selected>May</option>", shown)


def test_an_option_that_cannot_be_seen_has_a_name():
    assertInHTML("<span>Tab</span>", html(tasks.choices))


def test_an_option_that_may_be_left_out_can_be_unchosen():
    assertInHTML('<option value="" selected>–</option>', html(tasks.choices))


def test_a_switch_is_on_by_its_default():
    assertInHTML(
        '<input type="checkbox" role="switch" id="field-loud" name="args.loud" value="true" checked>',
        html(tasks.choices),
    )


def test_a_list_has_an_item_a_line_or_a_box_an_option():
    assert kinds(tasks.lists) == {"tags": Kind.LINES, "ports": Kind.LINES, "days": Kind.CHECKBOXES}
    assert "\n80\n443</textarea>" in html(tasks.lists)
    assertInHTML('<input type="checkbox" name="args.days" value="Monday" checked>', html(tasks.lists))


def test_an_upload_is_a_file_field_that_says_what_it_accepts():
    assert kinds(tasks.others)["source"] == Kind.UPLOAD
    assertInHTML(
        '<input type="file" id="field-source" name="args.source" accept="text/csv,.csv" required>',
        html(tasks.others),
    )
    assert 'enctype="multipart/form-data"' in html(tasks.others)


def test_a_list_of_uploads_takes_several_files():
    assertInHTML('<input type="file" id="field-more" name="args.more" multiple>', html(tasks.others))


@pytest.mark.parametrize("name, kind", [("when", "moment"), ("options", "json"), ("anything", "json")])
def test_other_values_are_moments_or_json(name, kind):
    assert kinds(tasks.others)[name] == kind
