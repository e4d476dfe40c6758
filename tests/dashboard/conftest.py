"""Users at their browsers; Django's test client stands for the browser."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import AsyncClient

from tests.planted import UNASKED, UNASKED_COOKIES


class Visitor:
    def __init__(self, user: User) -> None:
        self.user = user
        self.client = AsyncClient(headers=UNASKED)
        self.client.cookies.load(UNASKED_COOKIES)
        self.client.force_login(user)

    async def get(self, path: str, **data: Any) -> Any:
        return await self.client.get(path, data)

    async def submit(self, task: str, **inputs: Any) -> Any:
        """Sends the form of a task: `args__rows=1` stands for the input `args.rows`."""
        named = {name.replace("__", "."): value for name, value in inputs.items()}
        return await self.client.post("/", {"task": task, **named})


@pytest.fixture
def ada(transactional_db: None) -> Visitor:
    return Visitor(User.objects.create_user("ada"))


@pytest.fixture
def eve(transactional_db: None) -> Visitor:
    return Visitor(User.objects.create_user("eve"))


@pytest.fixture
def staff(transactional_db: None) -> Visitor:
    return Visitor(User.objects.create_user("grace", is_staff=True))
