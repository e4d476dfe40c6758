"""Joining and leaving groups while Redis does not answer."""

import asyncio

import pytest
from channels.layers import channel_layers

from jobs.live import doorbell
from jobs.live.doorbell import Doorbell
from tests.consumers.steps import until


@pytest.fixture
async def groups(monkeypatch):
    """Those of the layer; whoever joins one waits for ever."""
    layer = channel_layers["default"]._get_layer()
    really_add = layer.group_add

    async def add(group, channel):
        await really_add(group, channel)
        await asyncio.Event().wait()

    monkeypatch.setattr(layer, "group_add", add)
    return layer.groups


@pytest.fixture
async def bell(groups):
    bell = Doorbell(lambda _: None)
    yield bell
    await bell.close()
    assert groups == {}


async def test_all_who_join_wait_for_redis_together_and_not_one_after_the_other(bell, monkeypatch):
    monkeypatch.setattr(doorbell, "TIMEOUT_SECONDS", 0.2)
    async with asyncio.timeout(2):
        await asyncio.gather(*(bell.join(f"job.{number}") for number in range(50)))
    assert len(bell._missing) == 50


async def test_a_group_that_is_left_while_it_is_joined_is_left(bell, groups):
    joining = asyncio.create_task(bell.join("job.1"))
    await until(lambda: groups)
    joining.cancel()
    await bell.leave("job.1")
    assert groups == {}
