import math

import pytest
import torch

from dojo.checks import answer_of, assert_refused, assert_same, unchanged
from katas.tensors.images_as_numbers import to_grey, to_tensor


def test_a_grey_picture_gets_one_channel(device):
    pixels = torch.tensor([[51, 102, 153, 204], [0, 255, 51, 0]], dtype=torch.uint8, device=device)
    got = tuple(to_tensor(pixels).shape)
    assert got == (1, 2, 4), (
        f"a grey picture of shape (2, 4) gives (1, 2, 4), got {got}: "
        "(2, 4) would mean that the channel axis is missing, (2, 4, 1) that it comes last"
    )


def test_a_picture_is_of_rank_3(device):
    for shape in ((2, 4), (2, 4, 3)):
        got = to_tensor(_bytes(*shape, device=device)).ndim
        assert got == 3, (
            f"pixels of shape {shape} give (channels, height, width), so rank 3, got rank {got}"
        )


def test_a_grey_picture_three_pixels_wide_is_grey(device):
    for height, width in ((5, 3), (3, 3), (3, 5), (1, 3)):
        pixels = _bytes(height, width, device=device)
        got = to_tensor(pixels)
        assert tuple(got.shape) == (1, height, width), (
            f"a picture of shape {height, width} has rank 2, so it is grey and gives "
            f"{1, height, width}, got {tuple(got.shape)}: its columns are no colours"
        )
        assert_same(got, _shares([pixels.tolist()], device))


def test_height_comes_before_width(device):
    for shape in ((2, 5), (2, 5, 3), (4, 1, 3)):
        height, width = tuple(to_tensor(_bytes(*shape, device=device)).shape)[-2:]
        assert (height, width) == shape[:2], (
            f"a picture {shape[0]} pixels high and {shape[1]} wide, shape {shape}, "
            f"comes back {height} high and {width} wide"
        )


def test_the_numbers_of_a_pixel_stay_together(device):
    red = [[250, 1, 2, 3], [4, 5, 6, 7]]
    green = [[20, 21, 22, 23], [24, 25, 26, 27]]
    blue = [[130, 131, 132, 133], [134, 135, 136, 137]]
    pixels = torch.tensor([red, green, blue], dtype=torch.uint8).permute(1, 2, 0).contiguous()
    assert_same(
        to_tensor(pixels.to(device)),
        _shares([red, green, blue], device),
        "channel 0 is the red of every pixel; numbers of different colours in one channel would "
        "mean that they were cut anew (reshape) in place of moved (permute)",
    )


def test_a_colour_picture_three_pixels_high_has_its_channels_last(device):
    for width in (3, 5):
        pixels = _bytes(3, width, 3, device=device)
        got = to_tensor(pixels)
        assert tuple(got.shape) == (3, 3, width), f"(3, {width}, 3) gives {tuple(got.shape)}"
        assert_same(
            got[1],
            _shares(pixels[:, :, 1].tolist(), device),
            f"channel 1 of a picture of shape (3, {width}, 3) is pixels[:, :, 1]: "
            "the first axis is the height, though its size is 3",
        )


def test_white_is_exactly_one(device):
    for shape in ((2, 4), (2, 4, 3)):
        white = torch.full(shape, 255, dtype=torch.uint8, device=device)
        got = to_tensor(white).unique().tolist()
        assert got == [1.0], (
            f"255 becomes exactly 1.0, got {got}: 0.99609375 would mean that it was divided by 256"
        )


def test_black_is_zero(device):
    for shape in ((2, 4), (2, 4, 3)):
        black = torch.zeros(shape, dtype=torch.uint8, device=device)
        got = to_tensor(black).unique().tolist()
        assert got == [0.0], f"0 is black and stays 0.0, got {got}: 1.0 would mean that 0 is white"


def test_a_dim_picture_stays_dim(device):
    pixels = torch.tensor([[0, 51, 0], [51, 0, 0]], dtype=torch.uint8, device=device)
    got = to_tensor(pixels).max().item()
    assert got == pytest.approx(0.2), (
        f"51 becomes 0.2, got {got:.6g}: 1 would mean that the brightest pixel is taken for white, "
        "0 that whole numbers were divided"
    )


def test_bytes_become_float32(device):
    for shape in ((2, 4), (2, 4, 3)):
        got = to_tensor(_bytes(*shape, device=device)).dtype
        assert got == torch.float32, f"expected torch.float32, got {got}"


def test_digits_lie_from_0_to_1(device, digits):
    for image in digits.images[:20].to(device):
        floats = to_tensor(image)
        low, high = floats.min().item(), floats.max().item()
        assert 0 <= low <= high <= 1, f"floats lie from 0 to 1, here from {low:.6g} to {high:.6g}"


