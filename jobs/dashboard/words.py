"""Times, sizes and names in the words of the pages."""

from datetime import timedelta

_ACRONYMS = frozenset(
    {"api", "csv", "html", "http", "id", "ip", "json", "pdf", "sql", "uri", "url", "utc", "xml"}
)
_UNITS = ("bytes", "KB", "MB", "GB", "TB")


def duration(time: timedelta) -> str:
    """Two units at most: 38 ms, 1.4 s, 12 s, 3 min 4 s, 2 h 5 min, 3 d 4 h."""
    seconds = max(0.0, time.total_seconds())
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    return whole_duration(round(seconds))


def whole_duration(seconds: int) -> str:
    """As duration(), without fractions: for times that tick. live-clock.js says the same."""
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    if seconds < 86_400:
        return f"{seconds // 3600} h {seconds % 3600 // 60} min"
    return f"{seconds // 86_400} d {seconds % 86_400 // 3600} h"


def ago(time: timedelta) -> str:
    """Just now, 4 min ago, 3 h ago, 2 d ago."""
    seconds = time.total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min ago"
    if seconds < 86_400:
        return f"{seconds // 3600:.0f} h ago"
    return f"{seconds // 86_400:.0f} d ago"


def size(number_of_bytes: int) -> str:
    """Decimal units, as file managers show them: "812 bytes", "1.4 MB"."""
    value = float(number_of_bytes)
    for unit in _UNITS:
        if value < 1000 or unit == _UNITS[-1]:
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "bytes" or value >= 100 else f"{value:.1f} {unit}"


def label(name: str) -> str:
    """A parameter's or key's name as a person would write it: "id_field" → "ID field"."""
    words = [word.upper() if word in _ACRONYMS else word for word in name.replace("_", " ").split()]
    text = " ".join(words)
    return f"{text[:1].upper()}{text[1:]}" or name
