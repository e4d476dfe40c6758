"""Any image's pixels as 8-bit sRGB, with nothing else left of the file."""

import io

from PIL import Image, ImageCms

#: Colour spaces of ICC profiles that fit the modes to which pixels are brought first.
_MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}


def to_srgb(image: Image.Image) -> Image.Image:
    """A copy in mode RGB, or RGBA if it has transparency, converted from its ICC profile; without any metadata."""
    plain = _eight_bit(image)
    alpha = plain.getchannel("A") if plain.mode in {"RGBA", "LA"} else None
    base = {"RGBA": "RGB", "LA": "L"}.get(plain.mode, plain.mode)
    opaque = plain if plain.mode == base else plain.convert(base)
    rgb = _through_profile(opaque, image.info.get("icc_profile")) or opaque.convert("RGB")
    if alpha is not None:
        rgb.putalpha(alpha)
    rgb.info = {}
    return rgb


def _eight_bit(image: Image.Image) -> Image.Image:
    """In one of L, LA, RGB, RGBA and CMYK."""
    if image.mode.startswith("I"):
        return image.point(lambda value: value / 256).convert("L")
    if image.mode in {"L", "LA", "RGB", "RGBA", "CMYK"} and "transparency" not in image.info:
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _through_profile(image: Image.Image, profile: bytes | None) -> Image.Image | None:
    """The pixels in sRGB; None if there is no profile, or none that fits."""
    if not profile:
        return None
    try:
        source = ImageCms.getOpenProfile(io.BytesIO(profile))
        if _MODES.get(source.profile.xcolor_space) != image.mode:
            return None
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None  # browsers show a broken profile's pixels as they are, too


def flattened(image: Image.Image) -> Image.Image:
    """Without transparency, on white."""
    if image.mode != "RGBA":
        return image
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground
