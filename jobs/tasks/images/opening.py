"""An uploaded file as a decoded image: only formats that are safe to decode, only as large as memory allows."""

import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.core.files.base import File
from PIL import Image, ImageOps, UnidentifiedImageError

from jobs import InvalidInput

from .colour import to_srgb

#: Pixels of a source: 50 megapixels are 200 MB when decoded.
MAX_PIXELS = 50_000_000
#: Pixels of either side; WebP can't hold more.
MAX_SIDE = 16_383

#: Pillow's names of what is decoded; no other decoder ever sees the file.
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF")
#: What Pillow calls a JPEG with a second picture in it, as some cameras make.
_MULTI_PICTURE = "MPO"
_EXPECTED = "Expected a JPEG, PNG, WebP, AVIF or GIF image"
_DAMAGED = "The image is damaged or cut off: its pixels can't be decoded. Upload the whole file again."
_ADVICE = "Convert it to one of these and upload it again."
#: What is uploaded by mistake, by how it starts.
_OTHERS = {
    "an SVG": re.compile(rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*(<!DOCTYPE svg|<svg)", re.DOTALL),
    "an HTML page": re.compile(rb"\s*<(!doctype html|html)", re.IGNORECASE),
    "a HEIC photo": re.compile(rb".{4}ftyp(heic|heix|hevc|mif1|msf1)", re.DOTALL),
    "a TIFF": re.compile(rb"II\*\0|MM\0\*"),
    "a BMP": re.compile(rb"BM.{4}\0\0\0\0", re.DOTALL),
    "a PDF": re.compile(rb"%PDF"),
    "a ZIP archive": re.compile(rb"PK\x03\x04"),
    "a Photoshop file": re.compile(rb"8BPS"),
    "an icon file": re.compile(rb"\0\0[\1\2]\0"),
}
#: How the formats that are decoded start.
_THESE = re.compile(rb"\xff\xd8\xff|\x89PNG|GIF8|RIFF.{4}WEBP|.{4}ftypavi[fs]", re.DOTALL)
#: What Pillow's decoders raise on damaged files.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    RuntimeError,
    IndexError,
    EOFError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, slots=True)
class Original:
    """What the uploaded file is."""

    format: str
    #: Pixels, after it was turned upright.
    width: int
    height: int
    bytes: int
    #: Whether it has more frames than the first, which is the one that is used.
    animated: bool


def read(file: "File[bytes]", size: int) -> tuple[Original, Image.Image]:
    """What the file is, and its pixels in sRGB, upright, without metadata. Raises InvalidInput."""
    if size == 0:
        raise InvalidInput(f"{_EXPECTED}, but the file is empty. Upload it again.")
    start = file.read(512)
    file.seek(0)
    check_webp(start)
    with _told(start), Image.open(file, formats=FORMATS) as image:
        check_dimensions(*image.size)
        image.load()
        check_dimensions(*image.size)  # a GIF's frame may be larger than its header says
        form = "JPEG" if image.format == _MULTI_PICTURE else str(image.format)
        animated = bool(getattr(image, "is_animated", False)) and image.format != _MULTI_PICTURE
        pixels = to_srgb(upright(image))
    return Original(form.lower(), pixels.width, pixels.height, size, animated), pixels


@contextmanager
def _told(start: bytes) -> Iterator[None]:
    """Turns what Pillow raises on a bad file, which begins with `start`, into a sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of broken metadata, which is dropped anyway
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        pixels = re.search(r"\d+", str(error))
        raise _too_large(f"{int(pixels[0]) / 1e6:,.0f} megapixels" if pixels else "far more") from error
    except UnidentifiedImageError as error:
        raise InvalidInput(_DAMAGED if _THESE.match(start) else _unknown(start)) from error
    except _DAMAGE as error:
        raise InvalidInput(_DAMAGED) from error


def check_dimensions(width: int, height: int) -> None:
    """Raises InvalidInput unless an image of this size may be decoded."""
    if width < 1 or height < 1:
        raise InvalidInput(f"{_EXPECTED}, but this one is {width} × {height} pixels. Check the file.")
    if width > MAX_SIDE or height > MAX_SIDE or width * height > MAX_PIXELS:
        raise _too_large(f"{width:,} × {height:,} pixels")


def upright(image: Image.Image) -> Image.Image:
    """Turned the way its orientation tag says; as it is if the tag can't be read."""
    try:
        return ImageOps.exif_transpose(image)
    except _DAMAGE:
        return image


def check_webp(start: bytes) -> None:
    """Pillow's WebP decoder allocates the whole canvas before it tells the size, so the header is read here.

    Layout: https://developers.google.com/speed/webp/docs/riff_container
    """
    if start[:4] != b"RIFF":
        return
    chunk = start[12:16]
    if chunk == b"VP8X" and len(start) >= 30:
        check_dimensions(
            int.from_bytes(start[24:27], "little") + 1, int.from_bytes(start[27:30], "little") + 1
        )
    elif chunk == b"VP8L" and len(start) >= 25:
        packed = int.from_bytes(start[21:25], "little")
        check_dimensions((packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1)
    elif chunk == b"VP8 " and len(start) >= 30:
        width, height = struct.unpack("<HH", start[26:30])
        check_dimensions(width & 0x3FFF, height & 0x3FFF)


def _unknown(start: bytes) -> str:
    found = next((name for name, pattern in _OTHERS.items() if pattern.match(start)), None)
    return f"{_EXPECTED}, but this is {found or 'none of them'}. {_ADVICE}"


def _too_large(came: str) -> InvalidInput:
    return InvalidInput(
        f"The image has {came}; expected at most {MAX_PIXELS // 1_000_000} megapixels and {MAX_SIDE:,} pixels a side. "
        "Upload a smaller one."
    )
