"""The page to which each problem's `type` leads."""

from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from jobs.api.problems import Kind

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Problems</title>
<h1>Problems</h1>
<p>What an answer of the type application/problem+json can be about.</p>
<dl>{kinds}</dl>
"""


async def problems_page(_request: HttpRequest) -> HttpResponse:
    """Every kind of problem, each under the anchor that its type names."""
    return HttpResponse(format_html(PAGE, kinds=_kinds()))


def _kinds() -> SafeString:
    line = '<dt id="{}"><code>{}</code></dt><dd>{} {}.</dd>\n'
    return format_html_join("", line, ((kind.slug, kind.slug, kind.status, kind.title) for kind in Kind))
