"""Watch the source; say which changes are good enough to run."""

import asyncio
import sys
from pathlib import Path

from watchfiles import Change, awatch

#: A change to any other file does not matter to a running process.
SUFFIXES = (".py", ".html", ".css", ".js", ".lua")
#: Folders with code that no process of ours runs.
UNWATCHED = ("tests", "benchmarks", "docs")
CHECK_TIMEOUT_SECONDS = 60


async def watch(root: Path, changes: asyncio.Queue[set[Path]]) -> None:
    """Put the source files that change, appear or go away into `changes`, for ever."""
    async with asyncio.TaskGroup() as watches:
        watches.create_task(_watch(packages(root), changes, recursive=True))
        # Not recursively: the state folder lies in there, with thousands of files.
        watches.create_task(_watch([root], changes, recursive=False))


async def _watch(paths: list[Path], changes: asyncio.Queue[set[Path]], *, recursive: bool) -> None:
    async for batch in awatch(*paths, watch_filter=is_source, recursive=recursive):
        changes.put_nowait({Path(path) for _, path in batch})


def packages(root: Path) -> list[Path]:
    return sorted(
        folder
        for folder in root.iterdir()
        if folder.name not in UNWATCHED and (folder / "__init__.py").exists()
    )


def is_source(_change: Change, path: str) -> bool:
    return path.endswith(SUFFIXES)


async def what_is_wrong(changed: set[Path], root: Path) -> str | None:
    """Why processes with this source would not start, for a person to read; None when they would."""
    for path in sorted(changed):
        if path.suffix == ".py" and (problem := syntax_error(path, root)):
            return problem
    return await refusal(root)


def syntax_error(path: Path, root: Path) -> str | None:
    try:
        compile(path.read_bytes(), path, "exec", dont_inherit=True)
    except SyntaxError as error:
        line = (error.text or "").rstrip()
        marker = " " * ((error.offset or 1) - 1) + "^"
        return f"{path.relative_to(root)}:{error.lineno}: {error.msg}\n  {line}\n  {marker}"
    except (OSError, ValueError):  # removed meanwhile; or null bytes, which the import reports better
        return None
    return None


async def refusal(root: Path) -> str | None:
    """What `python -m project.dev.check` complains about."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "project.dev.check"),
        cwd=root,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            said, _ = await process.communicate()
    except TimeoutError:
        return f"`python -m project.dev.check` did not end within {CHECK_TIMEOUT_SECONDS} s."
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return said.decode(errors="replace").strip() if process.returncode else None
