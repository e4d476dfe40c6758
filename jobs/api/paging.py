"""Pages of a list: a cursor says after which row to go on."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

DEFAULT_LIMIT = 20
MAX_LIMIT = 100


class Page(Schema):
    """Newest first."""

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    cursor: UUID | None = Field(default=None, description="From the `next` of the page before.")

    async def of(self, request: HttpRequest, rows: Any) -> tuple[list[Any], str | None]:
        """The page's rows, and the address of the next page if there is one."""
        older = rows.filter(id__lt=self.cursor) if self.cursor else rows
        found = [row async for row in older.order_by("-id")[: self.limit + 1]]
        page = found[: self.limit]
        return page, next_url(request, cursor=page[-1].id) if len(found) > len(page) else None


def next_url(request: HttpRequest, **changes: Any) -> str:
    """This request's own address with other query parameters, without host: the caller knows that better."""
    query = {name: request.GET.getlist(name) for name in request.GET} | changes
    return f"{request.path}?{urlencode(query, doseq=True)}"


def link_header(url: str | None) -> dict[str, str]:
    """RFC 8288; none on the last page."""
    return {"Link": f'<{url}>; rel="next"'} if url else {}
