"""Which sizes to make of an image, and making one."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from PIL import Image

from .colour import flattened

type Format = Literal["webp", "avif", "jpeg"]

CONTENT_TYPES: dict[Format, str] = {"webp": "image/webp", "avif": "image/avif", "jpeg": "image/jpeg"}
_ENDINGS: dict[Format, str] = {"webp": "webp", "avif": "avif", "jpeg": "jpg"}
_MAX_STEM = 60
#: Pixels of one variant; encoding more as WebP or AVIF takes too much memory.
MAX_VARIANT_PIXELS = 16_000_000


@dataclass(frozen=True, slots=True)
class Plan:
    #: Widths to make, ascending.
    widths: list[int]
    #: Widths left out, each with the reason.
    skipped: dict[int, str]


def planned(source: tuple[int, int], widths: Sequence[int]) -> Plan:
    """Leaves out what would enlarge the image or get too large.

    An image that is narrower than every width asked for is kept at its own.
    """
    wanted = sorted(set(widths))
    skipped = {width: reason for width in wanted if (reason := _objection(source, width))}
    made = [width for width in wanted if width not in skipped]
    return Plan([source[0]] if wanted[0] > source[0] and not _objection(source, source[0]) else made, skipped)


def _objection(source: tuple[int, int], width: int) -> str:
    """Why a width is not made; "" if it is."""
    if width > source[0]:
        return f"The image is {source[0]:,} pixels wide, and variants are never enlarged."
    if width * height_at(source, width) > MAX_VARIANT_PIXELS:
        return f"It would have more than {MAX_VARIANT_PIXELS // 1_000_000} megapixels."
    return ""


def height_at(source: tuple[int, int], width: int) -> int:
    """The height in proportion, at least a pixel."""
    return max(1, round(source[1] * width / source[0]))


def resized(image: Image.Image, width: int) -> Image.Image:
    """At this width, in proportion."""
    if width == image.width:
        return image
    size = (width, height_at(image.size, width))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def encoded(image: Image.Image, form: Format, quality: int) -> bytes:
    """The file's bytes; nothing but pixels, as `image` carries no metadata."""
    target = io.BytesIO()
    match form:
        case "webp":
            image.save(target, "WEBP", quality=quality, method=4)
        case "avif":
            image.save(target, "AVIF", quality=quality, speed=7)
        case "jpeg":
            flattened(image).save(target, "JPEG", quality=quality, optimize=True, progressive=True)
    return target.getvalue()


def named(source_name: str, width: int, form: Format) -> str:
    """`Holiday photo.png` at 640 as WebP: `Holiday-photo-640.webp`."""
    stem = re.sub(r"[^\w-]+", "-", PurePath(source_name).stem).strip("-")[:_MAX_STEM]
    return f"{stem or 'image'}-{width}.{_ENDINGS[form]}"
