"""What one client, and one user, may have at once."""

import pytest
from django.contrib.auth.models import User

from consumers import protocol
from consumers.live import LiveConsumer
from jobs.live import hub, listener
from jobs.live.hub import TooMany
from jobs.live.listener import Listener
from jobs.live.messages import Message
from jobs.live.rate import Allowance
from tests.consumers.steps import access_of
from tests.sockets import Socket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def owner():
    return await User.objects.acreate(username="ada")


class Place:
    """A watch that only remembers whether it fell behind."""

    is_live, rests, sent, topic = True, False, None, "job:1"
    fell_behind = False

    def fall_behind(self):
        self.fell_behind = True

    def close(self):
        pass


@pytest.mark.parametrize("size, fits", [(10, 256), (32 * 1024, 32)])
async def test_what_waits_for_a_client_is_limited_in_number_and_size(size, fits):
    assert (listener.MAX_WAITING, listener.MAX_WAITING_BYTES) == (256, 1024 * 1024)
    async with Listener() as listening:
        place = listening._watches["job:1"] = Place()
        for _ in range(fits):
            listening._take(place, Message({}, "", size, 1))
        assert not place.fell_behind
        listening._take(place, Message({}, "", size, 1))
        assert place.fell_behind
        assert (len(listening._heard), listening._heard_bytes) == (0, 0)


async def test_a_user_s_sockets_are_limited_and_each_that_closes_makes_room(owner, monkeypatch):
    assert hub.MAX_LISTENERS == 1000
    monkeypatch.setattr(hub, "MAX_LISTENERS", 2)
    other = await User.objects.acreate(username="eve")
    async with Listener(access_of(owner)), Listener(access_of(other)):
        async with Listener(access_of(owner)):
            with pytest.raises(TooMany):
                await Listener(access_of(owner)).__aenter__()
            socket = Socket(LiveConsumer.as_asgi(), access=access_of(owner))
            await socket.open()
            assert await socket.close_code() == 4429
            await socket.end()
        async with Listener(access_of(owner)), Listener(), Listener():
            pass
    assert not hub.hub()._of_users


def test_a_client_may_say_so_much_at_once_and_so_much_a_second_after_it(monkeypatch):
    now = 100.0
    monkeypatch.setattr("jobs.live.rate.time.monotonic", lambda: now)
    allowance = Allowance(protocol.MAX_FRAMES, protocol.FRAMES_PER_SECOND)
    assert [allowance.take() for _ in range(protocol.MAX_FRAMES + 1)] == [True] * protocol.MAX_FRAMES + [
        False
    ]
    now += 1
    taken = [allowance.take() for _ in range(int(protocol.FRAMES_PER_SECOND) + 1)]
    assert taken == [True] * int(protocol.FRAMES_PER_SECOND) + [False]
    now += 3600
    assert sum(allowance.take() for _ in range(1000)) == protocol.MAX_FRAMES


async def test_a_socket_that_says_too_much_is_closed(owner, monkeypatch):
    monkeypatch.setattr(protocol, "MAX_FRAMES", 3)
    monkeypatch.setattr(protocol, "FRAMES_PER_SECOND", 0)
    socket = Socket(LiveConsumer.as_asgi(), access=access_of(owner))
    await socket.open()
    for _ in range(3):
        await socket.say(type="ping")
    assert [(await socket.hear())["type"] for _ in range(3)] == ["pong"] * 3
    await socket.say(type="ping")
    assert await socket.close_code() == 4429
    await socket.end()
