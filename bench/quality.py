"""How near thumbnails are to the whole picture resized: luma PSNR. Needs Pillow, and pillow-heif for HEIC.

Usage: quality.py PHOTO THUMBNAIL...: prints a JSON array, the PSNR of each thumbnail in dB, or null for one that is not upright.
Both libraries turn a picture once, as its container says (irot and imir), or else by its EXIF.
"""

import functools
import io
import json
import math
import pathlib
import sys

from PIL import Image, ImageChops, ImageCms, ImageOps, ImageStat

IDENTICAL_DB = 99.0
SAME_SHAPE = 0.05  # what rounding to whole pixels may change


def _in_srgb(image: Image.Image) -> Image.Image:
    """By its own profile, with the alpha that it has."""
    alpha = image.convert("RGBA").getchannel("A")
    colors = image.convert("RGB")
    if profile := image.info.get("icc_profile"):
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() == "RGB":
            colors = ImageCms.profileToProfile(colors, source, ImageCms.createProfile("sRGB"))
    colors.putalpha(alpha)
    return colors


def _on_white(image: Image.Image) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("L")


@functools.lru_cache(maxsize=1)
def _whole(path: pathlib.Path) -> Image.Image:
    if path.suffix == ".heic":
        import pillow_heif  # only here: the other formats need no more than Pillow

        pillow_heif.register_heif_opener()
    # Multiplied by alpha, as resizing has to have it.
    return _in_srgb(ImageOps.exif_transpose(Image.open(path))).convert("RGBa")


def psnr_db(photo: pathlib.Path, thumbnail: pathlib.Path) -> float | None:
    """Of the luma, on white, in sRGB, against the whole picture resized by Lanczos; nothing for one of another shape, which
    was not turned upright."""
    made = _on_white(_in_srgb(Image.open(thumbnail)))
    whole = _whole(photo)
    if abs(made.width * whole.height / (made.height * whole.width) - 1) > SAME_SHAPE:
        return None
    expected = _on_white(whole.resize(made.size, Image.Resampling.LANCZOS).convert("RGBA"))
    error = ImageStat.Stat(ImageChops.difference(made, expected)).sum2[0] / (made.width * made.height)
    return IDENTICAL_DB if error == 0 else round(10 * math.log10(255 * 255 / error), 2)


def main() -> None:
    photo, *thumbnails = map(pathlib.Path, sys.argv[1:])
    print(json.dumps([psnr_db(photo, thumbnail) for thumbnail in thumbnails]))


if __name__ == "__main__":
    main()
