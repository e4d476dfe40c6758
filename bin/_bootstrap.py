"""Make the environment that bin/dev and bin/test run in: find a Python, make a venv, install the lock.

Standard library only, and no syntax newer than Python 3.8: any python3 may start us, and it looks for a
newer one. HANDOFF_PYTHON forces the choice: a version ("3.12") or the path of an interpreter.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, NamedTuple, NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENVS = ROOT / "var" / "venv"
RUNTIME_LOCK = ROOT / "requirements.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"  # holds every line of the runtime lock, and the tools

#: In order of preference. The first is what the maintainers run.
VERSIONS = ("3.13", "3.14", "3.12")

#: A Python built without these (a missing header is enough) starts, and fails much later.
PROBE = "import ctypes, sqlite3, ssl, sys; {extra}; print(sys.executable, '%d.%d' % sys.version_info[:2], sep='\\n')"


class Interpreter(NamedTuple):
    path: str
    version: str  # "3.13"


class BootstrapError(Exception):
    """The environment cannot be made; the message says what is missing and what to do."""


def environment(lock: Path) -> Path:
    """The python of a venv that has everything in `lock`, made or brought up to date when it must be.

    Raises BootstrapError; a half-made venv is never taken for a whole one, as the stamp is written last.
    """
    ready = ready_venv(lock)
    if ready is not None:
        return ready / "bin" / "python"
    with one_at_a_time():
        started = time.monotonic()
        interpreter = find_interpreter()
        venv = VENVS / interpreter.version
        if not is_fresh(venv, lock):  # another start may have made it while we waited
            print(f"Making the environment with Python {interpreter.version} in {shown(venv)} …", flush=True)
            make(venv, interpreter)
            install(venv, lock)
            stamp(venv, lock)
            print(f"… ready after {time.monotonic() - started:.0f} s.", flush=True)
    return venv / "bin" / "python"


def ready_venv(lock: Path) -> Path | None:
    """A finished venv of an allowed version, found without running any interpreter."""
    forced = os.environ.get("HANDOFF_PYTHON", "")
    if forced and not is_version(forced):
        return None  # a path: only running it tells its version
    for version in [forced] if forced else VERSIONS:
        if is_fresh(VENVS / version, lock):
            return VENVS / version
    return None


def is_fresh(venv: Path, lock: Path) -> bool:
    """Whether `venv` was finished from `lock`, or from the dev lock, which contains it."""
    if not (venv / "bin" / "python").exists():  # also false when the interpreter it links to is gone
        return False
    try:
        stamped = (venv / "lock.sha256").read_text()
    except OSError:
        return False
    return stamped in (digest(lock, venv), digest(DEV_LOCK, venv))


def digest(lock: Path, venv: Path) -> str:
    """Hash of the lock and of the venv's own path, as a venv that was moved or copied does not run."""
    return hashlib.sha256(lock.read_bytes() + os.fsencode(str(venv))).hexdigest()


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two starts at once make one environment, not half of two."""
    try:
        VENVS.mkdir(parents=True, exist_ok=True)
        lock_file = (VENVS / "making.lock").open("w")
    except OSError as error:
        raise BootstrapError(
            f"Cannot write to {VENVS}: {error.strerror}. Make it yours and try again."
        ) from None
    with lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        yield


def find_interpreter() -> Interpreter:
    """The best Python there is: by version first, then in the order in which the places are named."""
    forced = os.environ.get("HANDOFF_PYTHON", "")
    if forced and not is_version(forced):
        found = probe(forced)
        if found is None:
            raise BootstrapError(f"HANDOFF_PYTHON={forced} is not a Python 3.12 or newer that runs.")
        return found
    versions = (forced,) if forced else VERSIONS
    for version in versions:
        for candidate in candidates(version):
            found = probe(candidate)
            if found is not None and found.version == version:
                return found
    found = from_uv(versions)
    if found is None:
        raise BootstrapError(
            f"No Python {' or '.join(versions)} that runs was found on PATH, in pyenv, asdf, mise or uv. "
            "Install one, or uv, which fetches it by itself."
        )
    return found


def is_version(text: str) -> bool:
    return re.fullmatch(r"3\.\d+", text) is not None


def candidates(version: str) -> Iterator[str]:
    """Paths that may be a Python of this version; pyenv's shims among them exist and yet fail when run."""
    folders = [Path(folder) for folder in os.get_exec_path() if folder]
    for name in (f"python{version}", "python3"):
        for folder in folders:
            if (folder / name).exists():
                yield str(folder / name)
    yield sys.executable
    home = Path.home()
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    for folder, pattern in (
        (Path(os.environ.get("PYENV_ROOT") or home / ".pyenv"), "versions/{}*"),
        (Path(os.environ.get("ASDF_DATA_DIR") or home / ".asdf"), "installs/python/{}*"),
        (Path(os.environ.get("MISE_DATA_DIR") or data / "mise"), "installs/python/{}*"),
        (Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python"), "cpython-{}*"),
        (Path("/opt/homebrew/opt"), "python@{}"),
        (Path("/Library/Frameworks/Python.framework/Versions"), "{}"),
    ):
        for prefix in sorted(folder.glob(pattern.format(version)), reverse=True):
            yield str(prefix / "bin" / f"python{version}")


def probe(candidate: str) -> Interpreter | None:
    """What the interpreter says of itself when run, or None when it is too old, broken or not there."""
    extra = "pass" if uv() else "import ensurepip, venv"  # Debian has them in a package of their own
    try:
        answer = run([candidate, "-c", PROBE.format(extra=extra)], timeout=20)
    except (OSError, subprocess.SubprocessError):
        return None
    path, _, version = answer.strip().rpartition("\n")
    if not is_version(version) or int(version.split(".")[1]) < 12:
        return None
    return Interpreter(path, version)  # the real one: a shim runs one thing here, another elsewhere


def from_uv(versions: tuple[str, ...]) -> Interpreter | None:
    """A Python that only uv knows of, or that it fetches now."""
    program = uv()
    if program is None:
        return None
    for fetch in (False, True):
        for version in versions:
            try:
                if fetch:
                    run([program, "python", "install", "--quiet", version])
                path = run([program, "python", "find", "--no-project", version]).strip()
            except (OSError, subprocess.SubprocessError):
                continue
            found = probe(path)
            if found is not None:
                return found
    return None


def make(venv: Path, interpreter: Interpreter) -> None:
    """An empty venv, unless one that runs is there: then the lock is installed over it."""
    if probe(str(venv / "bin" / "python")) is not None and not has_moved(venv):
        return
    shutil.rmtree(venv, ignore_errors=True)
    program = uv()
    if program:
        run_shown([program, "venv", "--quiet", "--no-project", "--python", interpreter.path, str(venv)])
    else:
        run_shown([interpreter.path, "-m", "venv", str(venv)])


def has_moved(venv: Path) -> bool:
    """Whether the folder was copied from elsewhere: its scripts would run the other folder's Python."""
    activate = venv / "bin" / "activate"
    return not activate.exists() or str(venv) not in activate.read_text(errors="replace")


def install(venv: Path, lock: Path) -> None:
    """Install exactly what the lock names; a file whose hash differs is refused."""
    python = str(venv / "bin" / "python")
    program = uv()
    if program:
        # pip compiles by itself; uncompiled, every start takes a second longer where Python may not write.
        command = [program, "pip", "install", "--quiet", "--compile-bytecode", "--python", python]
    else:
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    run_shown([*command, "--require-hashes", "-r", str(lock)])


def stamp(venv: Path, lock: Path) -> None:
    (venv / "lock.sha256").write_text(digest(lock, venv))


def uv() -> str | None:
    return shutil.which("uv")


def run(command: list[str], timeout: float | None = None) -> str:
    """Its standard output. Raises OSError, CalledProcessError or TimeoutExpired."""
    return subprocess.run(
        command,
        check=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=clean_environ(),
        text=True,
    ).stdout


def run_shown(command: list[str]) -> None:
    """Run with its messages on our terminal. Raises BootstrapError."""
    try:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, env=clean_environ())
    except (OSError, subprocess.CalledProcessError) as error:
        raise BootstrapError(f"{' '.join(command[:3])} failed ({error}); its own message is above.") from None


def clean_environ() -> dict[str, str]:
    """Ours without what would make another Python look in the wrong place for its library."""
    unwanted = {"PYTHONHOME", "PYTHONPATH", "PIP_USER", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"}
    return {name: value for name, value in os.environ.items() if name not in unwanted}


def shown(path: Path) -> str:
    return os.path.relpath(str(path))


def main(lock: Path) -> Path:
    """`environment(lock)` for a script: a failure is one sentence and exit code 1, without a traceback."""
    try:
        python = environment(lock)
    except BootstrapError as error:
        sys.exit(f"handoff: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    os.chdir(str(ROOT))
    return python


def become(module: str, lock: Path) -> NoReturn:
    """Go on as that module in the environment of the lock, with this command's arguments.

    In this same process, so that Ctrl-C and SIGTERM reach it directly.
    """
    python = str(main(lock))
    os.execv(python, [python, "-m", module, *sys.argv[1:]])  # noqa: S606  no shell is wanted