def test_the_bytes_of_digits_can_be_had_back(device, digits):
    for image in _inked(digits, 20, device):
        back = (to_tensor(image) * 255).round().to(torch.uint8)
        assert_same(back, image.unsqueeze(0), "times 255 the floats are the bytes")


def test_three_digits_in_three_colours_come_apart(device, digits):
    red, green, blue = _inked(digits, 3, device)[:, :-1]  # not square
    colour = torch.stack([red, green, blue], dim=-1)
    got = (to_tensor(colour) * 255).round().to(torch.uint8)
    expected = torch.stack([red, green, blue])
    assert_same(got, expected, "one digit was painted in red, one in green, one in blue")


def test_two_four_or_five_channels_are_refused(device):
    for channels in (2, 4, 5):
        _refuses(_bytes(6, 7, channels, device=device), f"{channels} numbers a pixel")


def test_one_channel_at_the_end_is_refused(device):
    _refuses(_bytes(6, 7, 1, device=device), "a grey picture is of rank 2")


def test_channels_in_front_are_refused(device):
    _refuses(_bytes(3, 6, 7, device=device), "the channels come last, and there are 7 of them")
    _refuses(_bytes(1, 6, 7, device=device), "the channels come last, and there are 7 of them")


def test_a_batch_is_refused(device):
    _refuses(_bytes(2, 6, 7, 3, device=device), "rank 4 is no single picture")
    _refuses(_bytes(1, 6, 7, 3, device=device), "rank 4 is no single picture")
    _refuses(_bytes(2, 6, 3, 3, device=device), "rank 4 is no single picture")


def test_a_row_of_numbers_is_refused(device):
    _refuses(_bytes(12, device=device), "rank 1 is no picture")
    _refuses(_bytes(3, device=device), "rank 1 is no picture, nor is a single pixel")
    assert_refused(
        lambda: to_tensor(torch.tensor(7, dtype=torch.uint8, device=device)),
        ValueError,
        "one number is no picture",
    )


def test_floats_are_refused(device):
    for dtype, name in ((torch.float32, "float32"), (torch.float16, "float16")):
        for shape in ((2, 4), (2, 4, 3)):
            assert_refused(
                lambda: to_tensor(torch.ones(shape, dtype=dtype, device=device)),
                ValueError,
                f"pixels of shape {shape} are {name}, not uint8",
                mentions=(name,),
            )


def test_whole_numbers_other_than_bytes_are_refused(device):
    for dtype, name in ((torch.int64, "int64"), (torch.int8, "int8"), (torch.bool, "bool")):
        for shape in ((2, 4), (2, 4, 3)):
            assert_refused(
                lambda: to_tensor(torch.ones(shape, dtype=dtype, device=device)),
                ValueError,
                f"pixels of shape {shape} are {name}, not uint8",
                mentions=(name,),
            )


def test_red_weighs_0_299(device):
    _pure_colour_gives(0.299, "red", 0, device)


def test_green_weighs_0_587(device):
    _pure_colour_gives(0.587, "green", 1, device)


def test_blue_weighs_0_114(device):
    _pure_colour_gives(0.114, "blue", 2, device)


def test_green_looks_lighter_than_red_and_red_than_blue(device):
    colours = torch.eye(3, device=device).reshape(3, 1, 3)  # one row: red, green, blue
    grey = to_grey(colours)
    assert tuple(grey.shape) == (1, 1, 3), f"(3, 1, 3) gives (1, 1, 3), got {tuple(grey.shape)}"
    red, green, blue = grey.flatten().tolist()
    assert green > red > blue, (
        f"red gives {red:.3g}, green {green:.3g}, blue {blue:.3g}: "
        "to the eye green is the lightest and blue the darkest"
    )


def test_white_stays_white(device):
    got = to_grey(torch.ones(3, 2, 4, device=device))
    expected = torch.ones(1, 2, 4, device=device)
    assert_same(got, expected, "the weights add up to 1, so they are not to be divided by 3")


def test_a_light_grey_stays_as_light(device):
    for shade in (0.25, 0.75):
        got = to_grey(torch.full((3, 2, 4), shade, device=device))
        assert_same(
            got,
            torch.full((1, 2, 4), shade, device=device),
            f"the weights add up to 1, so {shade} of each colour is {shade} of grey",
        )


def test_grey_is_still_of_rank_3(device):
    got = to_grey(torch.zeros(3, 2, 4, device=device)).ndim
    assert got == 3, f"(1, height, width) is of rank 3, got rank {got}: the channel axis is missing"


def test_grey_is_one_channel(device):
    for height, width in ((2, 4), (1, 5), (3, 3)):
        got = tuple(to_grey(torch.zeros(3, height, width, device=device)).shape)
        assert got == (1, height, width), (
            f"a picture of shape {3, height, width} gives {1, height, width}, got {got}"
        )


