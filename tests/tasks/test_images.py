"""images.process from an upload to its variants, and what it says to what it can't take."""

import contextlib
import io
import struct
import warnings
import zlib
from typing import Any

import pytest
from django.core.files.base import ContentFile
from PIL import Image, ImageCms, ImageDraw

from jobs import InvalidInput
from jobs.arguments import parse
from jobs.errors import InvalidArguments
from jobs.files import store_upload
from jobs.models import File
from jobs.tasks.images import process
from jobs.tasks.images.opening import MAX_SIDE, check_dimensions, read
from jobs.tasks.images.variants import MAX_VARIANT_PIXELS, named, planned
from tests.tasks.contexts import Said, new_context

ORIENTATION, GPS, DESCRIPTION = 0x0112, 0x8825, 0x010E
FORMATS = ["JPEG", "PNG", "WEBP", "AVIF", "GIF"]
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, form, **options)
    return target.getvalue()


def drawn(size: tuple[int, int] = (800, 600), mode: str = "RGB") -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", size, "blue")
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 2 - 1, size[1]), "red")
    return image.convert(mode)


def photo(form: str = "JPEG", orientation: int = 1) -> bytes:
    """With a place, a description, XMP and a colour profile."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[DESCRIPTION] = "secret description"
    exif.get_ifd(GPS).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    xmp = {} if form == "PNG" else {"xmp": b"<x:xmpmeta>secret xmp</x:xmpmeta>"}
    return saved(drawn(), form, exif=exif, icc_profile=SRGB, **xmp)


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def looked_at(content: bytes):
    return read(io.BytesIO(content), len(content))


def refusal(content: bytes) -> str:
    with pytest.raises(InvalidInput) as caught:
        looked_at(content)
    return str(caught.value)


@pytest.fixture
def run(transactional_db, django_user_model):
    """Processes `content`; answers the result and a function that reads a file of it."""
    owner = django_user_model.objects.create_user("ada")

    def process_it(content: bytes, said: Said | None = None, name: str = "My photo.jpg", **arguments: Any):
        upload = store_upload(
            owner_id=owner.pk, name=name, content_type="image/jpeg", content=ContentFile(content)
        )
        context = new_context(process, owner=owner, said=said)
        result = process.func(context, str(upload.id), **arguments)

        def read_file(name: str) -> bytes:
            with File.objects.get(job=context.job.id, name=name).content.open("rb") as file:
                return bytes(file.read())

        return result, read_file

    return process_it


# Variants


def test_each_width_is_made_in_each_format_and_described(run):
    result, read_file = run(photo(), widths=[400, 100], formats=["webp", "avif", "jpeg"])
    assert [(v["width"], v["height"], v["format"]) for v in result["variants"]] == [
        (width, height, form)
        for width, height in ((100, 75), (400, 300))
        for form in ("webp", "avif", "jpeg")
    ]
    for variant in result["variants"]:
        content = read_file(variant["file"])
        assert len(content) == variant["bytes"]
        assert opened(content).size == (variant["width"], variant["height"])
        assert str(opened(content).format).lower() == variant["format"]
    assert result["files"][-1] == "My-photo-400.jpg"
    assert result["source"] == {
        "format": "jpeg",
        "width": 800,
        "height": 600,
        "bytes": len(photo()),
        "animated": False,
    }


def test_no_variant_is_larger_than_the_source_and_the_skipped_are_named(run):
    result, _ = run(photo(), widths=[320, 800, 801])
    assert [variant["width"] for variant in result["variants"]] == [320, 800]
    assert result["skipped"] == [
        {"width": 801, "reason": "The image is 800 pixels wide, and variants are never enlarged."}
    ]


def test_a_source_narrower_than_every_width_is_kept_at_its_own():
    plan = planned((300, 200), [320, 640])
    assert plan.widths == [300]
    assert list(plan.skipped) == [320, 640]


def test_a_variant_of_as_many_pixels_as_allowed_is_made_and_a_larger_one_skipped():
    height = MAX_VARIANT_PIXELS // 1_000
    assert planned((1_000, height), [1_000]).widths == [1_000]
    plan = planned((1_000, height + 1), [1_000])
    assert (plan.widths, plan.skipped) == ([], {1_000: "It would have more than 16 megapixels."})


def test_a_very_flat_image_keeps_a_pixel_of_height(run):
    result, _ = run(saved(drawn((4000, 2)), "PNG"), widths=[16])
    assert (result["variants"][0]["width"], result["variants"][0]["height"]) == (16, 1)


def test_progress_tells_each_variant(run):
    said: Said = []
    run(photo(), said=said, widths=[100, 200], formats=["webp", "jpeg"])
    assert [text for _, text in said] == [
        "Decoding",
        "100 pixels wide as webp",
        "100 pixels wide as jpeg",
        "200 pixels wide as webp",
        "200 pixels wide as jpeg",
        "4 variants",
    ]
    assert [fraction for fraction, _ in said] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])


def test_more_quality_takes_more_bytes(run):
    noise = saved(Image.effect_noise((400, 400), 80), "PNG")
    sizes = [run(noise, widths=[400], quality=quality)[0]["variants"][0]["bytes"] for quality in (1, 100)]
    assert sizes[0] * 4 < sizes[1]


@pytest.mark.parametrize(
    "name, file", [("a/../b c.PNG", "b-c-32.webp"), ("…", "image-32.webp"), ("фото.jpg", "фото-32.webp")]
)
def test_files_are_named_after_the_source(name, file):
    assert named(name, 32, "webp") == file


# Pixels


@pytest.mark.parametrize("form", ["webp", "avif", "jpeg"])
@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_no_metadata_survives(run, source, form):
    content = photo(source)
    assert opened(content).getexif().get_ifd(GPS)
    assert b"secret description" in content
    result, read_file = run(content, widths=[100], formats=[form])
    made = read_file(result["files"][0])
    image = opened(made)
    assert not image.getexif()
    assert not {"exif", "xmp", "icc_profile", "comment", "XML:com.adobe.xmp"} & image.info.keys()
    for trace in (b"secret", b"Exif", b"EXIF", b"ICC", b"acsp", b"xmpmeta"):
        assert trace not in made


@pytest.mark.parametrize(
    "orientation, size, corner", [(1, (800, 600), "red"), (3, (800, 600), "blue"), (6, (600, 800), "red")]
)
def test_the_orientation_is_applied_before_it_is_dropped(orientation, size, corner):
    original, pixels = looked_at(photo(orientation=orientation))
    assert (original.width, original.height) == size == pixels.size
    red, _, blue = pixels.getpixel((10, 10))
    assert ("red" if red > blue else "blue") == corner


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_any_mode_of_png_becomes_eight_bit_rgb(mode):
    image = (
        Image.new("I;16", (20, 20), 65535)
        if mode == "I;16"
        else Image.new("RGB", (20, 20), "white").convert(mode)
    )
    _, pixels = looked_at(saved(image, "PNG"))
    assert pixels.mode in {"RGB", "RGBA"}
    assert pixels.convert("RGB").getpixel((5, 5)) == (255, 255, 255)
    assert pixels.info == {}


def test_cmyk_becomes_rgb():
    _, pixels = looked_at(saved(Image.new("CMYK", (20, 20), (0, 255, 255, 0)), "JPEG"))
    red, green, blue = pixels.getpixel((5, 5))
    assert red > 200
    assert max(green, blue) < 60


def test_a_colour_profile_is_applied_before_it_is_dropped():
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    grey = saved(Image.new("RGB", (8, 8), (100, 150, 200)), "PNG", icc_profile=SRGB)
    misfit = saved(Image.new("RGB", (8, 8), (100, 150, 200)), "PNG", icc_profile=lab.tobytes())
    broken = saved(Image.new("RGB", (8, 8), (100, 150, 200)), "PNG", icc_profile=b"broken")
    for content in (grey, misfit, broken):
        assert looked_at(content)[1].getpixel((2, 2)) == pytest.approx((100, 150, 200), abs=1)


def test_a_profile_with_swapped_primaries_changes_the_pixels():
    swapped = bytearray(SRGB)
    red, blue = swapped.index(b"rXYZ"), swapped.index(b"bXYZ")  # tags of the table: name, offset, size
    swapped[red : red + 4], swapped[blue : blue + 4] = b"bXYZ", b"rXYZ"
    _, pixels = looked_at(saved(Image.new("RGB", (8, 8), (255, 0, 0)), "PNG", icc_profile=bytes(swapped)))
    red_part, _, blue_part = pixels.getpixel((2, 2))
    assert blue_part > 200 > red_part


def test_transparency_stays_in_webp_and_becomes_white_in_jpeg(run):
    clear = saved(Image.new("RGBA", (64, 64), (255, 0, 0, 0)), "PNG")
    result, read_file = run(clear, widths=[64], formats=["webp", "jpeg"])
    webp, jpeg = (opened(read_file(name)) for name in result["files"])
    assert webp.getchannel("A").getpixel((5, 5)) == 0
    assert jpeg.getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "AVIF"])
def test_of_an_animation_the_first_frame_is_used_and_the_result_says_so(form):
    frames = [drawn((60, 40)), Image.new("RGB", (60, 40), "lime")]
    original, pixels = looked_at(saved(frames[0], form, save_all=True, append_images=frames[1:]))
    assert original.animated
    red, green, _ = pixels.convert("RGB").getpixel((5, 20))
    assert red > 200 > green


# Refusals


def header_of_png(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    end = b"IDAT" + zlib.compress(b"\0" * 1000)
    chunks = (body, end, b"IEND")
    framed = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks)
    chunks = (body, end, b"IEND")
    framed = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


def test_a_bomb_of_few_bytes_and_many_pixels_is_refused_before_it_is_decoded(monkeypatch):
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    assert "The image has 10,000 × 5,001 pixels" in refusal(header_of_png(10_000, 5_001))


def test_a_large_webp_is_refused_before_its_canvas_is_allocated(monkeypatch):
    extended = b"VP8X" + struct.pack("<I", 10) + b"\0" * 4 + (16_383).to_bytes(3, "little") * 2
    monkeypatch.setattr(Image, "open", lambda *_args, **_options: pytest.fail("opened"))
    assert "The image has 16,384 × 16,384 pixels" in refusal(
        b"RIFF" + struct.pack("<I", 100) + b"WEBP" + extended
    )


@pytest.mark.parametrize("lossless", [True, False])
def test_the_header_of_a_plain_webp_is_understood(lossless):
    original, _ = looked_at(saved(drawn((123, 45)), "WEBP", lossless=lossless))
    assert (original.width, original.height) == (123, 45)


@pytest.mark.parametrize("size", [(10_000, 5_000), (MAX_SIDE, 1), (1, MAX_SIDE)])
def test_an_image_as_large_as_allowed_is_taken(size):
    check_dimensions(*size)


@pytest.mark.parametrize("size", [(10_000, 5_001), (MAX_SIDE + 1, 1), (1, MAX_SIDE + 1), (0, 5), (5, 0)])
def test_one_pixel_more_or_none_at_all_is_refused(size):
    with pytest.raises(InvalidInput, match=rf"{size[0]:,} × {size[1]:,} pixels"):
        check_dimensions(*size)


@pytest.mark.parametrize("form", FORMATS)
def test_a_truncated_file_is_refused(form):
    content = saved(Image.effect_noise((200, 200), 90).convert("P" if form == "GIF" else "RGB"), form)
    assert "damaged or cut off" in refusal(content[: len(content) * 2 // 3])


def test_an_empty_file_is_refused():
    assert "the file is empty" in refusal(b"")


@pytest.mark.parametrize(
    "content, name",
    [
        (b'<?xml version="1.0"?>\n<!-- by hand -->\n<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG"),
        (b"<svg onload='alert(1)'/>", "an SVG"),
        (b"<!DOCTYPE html><html></html>", "an HTML page"),
        (b"%PDF-1.7", "a PDF"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "a HEIC photo"),
        (saved(drawn((9, 9)), "TIFF"), "a TIFF"),
        (saved(drawn((9, 9)), "BMP"), "a BMP"),
        (b"hello", "none of them"),
    ],
)
def test_another_format_is_called_by_its_name_and_those_that_work_are_named(content, name):
    message = refusal(content)
    assert message.startswith(f"Expected a JPEG, PNG, WebP, AVIF or GIF image, but this is {name}")


@pytest.mark.parametrize("form", FORMATS)
def test_changed_bytes_end_in_an_image_or_a_sentence_and_nothing_else(form):
    image = drawn((40, 30)).convert("P") if form == "GIF" else drawn((40, 30))
    exif = {} if form == "GIF" else {"exif": opened(photo()).getexif(), "icc_profile": SRGB}
    content = saved(image, form, **exif)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for place in range(0, len(content), max(1, len(content) // 250)):
            changed = bytearray(content)
            changed[place] ^= 0x55
            with contextlib.suppress(InvalidInput):
                looked_at(bytes(changed))


# Arguments


@pytest.mark.parametrize(
    "arguments",
    [
        {"widths": []},
        {"widths": [15]},
        {"widths": [4097]},
        {"widths": list(range(16, 25))},
        {"widths": ["320"]},
        {"formats": []},
        {"formats": ["bmp"]},
        {"quality": 0},
        {"quality": 101},
    ],
)
def test_arguments_beyond_their_limits_are_refused(arguments):
    with pytest.raises(InvalidArguments):
        parse(process, {"source": "id", **arguments})


def test_arguments_at_their_limits_are_taken():
    arguments = {"source": "id", "widths": [16, 4096, *range(100, 106)], "formats": ["jpeg"], "quality": 100}
    assert parse(process, arguments) == arguments
