"""Setting any text in PDF: which font has which character."""

from functools import cache
from importlib.resources import as_file, files
from itertools import groupby
from typing import Literal

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

type Weight = Literal["Regular", "Medium", "SemiBold"]

#: Shown for a character that no font has; the report then says so.
UNKNOWN = "\N{WHITE VERTICAL RECTANGLE}"
#: Chinese, Japanese and Korean: fonts that every PDF reader brings, so they are named, not embedded.
_HAN, _KANA, _HANGUL = "STSong-Light", "HeiseiKakuGo-W5", "HYGothic-Medium"
_EAST_ASIAN = (
    ("\u1100", "\u11ff", _HANGUL),
    ("\u3000", "\u303f", _HAN),
    ("\u3040", "\u30ff", _KANA),
    ("\u3130", "\u318f", _HANGUL),
    ("\u3400", "\u9fff", _HAN),
    ("\uac00", "\ud7a3", _HANGUL),
    ("\uf900", "\ufaff", _HAN),
    ("\uff00", "\uffef", _HAN),
)


@cache
def font(weight: Weight) -> TTFont:
    """Fira Sans (Latin, Greek, Cyrillic), embedded as far as it is used."""
    with as_file(files("fontpkg_fira_sans") / "files" / f"FiraSans-{weight}.ttf") as path:
        found = TTFont(f"FiraSans-{weight}", str(path))
    pdfmetrics.registerFont(found)
    return found


@cache
def _east_asian(name: str) -> str:
    pdfmetrics.registerFont(UnicodeCIDFont(name))
    return name


class Typesetter:
    """Cuts text into runs of one font, and remembers what the reader should be told about them."""

    def __init__(self) -> None:
        #: Whether a character was in no font.
        self.has_unknown = False
        #: Whether a font is needed that the PDF reader has to bring.
        self.has_east_asian = False

    def runs(self, text: str, weight: Weight = "Regular") -> list[tuple[str, str]]:
        """(font, text) pairs that together show all of `text`, on one line."""
        shown = " ".join(text.split())
        japanese = any("\u3040" <= character <= "\u30ff" for character in shown)
        named = [(self._font_of(character, weight, japanese), character) for character in shown]
        fonts = [(name or font(weight).fontName, character if name else UNKNOWN) for name, character in named]
        self.has_unknown = self.has_unknown or any(name is None for name, _ in named)
        return [
            (name, "".join(c for _, c in group)) for name, group in groupby(fonts, key=lambda pair: pair[0])
        ]

    def _font_of(self, character: str, weight: Weight, japanese: bool) -> str | None:
        if ord(character) in font(weight).face.charToGlyph:
            return str(font(weight).fontName)
        for first, last, name in _EAST_ASIAN:
            if first <= character <= last:
                self.has_east_asian = True
                return _east_asian(_KANA if japanese and name == _HAN else name)
        return None

    def width(self, text: str, size: float, weight: Weight = "Regular") -> float:
        return float(sum(pdfmetrics.stringWidth(part, name, size) for name, part in self.runs(text, weight)))

    def fit(self, text: str, width: float, size: float, weight: Weight = "Regular") -> str:
        """The text, or as much of its beginning as fits, with an ellipsis."""
        if self.width(text, size, weight) <= width:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            fits = self.width(f"{text[:middle]}…", size, weight) <= width
            low, high = (middle, high) if fits else (low, middle - 1)
        return f"{text[:low].rstrip()}…"