def test_every_pixel_gets_its_own_grey(device):
    pixels = [[(1.0, 0.0, 0.5), (0.2, 0.9, 0.4)], [(0.0, 0.1, 1.0), (0.0, 0.0, 0.0)]]
    image = torch.tensor(pixels).permute(2, 0, 1).to(device)
    expected = [[0.299 + 0.057, 0.0598 + 0.5283 + 0.0456], [0.0587 + 0.114, 0.0]]
    assert_same(to_grey(image), torch.tensor([expected], device=device))


def test_weights_go_to_channels_and_not_to_columns(device):
    for shape in ((3, 2, 3), (3, 3, 4), (3, 3, 3)):
        image = torch.zeros(shape, device=device)
        image[0] = 1  # all red
        expected = torch.full((1, *shape[1:]), 0.299, device=device)
        assert_same(to_grey(image), expected, f"a red picture of shape {shape} is 0.299 all over")


def test_grey_stays_on_the_device(device):
    image = torch.ones(3, 2, 4, device=device)
    got = answer_of(lambda: to_grey(image).device, f"image is on {device.type}; are the weights?")
    assert got == image.device, f"image is on {image.device}, its grey on {got}"


def test_grey_is_no_input(device):
    assert_refused(
        lambda: to_grey(torch.ones(1, 6, 7, device=device)),
        ValueError,
        "an image of shape (1, 6, 7) has no red, green and blue",
        mentions=(1, 6, 7),
    )


def test_other_numbers_of_colours_are_refused(device):
    for channels in (2, 4, 6):
        assert_refused(
            lambda: to_grey(torch.ones(channels, 5, 7, device=device)),
            ValueError,
            f"an image of shape ({channels}, 5, 7) has {channels} channels, not 3",
            mentions=(channels, 5, 7),
        )


def test_channels_at_the_end_are_refused(device):
    assert_refused(
        lambda: to_grey(torch.ones(5, 7, 3, device=device)),
        ValueError,
        "an image of shape (5, 7, 3) has 5 channels, for these come first",
        mentions=(5, 7, 3),
    )


def test_an_image_of_another_rank_is_refused(device):
    for shape in ((3,), (3, 5), (3, 5, 6, 7)):
        assert_refused(
            lambda: to_grey(torch.ones(shape, device=device)),
            ValueError,
            f"an image of shape {shape} is of rank {len(shape)}, not 3",
            mentions=shape,
        )


def test_a_batch_of_images_is_refused(device):
    for shape in ((2, 3, 5, 7), (1, 3, 5, 7)):
        assert_refused(
            lambda: to_grey(torch.ones(shape, device=device)),
            ValueError,
            f"shape {shape} is a batch, not one image",
            mentions=shape,
        )


def test_the_inputs_stay_as_they_are(device):
    for shape in ((2, 4), (2, 4, 3)):
        pixels = _bytes(*shape, device=device)
        with unchanged(pixels):
            to_tensor(pixels)
    image = torch.arange(24.0, device=device).reshape(3, 2, 4) / 24
    with unchanged(image):
        to_grey(image)


@pytest.mark.parametrize("pixels", [100, 10_000, 1_000_000])
def test_benchmark(bench, device, generator, pixels):
    side = math.isqrt(pixels)

    def line_by_line(picture):
        return torch.stack([line.T / 255 for line in picture], 1)

    def inputs():
        picture = torch.randint(256, (side, side, 3), generator=generator, dtype=torch.uint8)
        return (picture.to(device),)

    bench(line_by_line, to_tensor, inputs)


def _bytes(*shape, device):
    """Bytes that differ from pixel to pixel and from channel to channel."""
    numbers = torch.arange(torch.Size(shape).numel()) * 7 % 256
    return numbers.to(torch.uint8).reshape(shape).to(device)


def _inked(digits, number, device):
    """Some digits, none with full ink: what divides by the brightest pixel then always shows."""
    return digits.images[:number].clamp(max=250).to(device)


def _shares(numbers, device):
    """The numbers of nested lists as shares of 255, divided by Python."""

    def divided(value):
        return [divided(item) for item in value] if isinstance(value, list) else value / 255

    return torch.tensor(divided(numbers), device=device)


def _refuses(pixels, why):
    shape = tuple(pixels.shape)
    assert_refused(lambda: to_tensor(pixels), ValueError, f"shape {shape}: {why}", mentions=shape)


def _pure_colour_gives(weight, colour, channel, device):
    image = torch.zeros(3, 2, 4, device=device)
    image[channel] = 1
    assert_same(
        to_grey(image),
        torch.full((1, 2, 4), weight, device=device),
        f"a picture that is all {colour} is {weight} all over",
    )
