import numpy as np
import pytest
import torch
from matplotlib import pyplot
from torch.nn.functional import interpolate
from torch.overrides import TorchFunctionMode

from dojo.checks import answer_of, assert_same, unchanged
from dojo.counting import count
from katas.data.resize import plot_both, resize_bilinear, resize_nearest

READY_MADE = ("interpolate", "upsample", "grid_sample")


def test_nearest_takes_the_pixel_at_the_upper_left_corner(device):
    row = [10, 20, 30, 40, 50]
    for got in along_both_axes(resize_nearest, row, 3, device):
        assert got == [10, 20, 40], (
            f"of {row} three are to be left: their corners lie at 0, 5/3 and 10/3, which is in 10, "
            f"20 and 40, got {got}: [10, 30, 40] would mean rounding, [10, 30, 50] the centres"
        )


def test_nearest_repeats_pixels_when_it_enlarges(device):
    for got in along_both_axes(resize_nearest, [10, 20, 30], 5, device):
        assert got == [10, 10, 20, 20, 30], (
            "10, 20, 30 over five pixels: the corners lie at 0, 0.6, 1.2, 1.8 and 2.4, which is in "
            f"10, 10, 20, 20 and 30, got {got}"
        )


def test_height_comes_before_width(device):
    assert_height_first(resize_nearest, device)


def test_height_comes_before_width_in_bilinear(device):
    assert_height_first(resize_bilinear, device)


def test_nearest_agrees_with_torch_on_drawn_sizes(device, generator):
    for old, new in drawn_sizes(generator):
        image = drawn_bytes(old, generator)
        expected = interpolate(image[None], size=new, mode="nearest")[0].to(device)
        got = resized(resize_nearest, image.to(device), new)
        assert_same(got, expected, f"so interpolate resizes {old} to {new}")


def test_nearest_keeps_the_dtype_and_every_value(device):
    for dtype, values in (
        (torch.uint8, [0, 255, 7]),
        (torch.int64, [2**53 + 1, -(2**53) - 1, 3]),
        (torch.bool, [True, False, True]),
        (torch.float16, [0.5, -2.0, 1.0]),
        (torch.float32, [1e-30, -0.1, 1e30]),
    ):
        image = torch.tensor([[values]], dtype=dtype, device=device)
        expected = image[:, :, [0, 0, 1, 1, 2, 2]]
        got = resized(resize_nearest, image, (1, 6))
        assert_same(got, expected, "a copy is what it was, in its dtype", rtol=0, atol=0)


def test_bilinear_blends_the_two_pixels_around_a_centre(device):
    for row, expected, meaning in (
        ([0, 12, 4, 20], [6, 12], "each is half of two; 0 and 4 lack the half pixel"),
        ([0, 40, 16], [0, 25, 31, 16], "40 at 0.625 of the way gives 25, at 0.375 it gives 15"),
        ([10, 20, 30, 90], [35 / 3, 25, 80], "10, 25 and 90 would mean aligned corners"),
    ):
        for got in along_both_axes(resize_bilinear, row, len(expected), device):
            assert got == pytest.approx(expected), (
                f"{row} in {len(expected)} pixels is {expected}, got {got}: {meaning}"
            )


def test_the_border_goes_on_beyond_the_last_centre(device):
    for got in along_both_axes(resize_bilinear, [8, 16], 4, device):
        assert got == pytest.approx([8, 10, 14, 16]), (
            "8, 16 over four pixels: their centres lie at -0.25, 0.25, 0.75 and 1.25 of the way, "
            f"and beyond 0 and 1 it stays 8 and 16, got {got}: 6 and 18 would mean that the slope "
            "goes on, 10 at the left that -1 is the far edge, 6 and 12 that it is black there"
        )


def test_bilinear_agrees_with_torch_on_drawn_sizes(device, generator):
    for old, new in drawn_sizes(generator):
        image = torch.rand(old, generator=generator) * 2 - 1
        got = resized(resize_bilinear, image.to(device), new)
        expected = interpolate(image[None], size=new, mode="bilinear", align_corners=False)[0]
        assert_same(got, expected.to(device), f"so interpolate resizes {old} to {new}")


