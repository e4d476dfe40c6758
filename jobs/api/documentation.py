"""The page to which each problem's `type` leads: problems.md, in a browser."""

import re
from functools import cache
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from jobs.api.problems import Kind

TEXT = Path(__file__).with_name("problems.md")
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Problems</title>
<h1>Problems</h1>
<p>{introduction}</p>
{sections}"""
SECTION = '<section id="{}">\n<h2><code>{}</code></h2>\n<p><strong>{}.</strong> {}</p>\n</section>\n'


async def problems_page(_request: HttpRequest) -> HttpResponse:
    """Every kind of problem, each under the anchor that its type names."""
    return HttpResponse(_page())


@cache
def _page() -> SafeString:
    introduction, sections = read()
    shown = ((kind.slug, kind.slug, kind.title, _html(sections[kind.slug])) for kind in Kind)
    return format_html(PAGE, introduction=_html(introduction), sections=format_html_join("", SECTION, shown))


def read() -> tuple[str, dict[str, str]]:
    """The introduction, and what is said of each kind, by its name."""
    introduction, *sections = TEXT.read_text().removeprefix("# Problems\n").split("\n## ")
    named = (section.partition("\n") for section in sections)
    return introduction, {name: text for name, _, text in named}


def _html(text: str) -> SafeString:
    """A paragraph of Markdown that has no other marks than `code`."""
    return mark_safe(re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text.strip())))  # noqa: S308  it is escaped
