"""docs/live.md names all that the stylesheet, the template tags and the module offer."""

import re
from pathlib import Path

from jobs.templatetags import handoff

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "jobs" / "dashboard" / "static" / "jobs"
TEXT = (ROOT / "docs" / "live.md").read_text()


def test_every_property_of_the_look_is_documented_with_its_default():
    used = dict(re.findall(r"var\((--handoff-[a-z]+), (.*)\);", (STATIC / "elements.css").read_text()))
    documented = {
        name
        for row in re.findall(r"^\| (`--.*?) \|", TEXT, re.MULTILINE)
        for name in re.findall(r"--[a-z-]+", row)
    }
    assert set(used) == documented
    for name, default in used.items():
        for colour in re.findall(r"#\w+", default) if f"| `{name}` |" in TEXT else ():
            assert f"`{colour}`" in TEXT, name


def test_every_tag_and_element_is_documented():
    for name in handoff.register.tags:
        assert f"{{% {name}" in TEXT
    for module in (STATIC / "elements").glob("job-*.js"):
        if "customElements.define" in module.read_text():
            assert f"<{module.stem} " in TEXT


def test_the_types_name_what_the_module_has():
    methods = re.compile(r"^  (?:static )?([a-z]+)\(.*[{;]$", re.MULTILINE)
    source, types = (STATIC / "live.js").read_text(), (STATIC / "live.d.ts").read_text()
    assert set(methods.findall(source)) == set(methods.findall(types))