def test_bilinear_agrees_with_torch_on_bytes(device, generator):
    for old, new in drawn_sizes(generator):
        image = drawn_bytes(old, generator)
        got = resized(resize_bilinear, image.to(device), new)
        expected = interpolate(image[None].float(), size=new, mode="bilinear")[0]
        # Places that are rounded to float32 are a millionth off, and up to 255 lies between pixels.
        assert_same(
            got, expected.to(device), f"bytes as floats, from {old} to {new}", rtol=0, atol=1e-3
        )


def test_fractions_of_bytes_stay(device):
    image = torch.tensor([[[10, 11]]], dtype=torch.uint8, device=device)
    got = resized(resize_bilinear, image, (1, 4)).flatten().tolist()
    assert got == pytest.approx([10, 10.25, 10.75, 11]), (
        f"bytes 10 and 11 over four pixels are 10, 10.25, 10.75 and 11, got {got}"
    )


def test_bytes_are_blended(device):
    image = torch.tensor([[[0, 200]]], dtype=torch.uint8, device=device)
    got = resized(resize_bilinear, image, (1, 4)).flatten().tolist()
    assert got == pytest.approx([0, 50, 150, 200]), (
        f"bytes 0 and 200 over four pixels are 0, 50, 150 and 200, got {got}: 0, 0, 0 and 200 "
        "would mean that weights of 1/4 and 3/4 became bytes, too"
    )


def test_bilinear_gives_float32(device):
    for dtype in (torch.uint8, torch.float32):
        got = resized(resize_bilinear, torch.ones(2, 3, 4, dtype=dtype, device=device), (2, 2))
        assert got.dtype == torch.float32, f"{dtype} images give torch.float32, got {got.dtype}"


def test_an_even_image_stays_even(device):
    for dtype in (torch.uint8, torch.float32):
        image = torch.full((2, 3, 5), 7, dtype=dtype, device=device)
        for size in ((2, 3), (4, 11)):
            got = resized(resize_bilinear, image, size)
            expected = torch.full((2, *size), 7.0, device=device)
            assert_same(got, expected, "blends of 7 and 7 are 7, up to the border")


def test_no_blend_is_beyond_what_it_blends(device, generator):
    image = torch.rand((2, 3, 5), generator=generator)
    for size in ((2, 3), (4, 11)):
        low, high = (
            value.item() for value in resized(resize_bilinear, image.to(device), size).aminmax()
        )
        assert image.min() - 1e-5 <= low <= high <= image.max() + 1e-5, (
            f"pixels from {image.min():.3f} to {image.max():.3f} give blends from {low:.3f} to "
            f"{high:.3f} in size {size}: a weight is below 0, or something from outside is in it"
        )


def test_a_mirrored_image_gives_the_mirrored_blends(device, generator):
    image = torch.rand((2, 4, 5), generator=generator).to(device)
    for size in ((2, 3), (7, 11)):
        for axis in (1, 2):
            got = resized(resize_bilinear, image.flip(axis), size)
            expected = resized(resize_bilinear, image, size).flip(axis)
            assert_same(
                got, expected, f"4 by 5 to {size}: no end of an axis comes before the other"
            )


def test_one_pixel_shows_the_corner_or_the_centre(device):
    image = torch.arange(15.0, device=device).reshape(1, 3, 5)
    got = resized(resize_nearest, image, (1, 1)).item()
    assert got == 0, f"the corner of the one pixel left lies in that of the image, 0, got {got}"
    got = resized(resize_bilinear, image, (1, 1)).item()
    assert got == pytest.approx(7), (
        f"the centre of the one pixel left lies on that of the image, which is 7, got {got}"
    )


def test_nearest_loses_every_second_line_at_half_the_size(device):
    got = [peak(resize_nearest, column, 4, device) for column in range(8)]
    assert got == [1, 0, 1, 0, 1, 0, 1, 0], (
        "a white line of one pixel at each of 8 columns, shrunk to 4: nearest keeps those in "
        f"columns 0, 2, 4 and 6, and loses the others, got {got}"
    )


