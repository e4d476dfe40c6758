"""What the container image is made from."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_package_of_ours_gets_into_the_image():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = set(project["tool"]["importlinter"]["root_packages"])
    let_in = (ROOT / ".dockerignore").read_text().split()
    compiled = (ROOT / "Dockerfile").read_text().split("compileall -q ")[1].split(" \\")[0].split()
    assert {f"!{package}" for package in packages} <= set(let_in)
    assert set(compiled) == packages
