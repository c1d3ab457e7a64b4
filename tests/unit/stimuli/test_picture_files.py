"""Pictures come out upright, in three channels and whole, or not at all and by name."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.stimuli.pictures.files import (
    MAX_PIXELS,
    check_pictures,
    read_picture,
    require_present,
    resize_picture,
)


def noise(height=20, width=30, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def saved(folder, name, picture, **options):
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(folder / name, **options)
    return folder / name


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tiff", "a.webp"])
def test_lossless_formats_give_back_every_pixel(tmp_path, name):
    options = {"lossless": True} if name.endswith("webp") else {}
    picture = read_picture(saved(tmp_path, name, noise(), **options))
    np.testing.assert_array_equal(picture, noise())
    assert picture.dtype == np.uint8
    assert picture.flags.writeable
    assert picture.flags.c_contiguous


def test_exif_orientation_is_applied(tmp_path):
    picture = np.zeros((16, 24, 3), dtype=np.uint8)
    picture[:, :12] = (255, 0, 0)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    upright = read_picture(saved(tmp_path, "a.png", picture, exif=exif))
    assert upright.shape == (24, 16, 3)
    np.testing.assert_array_equal(upright[:12], np.broadcast_to((255, 0, 0), (12, 16, 3)))
    assert not upright[12:].any()


def test_palette_grey_and_one_bit_become_rgb(tmp_path):
    palette = Image.fromarray(noise()).quantize(64)
    found = read_picture(saved(tmp_path, "p.png", palette))
    np.testing.assert_array_equal(found, np.asarray(palette.convert("RGB")))
    grey = noise()[..., 0]
    found = read_picture(saved(tmp_path, "l.png", grey))
    np.testing.assert_array_equal(found, np.repeat(grey[..., None], 3, axis=2))
    bits = read_picture(saved(tmp_path, "1.png", Image.fromarray(grey > 128)))
    np.testing.assert_array_equal(bits[..., 0], 255 * (grey > 128))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pixels_lie_on_mid_grey(tmp_path, mode):
    image = Image.fromarray(noise()).convert(mode)
    alpha = np.zeros((20, 30), dtype=np.uint8)
    alpha[10:], alpha[:, 20:] = 255, 51
    image.putalpha(Image.fromarray(alpha))
    found = read_picture(saved(tmp_path, "a.png", image))
    colour = np.asarray(Image.fromarray(noise()).convert(mode[:-1]).convert("RGB"))
    assert (found[:10, :20] == 128).all()
    np.testing.assert_array_equal(found[10:, :20], colour[10:, :20])
    mixed = 0.2 * colour[:, 20:] + 0.8 * 128
    np.testing.assert_allclose(found[:, 20:], mixed, atol=1)


def test_a_transparent_colour_of_a_palette_lies_on_mid_grey(tmp_path):
    image = Image.new("P", (16, 16), 1)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((3, 3), 0)
    found = read_picture(saved(tmp_path, "p.png", image, transparency=1))
    assert found[3, 3].tolist() == [255, 0, 0]
    assert found[0, 0].tolist() == [128, 128, 128]


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path):
    values = np.linspace(0, 65_535, 256, dtype=np.uint16).reshape(16, 16)
    found = read_picture(saved(tmp_path, "a.png", values))
    np.testing.assert_array_equal(found[..., 1], np.arange(256).reshape(16, 16))


def test_cmyk_becomes_rgb(tmp_path):
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    found = read_picture(saved(tmp_path, "a.jpg", image, quality=100))
    np.testing.assert_allclose(found, np.broadcast_to((255, 0, 0), (16, 16, 3)), atol=3)


@pytest.mark.parametrize("mode", ["F", "I"])
def test_numbers_without_a_known_range_are_refused(tmp_path, mode):
    image = Image.fromarray(np.full((16, 16), 1e6, dtype={"F": "f4", "I": "i4"}[mode]))
    with pytest.raises(DataFault, match=r"save it as an 8-bit PNG"):
        read_picture(saved(tmp_path, "a.tiff", image))


def test_a_missing_picture_is_named_with_the_nearest_one(tmp_path):
    saved(tmp_path, "aardvark_01b.png", noise())
    with pytest.raises(DataFault, match=r"not found \[.*aardvark_01s.*mean 'aardvark_01b.png'"):
        read_picture(tmp_path / "aardvark_01s.png")
    with pytest.raises(DataFault, match=r"picture not found \[.*elsewhere.b.png\]$"):
        read_picture(tmp_path / "elsewhere" / "b.png")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty file"),
        (b"\n <!DOCTYPE html><html>404</html>", "error page, not a picture"),
        (b"PK\x03\x04 and so on", r"not a picture, it starts with b'PK"),
    ],
)
def test_what_is_no_picture_is_said_in_one_line(tmp_path, content, message):
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(DataFault, match=message + r".*a.jpg.*fetch again"):
        read_picture(tmp_path / "a.jpg")


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.bmp", "a.tiff", "a.gif"])
@pytest.mark.parametrize("share", [0.9, 0.5])
def test_a_truncated_picture_is_refused(tmp_path, name, share):
    path = saved(tmp_path, name, noise(64, 64))
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataFault, match="truncated or damaged picture"):
        read_picture(path)


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.tiff", "a.webp"])
def test_several_frames_are_not_one_picture(tmp_path, name):
    frames = [Image.fromarray(noise(seed=seed)) for seed in range(3)]
    path = saved(tmp_path, name, frames[0], save_all=True, append_images=frames[1:])
    with pytest.raises(DataFault, match="3 frames or pages, not one picture"):
        read_picture(path)


def test_of_a_photograph_with_two_views_the_first_is_taken(tmp_path):
    red, blue = (Image.new("RGB", (16, 16), colour) for colour in ("red", "blue"))
    path = saved(tmp_path, "a.jpg", red, format="MPO", save_all=True, append_images=[blue])
    assert read_picture(path)[8, 8, 0] > 250


def test_a_decompression_bomb_is_not_decoded(tmp_path):
    for side in (9_500, 14_000):  # above the limit, and above twice the limit
        assert side**2 > MAX_PIXELS
        buffer = io.BytesIO()
        Image.new("1", (side, side)).save(buffer, "PNG")
        (tmp_path / "bomb.png").write_bytes(buffer.getvalue())
        with pytest.raises(DataFault, match=r"picture too large.*89 million"):
            read_picture(tmp_path / "bomb.png")


def test_a_mark_of_a_few_pixels_and_a_strip_are_no_pictures(tmp_path):
    with pytest.raises(DataFault, match="30 x 7 pixels, less than 8"):
        read_picture(saved(tmp_path, "a.png", noise(7, 30)))
    read_picture(saved(tmp_path, "b.png", noise(8, 30)))
    with pytest.raises(DataFault, match=r"401 x 8 pixels.*more than 50 times as long"):
        read_picture(saved(tmp_path, "c.png", noise(8, 401)))


def test_all_pictures_that_cannot_be_used_stand_in_one_fault(tmp_path):
    for name in ("a.png", "b.jpg", "c.png", "d.jpg"):
        saved(tmp_path, name, noise(64, 64))
    check_pictures(tmp_path, ["a.png", "b.jpg", "a.png"])
    (tmp_path / "b.jpg").write_bytes((tmp_path / "b.jpg").read_bytes()[:-500])
    (tmp_path / "c.png").write_bytes(b"<html>")
    with pytest.raises(DataFault) as caught:
        check_pictures(tmp_path, ["a.png", "b.jpg", "b.jpg", "c.png", "d.jpg"])
    assert "2 of 4 pictures cannot be used: b.jpg (truncated" in str(caught.value)
    assert "c.png (error page" in str(caught.value)


def test_all_missing_pictures_are_counted_and_the_first_20_named(tmp_path):
    names = [f"{number:02d}.png" for number in range(25)]
    saved(tmp_path, names[0], noise())
    (tmp_path / names[1]).touch()
    with pytest.raises(DataFault, match=r"24 of 25 pictures .*: 01.png, 02.*20.png and 4 more"):
        require_present(tmp_path, names)
    with pytest.raises(DataFault, match="24 of 25"):
        check_pictures(tmp_path, names)


def test_the_middle_square_is_kept_and_wide_and_high_pictures_agree():
    wide = np.zeros((40, 100, 3), dtype=np.uint8)
    wide[:, 30:70] = 255  # exactly the middle square
    assert (resize_picture(wide, 40) == 255).all()
    np.testing.assert_array_equal(
        resize_picture(wide, 20).transpose(1, 0, 2), resize_picture(wide.transpose(1, 0, 2), 20)
    )


def test_a_picture_of_the_right_size_is_not_touched():
    np.testing.assert_array_equal(resize_picture(noise(24, 24), 24), noise(24, 24))
    np.testing.assert_array_equal(resize_picture(noise(24, 30), 24, 20), noise(24, 30)[2:22, 5:25])


def test_shrinking_smooths_instead_of_skipping():
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[::2] = 255
    assert np.abs(resize_picture(stripes, 16)[2:-2].astype(int) - 128).max() <= 2


def test_impossible_sizes_and_arrays_are_refused():
    for size, crop in ((0, None), (10, 11), (10, 0)):
        with pytest.raises(ConfigFault, match="pixels"):
            resize_picture(noise(), size, crop)
    for wrong in (noise()[..., 0], noise().astype(np.float32), noise()[..., :2]):
        with pytest.raises(DataFault, match=r"give uint8 of shape \(height, width, 3\)"):
            resize_picture(wrong, 10)