def test_bilinear_shows_every_line_at_half_the_size(device):
    got = [peak(resize_bilinear, column, 4, device) for column in range(8)]
    assert got == pytest.approx([0.5] * 8), (
        "a white line of one pixel at each of 8 columns, shrunk to 4: bilinear shows it in half "
        f"of its brightness, wherever it is, got {got}"
    )


def test_bilinear_loses_every_second_line_at_a_quarter_of_the_size(device):
    got = [peak(resize_bilinear, column, 2, device) for column in range(8)]
    assert got == pytest.approx([0, 0.5, 0.5, 0, 0, 0.5, 0.5, 0]), (
        "a white line of one pixel at each of 8 columns, shrunk to 2: of four columns bilinear "
        f"reads the two in the middle, got {got}: 0.25 everywhere would mean that all are averaged"
    )


def test_half_the_size_is_the_mean_of_blocks_of_four(device, digits):
    images = digits.images[:20]
    images = images[:, : images.shape[1] // 2 * 2, : images.shape[2] // 2 * 2]
    size = images.shape[1] // 2, images.shape[2] // 2
    blocks = images.double().unflatten(1, (-1, 2)).unflatten(3, (-1, 2)).mean((2, 4))
    got = resized(resize_bilinear, images.to(device), size)
    meaning = "digits at half the size: each pixel is the mean of two by two"
    assert_same(got, blocks.float().to(device), meaning, rtol=0, atol=1e-3)


def test_the_same_size_changes_nothing(device):
    image = torch.tensor([[[3.0, -1, 4], [1, 5, 9]], [[2, 6, 5], [3, 5, 8]]], device=device)
    for resize in (resize_nearest, resize_bilinear):
        assert_same(resized(resize, image, (2, 3)), image, "2 by 3 in size (2, 3) stays as it is")


def test_the_image_stays_as_it_is(device):
    for dtype in (torch.uint8, torch.float32):
        image = torch.arange(24, device=device).to(dtype).reshape(2, 3, 4)
        with unchanged(image):
            resize_nearest(image, (2, 6))
            resize_bilinear(image, (2, 6))


def test_the_result_is_on_the_device(device):
    image = torch.ones(2, 3, 4, device=device)
    for resize in (resize_nearest, resize_bilinear):
        got = resized(resize, image, (2, 2)).device
        assert got.type == device.type, f"the image is on {device.type}, the result on {got.type}"


def test_nearest_takes_no_more_operations_for_more_pixels(device):
    assert_no_growth(resize_nearest, device)


def test_bilinear_takes_no_more_operations_for_more_pixels(device):
    assert_no_growth(resize_bilinear, device)


def test_nearest_reads_no_number_out(device):
    assert_nothing_read(resize_nearest, device)


def test_bilinear_reads_no_number_out(device):
    assert_nothing_read(resize_bilinear, device)


def test_nearest_does_without_a_ready_made_one(device):
    assert_own_work(resize_nearest, device)


def test_bilinear_does_without_a_ready_made_one(device):
    assert_own_work(resize_bilinear, device)


def test_nearest_beats_the_loop(race, device, generator):
    race(nearest_loop, resize_nearest, lambda: inputs(64, device, generator), at_least=30)


def test_bilinear_beats_the_loop(race, device, generator):
    race(bilinear_loop, resize_bilinear, lambda: inputs(64, device, generator), at_least=30)


@pytest.mark.parametrize("side", [16, 64, 128])
def test_benchmark_nearest(bench, device, generator, side):
    bench(nearest_loop, resize_nearest, lambda: inputs(side, device, generator))


@pytest.mark.parametrize("side", [16, 64, 128])
def test_benchmark_bilinear(bench, device, generator, side):
    bench(bilinear_loop, resize_bilinear, lambda: inputs(side, device, generator))


def test_three_axes_hold_an_image_each(figure):
    for number, ax in enumerate(drawn(figure, lines(), (12, 16)), 1):
        assert len(ax.images) == 1, (
            f"imshow is to draw one image on each of the three axes handed over, number {number} "
            f"holds {len(ax.images)}"
        )


def test_nothing_is_drawn_elsewhere(figure):
    drawn(figure, lines(), (12, 16))
    others = [ax for number in pyplot.get_fignums() for ax in pyplot.figure(number).axes]
    assert not any(ax.images for ax in others), (
        "there is an image on other axes than those handed over, and pyplot has made them"
    )


def test_the_order_is_original_nearest_bilinear(figure):
    assert_pictures(drawn(figure, lines(), (12, 16)), lines(), (12, 16))


def test_grey_is_drawn_in_grey(figure):
    for ax in drawn(figure, lines(), (12, 16)):
        picture = shown(ax)
        spread = (picture.amax(2) - picture.amin(2)).max().item()
        assert spread < 0.01, (
            f"an image with one channel has no colours, but red, green and blue are {spread:.2f} "
            "apart: imshow draws a matrix in colours of its own, unless it is given a cmap"
        )


def test_the_three_are_on_one_scale(figure):
    for ax in drawn(figure, 0.3 + 0.2 * lines(), (12, 16)):
        darkest, brightest = (value.item() for value in shown(ax).aminmax())
        # Grey that follows the eye, as Greys_r does, shows 0.5 as 0.59.
        assert 0.2 < darkest < brightest < 0.65, (
            f"pixels are from 0.3 to 0.5, and are drawn as {darkest:.2f} to {brightest:.2f}, from "
            "0, black, to 1, white: imshow stretches each image over the whole of that, unless it "
            "is given vmin and vmax"
        )


def test_colours_are_drawn_in_colour(figure):
    image = torch.cat([lines(), 1 - lines(), lines().flip(2) * 0.5])
    assert_pictures(drawn(figure, image, (8, 9)), image, (8, 9))


def test_three_equal_channels_are_grey(figure):
    image = lines().repeat(3, 1, 1)
    assert_pictures(drawn(figure, image, (12, 16)), image, (12, 16))


def test_the_titles_tell_nearest_and_bilinear(figure):
    _, second, third = (ax.get_title() for ax in drawn(figure, lines(), (12, 16)))
    for title, word in ((second, "nearest"), (third, "bilinear")):
        assert word in title.lower(), f"a title is to have the word {word} in it, it is {title!r}"


def test_an_image_on_the_device_can_be_drawn(figure, device):
    assert_pictures(drawn(figure, lines().to(device), (12, 16)), lines(), (12, 16))


def resized(resize, image, size):
    return answer_of(
        lambda: resize(image, size), f"{image.dtype} of {tuple(image.shape)} has a size {size}"
    )


def along_both_axes(resize, row, new, device):
    """What becomes of numbers that lie side by side, and of the same that lie one below another."""
    image = torch.tensor([[row]], dtype=torch.float32, device=device)
    yield resized(resize, image, (1, new)).flatten().tolist()
    yield resized(resize, image.transpose(1, 2), (new, 1)).flatten().tolist()


def assert_height_first(resize, device):
    image = torch.ones(3, 2, 4, device=device)
    got = tuple(resized(resize, image, (5, 7)).shape)
    assert got == (3, 5, 7), (
        f"3 channels in size (5, 7) are (3, 5, 7), got {got}: height comes first, as in a shape"
    )


def drawn_sizes(generator):
    """200 shapes of images and sizes for them, from 1 to 25 pixels: interpolate is exact there."""
    for channels, height, width, *size in torch.randint(
        1, 26, (200, 5), generator=generator
    ).tolist():
        yield (1 + channels % 3, height, width), tuple(size)


def drawn_bytes(shape, generator):
    return torch.randint(256, shape, generator=generator).to(torch.uint8)


def peak(resize, column, width, device):
    """How bright a line of one pixel is once 8 columns have become so many."""
    image = torch.zeros(1, 3, 8, device=device)
    image[:, :, column] = 1
    return resized(resize, image, (3, width)).max().item()


def counted(resize, shape, size, device):
    image = torch.ones(shape, device=device)
    with count(device) as counts:
        resize(image, size)
    return counts


def assert_no_growth(resize, device):
    few = counted(resize, (2, 4, 6), (3, 2), device)
    many = counted(resize, (2, 40, 60), (30, 20), device)
    assert many.launches <= few.launches, (
        f"4 by 6 to 3 by 2 took {few.launches} operations, 40 by 60 to 30 by 20 took "
        f"{many.describe()}: what grows with the pixels is a loop over them"
    )


def assert_nothing_read(resize, device):
    counts = counted(resize, (2, 4, 6), (3, 2), device)
    assert not counts.synchronisations, (
        "the numbers are to stay in torch, where reading one waits for the device, got "
        + ", ".join(counts.synchronisations)
    )


def assert_own_work(resize, device):
    with Called() as called:
        counts = counted(resize, (2, 4, 6), (3, 2), device)
    names = [*called.names, *counts.operations]
    ready = sorted({name for name in names if any(part in name for part in READY_MADE)})
    assert not ready, f"the resizing is to be your own, and {', '.join(ready)} did it"


class Called(TorchFunctionMode):
    """The names of the functions of torch that are called; count() sees what these consist of."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        self.names.append(getattr(function, "__name__", ""))
        return function(*args, **(kwargs or {}))


def inputs(side, device, generator):
    image = torch.rand(3, side, side, generator=generator).to(device)
    return image, (side // 2, side // 2)


def nearest_loop(image, size):
    channels, old_height, old_width = image.shape
    height, width = size
    result = image.new_empty(channels, height, width)
    for i in range(height):
        for j in range(width):
            result[:, i, j] = image[:, i * old_height // height, j * old_width // width]
    return result


def bilinear_loop(image, size):
    channels, old_height, old_width = image.shape
    height, width = size
    result = image.new_empty(channels, height, width)
    for i in range(height):
        y = max(0.0, (i + 0.5) * old_height / height - 0.5)
        top, bottom, down = int(y), min(int(y) + 1, old_height - 1), y % 1
        for j in range(width):
            x = max(0.0, (j + 0.5) * old_width / width - 0.5)
            left, right, along = int(x), min(int(x) + 1, old_width - 1), x % 1
            above = (1 - along) * image[:, top, left] + along * image[:, top, right]
            below = (1 - along) * image[:, bottom, left] + along * image[:, bottom, right]
            result[:, i, j] = (1 - down) * above + down * below
    return result


def lines():
    """Lines of one pixel, upright in even and odd columns, lying, and aslant; and a ring."""
    image = torch.zeros(1, 24, 32)
    image[0, 2:13, [2, 5, 8, 11]] = 1
    image[0, [15, 18, 21], 2:13] = 1
    for step in range(10):
        image[0, 2 + step, 15 + step] = image[0, 2 + step // 2, 20 + step] = 1
    y, x = torch.arange(24.0)[:, None], torch.arange(32.0)
    image[0][((y - 17.3).square() + (x - 22.6).square()).sqrt().sub(5).abs() < 0.6] = 1
    return image


def drawn(figure, image, size):
    axes = figure.subplots(1, 3)
    answer_of(lambda: plot_both(axes, image, size), f"{tuple(image.shape)} is drawn in size {size}")
    return axes


def shown(ax):
    """The colours that the axes show, (height, width, 3), from 0 to 1."""
    assert ax.images, "there is no image on axes that were handed over"
    image = ax.images[-1]
    return torch.from_numpy(np.asarray(image.to_rgba(image.get_array()), dtype="float32"))[..., :3]


def assert_pictures(axes, image, size):
    """Compare what is drawn with what the functions give: whether they are right is not judged."""
    names = ("original", "nearest", "bilinear")
    images = (image, resize_nearest(image, size), resize_bilinear(image, size))
    for ax, name, expected in zip(axes, names, images, strict=True):
        expected = expected.expand(3, -1, -1).permute(1, 2, 0)
        # Some of matplotlib's maps for grey, such as Greys_r, follow the eye, and are 0.1 off.
        assert_same(shown(ax), expected, f"it is not the {name} image", rtol=0, atol=0.15)
