"""What LiveClient makes of messages and of the ends of its sockets."""

import pytest
from playwright.async_api import WebSocketRoute

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

#: A page without a job to watch, where tests may run scripts.
QUIET = {"path": "/tokens/", "bypass_csp": True}

#: Plays messages to the listeners of a topic; answers what each has heard, and what was asked of the server.
PLAY = """
async ([after, script]) => {
  const { Topic } = await import("/static/jobs/live/topic.js");
  const asked = [];
  const topic = new Topic("job:7", ({ after }) => asked.push(after));
  const heard = after.map(() => []);
  after.forEach((each, index) => topic.join(({ type, seq }) => heard[index].push([type, seq]), each));
  await Promise.resolve();
  for (const [type, seq] of script) topic.hear({ type, seq, job_id: "7", job: { id: "7", seq } });
  return { heard, asked };
}
"""
EVENTS_1_TO_3 = [["event", seq] for seq in (1, 2, 3)]

CASES = {
    "in order": ([0], EVENTS_1_TO_3, [EVENTS_1_TO_3], [0]),
    "duplicates are dropped": (
        [1],
        [["event", 1], ["event", 2], ["event", 2], ["event", 3]],
        [[["event", 2], ["event", 3]]],
        [1],
    ),
    "a gap is asked for, once": (
        [0],
        [["event", 1], ["event", 3], ["event", 4], ["event", 2], ["event", 3]],
        [EVENTS_1_TO_3],
        [0, 1],
    ),
    "a snapshot comes first": (
        [None],
        [["event", 4], ["snapshot", 5], ["event", 5], ["event", 6]],
        [[["snapshot", 5], ["event", 6]]],
        [None],
    ),
    "who wants all hears no snapshot": (
        [None, 0],
        [["snapshot", 2], *EVENTS_1_TO_3],
        [[["snapshot", 2], ["event", 3]], EVENTS_1_TO_3],
        [None, 0],
    ),
    "a reset begins anew": ([9], [["reset", 2], ["event", 3]], [[["reset", 2], ["event", 3]]], [9]),
}

#: Follows a job by a stream that tells one message; answers what is heard of it, or that it is tried again.
STREAM = """
async (message) => {
  const { Http } = await import("/static/jobs/live/http.js");
  const api = {
    request: async () =>
      new Response(`data: ${JSON.stringify(message)}\\n\\n`, { headers: { "Content-Type": "text/event-stream" } }),
  };
  return new Promise((resolve) => {
    const http = new Http(api, { changed: (isLive) => isLive || end("tried again") });
    const end = (how) => (http.close(), resolve(how));
    http.follow({ name: "job:7", after: 0, hear: ({ code }) => end(code) });
  });
}
"""

#: Watches a job with a new client, and notes the states that it goes through.
WATCH = """
async () => {
  const { LiveClient } = await import("/static/jobs/live.js");
  window.client?.close();
  window.client = new LiveClient();
  window.states = [];
  client.addEventListener("state", () => states.push(client.state));
  client.subscribe("job:7", () => {});
}
"""

#: What a client becomes that is closed with a code, and how many sockets it has had after a second and half a minute.
CLOSED = {
    4401: ("signed-out", 1, 1),
    4403: ("refused", 1, 1),
    4429: ("lost", 1, 2),
    4408: ("lost", 2, 2),
    1012: ("lost", 2, 2),
    1013: ("lost", 2, 2),
}


async def test_each_listener_hears_each_event_once_and_in_order(open_as):
    page = await open_as(**QUIET)
    for name, (after, script, heard, asked) in CASES.items():
        assert await page.evaluate(PLAY, [after, script]) == {"heard": heard, "asked": asked}, name


async def test_a_stream_that_is_one_too_many_is_tried_again_and_its_job_is_not_missing(open_as):
    page = await open_as(**QUIET)
    for code, how in {"too_many": "tried again", "not_found": "not_found"}.items():
        assert await page.evaluate(STREAM, {"type": "error", "code": code, "detail": "…"}) == how


async def test_the_close_code_says_whether_and_when_to_come_back(open_as):
    page = await open_as(**QUIET)
    opened: list[int] = []

    async def answer(socket: WebSocketRoute) -> None:
        opened.append(code)
        if len(opened) == 1:
            await socket.close(code=code)

    await page.route_web_socket("**/ws/v1/live", answer)
    await page.clock.install()
    for code, (state, soon, later) in CLOSED.items():
        opened.clear()
        await page.evaluate(WATCH)
        await page.wait_for_function("states.length > 1")
        assert (await page.evaluate("states"))[:2] == ["connecting", state], code
        await page.clock.run_for(1_000)
        assert len(opened) == soon, code
        await page.clock.run_for(30_000)
        assert min(len(opened), 2) == later, code


async def test_a_socket_that_is_silent_is_left_for_a_new_one(open_as):
    page = await open_as(**QUIET)
    opened: list[WebSocketRoute] = []
    await page.route_web_socket("**/ws/v1/live", lambda socket: opened.append(socket))  # noqa: PLW0108  a plain function
    await page.clock.install()
    await page.evaluate(WATCH)
    await page.wait_for_function("states.length > 0")
    await page.clock.run_for(8_000)
    assert await page.evaluate("client.state") == "lost"
    await page.clock.run_for(1_000)
    assert len(opened) == 2
