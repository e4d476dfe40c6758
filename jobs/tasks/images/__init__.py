"""images.process: an uploaded image becomes smaller variants for the web, without metadata."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any, Literal

from django.tasks import task
from PIL.Image import Image
from pydantic import Field

from jobs import Accept, JobContext, Upload

from .opening import read
from .variants import CONTENT_TYPES, Format, encoded, named, planned, resized

#: Share of the progress that decoding takes.
DECODING = 0.2


@task(
    takes_context=True,
    expose="images.process",
    executor="process",
    timeout=timedelta(minutes=5),
    max_memory=1280 * 1024 * 1024,
    max_attempts=3,
)
def process(
    context: JobContext,
    source: Annotated[
        Upload,
        Accept("image/jpeg", "image/png", "image/webp", "image/avif", "image/gif"),
        Field(description="JPEG, PNG, WebP, AVIF or GIF, up to 50 megapixels."),
    ],
    *,
    widths: Annotated[
        list[Annotated[int, Field(ge=16, le=4096)]],
        Field(min_length=1, max_length=8, description="In pixels; never wider than the source."),
    ] = [320, 640, 1280],  # noqa: B006 - never changed, and a list is what JSON has
    formats: Annotated[
        list[Literal["webp", "avif", "jpeg"]],
        Field(min_length=1, max_length=3, description="JPEG gets a white ground."),
    ] = ["webp"],  # noqa: B006
    quality: Annotated[
        int, Field(ge=1, le=100, description="Higher looks better and takes more bytes.")
    ] = 80,
) -> dict[str, Any]:
    """Resized variants of an image as WebP, AVIF or JPEG, without metadata."""
    with context.open(source) as file:
        context.progress(0.0, "Decoding")
        original, pixels = read(file, file.size)
        name = file.name or "image"
    plan, forms = planned(pixels.size, widths), list(dict.fromkeys(formats))
    variants = _save_variants(context, pixels, name=name, widths=plan.widths, forms=forms, quality=quality)
    context.progress(1.0, f"{len(variants)} variants")
    return {
        "source": asdict(original),
        "variants": variants,
        "skipped": [{"width": width, "reason": reason} for width, reason in plan.skipped.items()],
        "files": [variant["file"] for variant in variants],
    }


def _save_variants(
    context: JobContext, pixels: Image, *, name: str, widths: list[int], forms: list[Format], quality: int
) -> list[dict[str, Any]]:
    """Each width once in each format."""
    variants: list[dict[str, Any]] = []
    for width in widths:
        smaller = resized(pixels, width)
        for form in forms:
            done = len(variants) / (len(widths) * len(forms))
            context.progress(DECODING + (1 - DECODING) * done, f"{width:,} pixels wide as {form}")
            content = encoded(smaller, form, quality)
            file_name = context.save(named(name, width, form), content, CONTENT_TYPES[form])
            size = {"width": smaller.width, "height": smaller.height, "bytes": len(content)}
            variants.append({"file": file_name, "format": form, **size})
    return variants
