"""A Python environment for each peer, in var/bench/<peer>, made from its requirements.txt; and their logs."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = Path(__file__).resolve().parent / "peers"
STATE = ROOT / "var" / "bench"
INSTALL_SECONDS = 300


class NotInstalled(Exception):
    """A peer's environment cannot be made; the message says why."""


def python_of(peer: str) -> Path:
    """The peer's interpreter; makes its environment first if that is missing or out of date. Raises NotInstalled."""
    if not peer:
        return Path(sys.executable)
    venv = STATE / peer
    requirements = PEERS / peer / "requirements.txt"
    stamp = venv / "requirements.sha256"
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"Making the environment of {peer} …", file=sys.stderr, flush=True)
        make(venv, requirements)
        stamp.write_text(wanted)
    return venv / "bin" / "python"


def make(venv: Path, requirements: Path) -> None:
    shutil.rmtree(venv, ignore_errors=True)
    base = str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")
    python = str(venv / "bin" / "python")
    if uv := shutil.which("uv"):
        run([uv, "venv", "--quiet", "--no-project", "--python", base, str(venv)])
        run([uv, "pip", "install", "--quiet", "--python", python, "-r", str(requirements)])
    else:
        run([base, "-m", "venv", str(venv)])
        run([python, "-m", "pip", "install", "--quiet", "--no-input", "-r", str(requirements)])


def run(command: list[str]) -> None:
    try:
        subprocess.run(
            command,
            check=True,
            timeout=INSTALL_SECONDS,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
    except subprocess.CalledProcessError as error:
        last_line = (error.stderr.strip().splitlines() or ["no message"])[-1]
        raise NotInstalled(last_line) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalled(str(error)) from error


def log_of(contender: str) -> Path:
    """What the contender's processes said in its last turn."""
    logs = STATE / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    return logs / f"{contender}.log"
