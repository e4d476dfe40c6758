"""bin/_bootstrap.py finds a Python and makes the environment."""

import os
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

BOOTSTRAP = Path(__file__).parents[2] / "bin" / "_bootstrap.py"
THIS_PYTHON = sys.executable
THIS_VERSION = "{}.{}".format(*sys.version_info)


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module on a machine with an empty PATH and home, and no state yet."""
    spec = spec_from_loader("_bootstrap", SourceFileLoader("_bootstrap", str(BOOTSTRAP)))
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("HANDOFF_PYTHON", "PYENV_ROOT", "ASDF_DATA_DIR", "MISE_DATA_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(module, "VENVS", tmp_path / "venv")
    monkeypatch.setattr(module.sys, "executable", "/no/python")
    return module


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def python(path: Path, version: str) -> Path:
    """Answers the probe as a Python of that version would."""
    return program(path, f"echo {path}; echo {version}")


def test_a_shim_that_fails_when_run_is_passed_over(bootstrap: ModuleType, tmp_path: Path) -> None:
    program(tmp_path / "path" / "python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    real = python(tmp_path / "home" / ".pyenv" / "versions" / "3.13.2" / "bin" / "python3.13", "3.13")
    assert bootstrap.find_interpreter() == (str(real), "3.13")


def test_the_preferred_version_wins_over_the_nearer_place(bootstrap: ModuleType, tmp_path: Path) -> None:
    python(tmp_path / "path" / "python3", "3.12")
    preferred = python(
        tmp_path / "home" / ".asdf" / "installs" / "python" / "3.13.1" / "bin" / "python3.13", "3.13"
    )
    assert bootstrap.find_interpreter() == (str(preferred), "3.13")


@pytest.mark.parametrize(
    "folder",
    [
        ".pyenv/versions/3.12.1",
        ".asdf/installs/python/3.12.1",
        ".local/share/mise/installs/python/3.12",
        ".local/share/uv/python/cpython-3.12.9-linux-x86_64-gnu",
    ],
)
def test_every_version_keeper_s_folder_is_looked_into(
    bootstrap: ModuleType, tmp_path: Path, folder: str
) -> None:
    found = python(tmp_path / "home" / folder / "bin" / "python3.12", "3.12")
    assert bootstrap.find_interpreter() == (str(found), "3.12")


def test_a_shim_s_interpreter_is_called_by_its_real_path(bootstrap: ModuleType, tmp_path: Path) -> None:
    program(tmp_path / "path" / "python3.13", "echo /real/python3.13; echo 3.13")
    assert bootstrap.find_interpreter() == ("/real/python3.13", "3.13")


def test_uv_names_the_python_that_only_it_knows(bootstrap: ModuleType, tmp_path: Path) -> None:
    hidden = python(tmp_path / "hidden" / "python", "3.13")
    program(tmp_path / "path" / "uv", f'[ "$1 $2 $4" = "python find 3.13" ] && echo {hidden}')
    assert bootstrap.find_interpreter() == (str(hidden), "3.13")


def test_without_a_new_enough_python_it_says_what_to_install(bootstrap: ModuleType, tmp_path: Path) -> None:
    python(tmp_path / "path" / "python3", "3.11")
    with pytest.raises(
        bootstrap.BootstrapError, match=r"No Python 3.13 or 3.14 or 3.12 .* Install one, or uv"
    ):
        bootstrap.find_interpreter()


def test_a_forced_version_is_the_only_one_looked_for(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python(tmp_path / "path" / "python3.13", "3.13")
    wanted = python(tmp_path / "path" / "python3.12", "3.12")
    monkeypatch.setenv("HANDOFF_PYTHON", "3.12")
    assert bootstrap.find_interpreter() == (str(wanted), "3.12")


def test_a_forced_interpreter_that_is_too_old_is_refused(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDOFF_PYTHON", str(python(tmp_path / "old", "3.9")))
    with pytest.raises(bootstrap.BootstrapError, match=r"is not a Python 3\.12 or newer that runs"):
        bootstrap.find_interpreter()


@pytest.fixture
def empty_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Installs nothing, hence needs no network."""
    monkeypatch.setenv("HANDOFF_PYTHON", THIS_PYTHON)
    monkeypatch.setenv("PATH", os.defpath)  # without uv: the standard library makes it
    lock = tmp_path / "requirements.lock"
    lock.write_text("")
    return lock


def test_the_second_start_takes_the_environment_as_it_is(
    bootstrap: ModuleType,
    empty_lock: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = bootstrap.environment(empty_lock)
    assert "Making the environment" in capsys.readouterr().out
    assert made == bootstrap.VENVS / THIS_VERSION / "bin" / "python"
    monkeypatch.setenv("HANDOFF_PYTHON", THIS_VERSION)
    monkeypatch.setattr(bootstrap, "find_interpreter", lambda: pytest.fail("not looked for again"))
    assert bootstrap.environment(empty_lock) == made


def test_a_changed_lock_is_installed_over(
    bootstrap: ModuleType, empty_lock: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bootstrap.environment(empty_lock)
    empty_lock.write_text("no requirement at all")
    with pytest.raises(SystemExit, match=r"handoff: .* failed"):
        bootstrap.main(empty_lock)
    assert not bootstrap.is_fresh(bootstrap.VENVS / THIS_VERSION, empty_lock)
