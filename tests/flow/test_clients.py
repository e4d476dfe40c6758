"""A server that is killed and started again while clients listen and wait."""

import asyncio

from handoff import AsyncClient, Client

SPEECH = {"text": "word " * 60, "words_per_second": 60}


async def test_a_server_s_restart_is_noticed_by_neither_face(system, start, web, ada):
    start(system.start_worker)
    with Client(system.origin, ada.token, max_pause=0.2) as blocking:
        async with AsyncClient(system.origin, ada.token, max_pause=0.2) as client:
            job = await client.submit("text.stream", SPEECH)
            listening = asyncio.create_task(asyncio.to_thread(lambda: list(blocking.events(job.id))))
            waiting = [
                asyncio.create_task(client.wait(job.id, timeout=40)),
                asyncio.create_task(asyncio.to_thread(blocking.wait, job.id)),
            ]
            heard = []
            async for event in client.events(job.id):
                heard.append(event)
                if event.kind == "chunk" and web.poll() is None:
                    web.kill()
                    web.wait()
                    await asyncio.to_thread(start, system.start_web)
            ended = await client.get(job.id)
            assert [event.seq for event in heard] == list(range(1, ended.seq + 1)), "in order, and once each"
            assert await listening == heard
            assert await asyncio.gather(*waiting) == [ended, ended]
            assert "".join(event.data["value"] for event in heard if event.kind == "chunk") == SPEECH["text"]
            assert list(blocking.jobs()) == [ended]
