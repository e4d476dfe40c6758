"""Our worker under cProfile: told to stop, it writes what it saw to the file that FILE names."""

import cProfile
import os

import django
import uvloop

#: The environment variable.
FILE = "BENCH_PROFILE"


async def work() -> None:
    from jobs.worker.loop import Worker

    with cProfile.Profile() as profile:
        await Worker().async_run()
    profile.dump_stats(os.environ[FILE])


if __name__ == "__main__":
    django.setup()
    uvloop.run(work())
    os._exit(0)  # threads of the engine may still wait
