"""A client of the API as a public generator makes it of the published document."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType

PACKAGE = "generated_client"


@contextmanager
def generated_client(document: bytes, folder: Path) -> Iterator[ModuleType]:
    """The generated package; its modules are imported by `part`."""
    source = folder / "openapi.json"
    source.write_bytes(document)
    output, hooks = folder / PACKAGE, ConfigFile(post_hooks=[])
    config = Config.from_sources(hooks, MetaType.NONE, source, "utf-8", overwrite=False, output_path=output)
    problems = generate(config=config)
    # It knows no NDJSON; a batch is an array for it.
    assert not [problem for problem in problems if "x-ndjson" not in str(problem.detail)]
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module(PACKAGE)
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]


def part(name: str) -> ModuleType:
    """One of the package's modules."""
    return importlib.import_module(f"{PACKAGE}.{name}")
