import pytest
import torch

from dojo.checks import assert_same, unchanged
from dojo.counting import count
from katas.tensors.bytes_or_floats import blend, brighten

# All that there are: a program may go wrong for a few only, as sums in bfloat16 do.
AMOUNTS = range(-255, 256)
BYTES = range(256)


def as_bytes(pixels, device):
    return torch.tensor(pixels, dtype=torch.uint8, device=device)


def brightened(pixels, amount, device):
    """The pixels as a list, so that shape and dtype are left to the tests that ask for them."""
    return brighten(as_bytes(pixels, device), amount).flatten().tolist()


def blended(pairs, device):
    first, second = as_bytes(pairs, device).unbind(1)
    return blend(first, second).flatten().tolist()


def colour_images(generator, device, size=(3, 5, 4)):
    """Two images, by default of 5×4 pixels in three channels; the second is a permuted view."""
    drawn = torch.randint(0, 256, (2, *size), generator=generator, dtype=torch.uint8)
    first, second = drawn.to(device)
    return first, second.permute(1, 2, 0).contiguous().permute(2, 0, 1)


def test_the_amount_is_added(device):
    for amount in (0, 20, 55):
        got = brightened([0, 10, 128, 200], amount, device)
        expected = [amount, 10 + amount, 128 + amount, 200 + amount]
        assert got == expected, (
            f"0, 10, 128, 200 and {amount} more: expected {expected}, got {got}: "
            "0 for 128 would mean that bytes were taken for numbers from -128 to 127"
        )


def test_a_negative_amount_darkens(device):
    got = brightened([10, 100, 128, 255], -10, device)
    assert got == [0, 90, 118, 245], (
        f"10, 100, 128, 255 less 10: expected [0, 90, 118, 245], got {got}: the same as before "
        "would mean that nothing was added, and 20 for 10 that the amount lost its sign"
    )


def test_sums_above_255_stay_at_255(device):
    got = brightened([250, 100, 255, 196], 60, device)
    assert got == [255, 160, 255, 255], (
        f"250, 100, 255, 196 and 60 more: expected [255, 160, 255, 255], got {got}: "
        "54 is what is left of 310 when it wraps round at 256, and 0 what is left of 256"
    )


def test_differences_below_0_stay_at_0(device):
    got = brightened([5, 100, 0, 59], -60, device)
    assert got == [0, 40, 0, 0], (
        f"5, 100, 0, 59 less 60: expected [0, 40, 0, 0], got {got}: "
        "201 is what -55 becomes when it wraps round at 256"
    )


def test_a_bright_neighbour_changes_nothing(device):
    for pixels, amount, right in (([250, 100], 60, 160), ([3, 100], -60, 40)):
        got = brightened(pixels, amount, device)[1]
        assert got == right, (
            f"100 brightened by {amount} is {right}, beside a pixel of {pixels[0]} it came out as "
            f"{got}: the amount was cut for the whole image"
        )


def test_every_amount_for_every_byte(device):
    for amount in AMOUNTS:
        got = brightened(BYTES, amount, device)
        expected = [min(max(byte + amount, 0), 255) for byte in BYTES]
        assert len(got) == 256, f"256 pixels were given, got {len(got)}"
        wrong = [byte for byte in BYTES if got[byte] != expected[byte]]
        assert not wrong, (
            f"{wrong[0]} brightened by {amount} is {expected[wrong[0]]}, got {got[wrong[0]]}"
        )


def test_means_without_a_half_are_exact(device):
    got = blended([(3, 1), (5, 5), (0, 100), (13, 101), (4, 2)], device)
    assert got == [2, 5, 50, 57, 3], (
        f"the means of 3, 1; 5, 5; 0, 100; 13, 101; 4, 2 are [2, 5, 50, 57, 3], got {got}: one "
        "less or more for odd numbers would mean that each was halved, and rounded, by itself"
    )


def test_two_bright_pixels_have_a_bright_mean(device):
    got = blended([(254, 254), (200, 100), (254, 2)], device)
    assert got == [254, 150, 128], (
        f"the means of 254, 254; 200, 100; 254, 2 are [254, 150, 128], got {got}: "
        "22 for 200 and 100 would mean that their sum wrapped round at 256, "
        "and 200 that the brighter one was taken"
    )


def test_halves_are_rounded_up(device):
    got = blended([(1, 2), (4, 3), (9, 102)], device)
    assert got == [2, 4, 56], (
        f"1.5, 3.5 and 55.5 are rounded up to [2, 4, 56], got {got}: "
        "[1, 3, 55] would mean that halves were cut off"
    )


def test_halves_are_rounded_up_above_an_even_number(device):
    got = blended([(0, 1), (3, 2), (9, 16)], device)
    assert got == [1, 3, 13], (
        f"0.5, 2.5 and 12.5 are rounded up to [1, 3, 13], got {got}: "
        "[0, 2, 12] would mean that halves were cut off, or went to the even number as in round()"
    )


def test_every_pair_of_bytes(device):
    every = as_bytes(BYTES, "cpu")
    first, second = every.repeat_interleave(256).to(device), every.repeat(256).to(device)
    got = blend(first, second).flatten().tolist()
    expected = [(one + other + 1) // 2 for one in BYTES for other in BYTES]
    assert len(got) == len(expected), f"{len(expected)} pixels were given, got {len(got)}"
    wrong = [place for place in range(len(got)) if got[place] != expected[place]]
    for place in wrong[:1]:
        one, other = divmod(place, 256)
        raise AssertionError(
            f"{len(wrong):,} of 65,536 pairs have another mean, the first of them {one} and "
            f"{other}: {(one + other) / 2}, so {expected[place]}, got {got[place]}"
        )


def assert_bytes(got):
    assert got.dtype == torch.uint8, f"expected an image of uint8, got {got.dtype}"


def test_a_brightened_image_is_of_bytes(device):
    for amount in (-30, 0, 30):
        assert_bytes(brighten(as_bytes([10, 240], device), amount))


def test_a_blended_image_is_of_bytes(device):
    assert_bytes(blend(as_bytes([10, 240], device), as_bytes([20, 250], device)))


def test_brightening_keeps_every_pixel_in_its_place(device, generator):
    for image in (*colour_images(generator, device), as_bytes([[7]], device)):
        assert_same(brighten(image, 0), image, "0 was added, so it is the same picture")
        for amount in (-99, 99):
            got = tuple(brighten(image, amount).shape)
            shape = tuple(image.shape)
            assert got == shape, f"an image of shape {shape} brightened by {amount} has shape {got}"


def test_blending_keeps_every_pixel_in_its_place(device, generator):
    for image in (*colour_images(generator, device), as_bytes([[7]], device)):
        assert_same(blend(image, image.clone()), image, "blended with itself it is the same")


def assert_at_most_16_bits(counts):
    wide = [made for made in counts.new if made.shape and made.dtype.itemsize > 2]
    for made in wide[:1]:
        raise AssertionError(
            f"a tensor of {made.dtype} was made, by {made.operation}: {8 * made.dtype.itemsize} "
            f"bits for each of {made.elements} elements, where 16 are allowed"
        )


def test_brightening_stays_within_16_bits(device, generator):
    image, _ = colour_images(generator, device)
    for amount in (-40, 0, 40):
        with count(device) as counts:
            brighten(image, amount)
        assert_at_most_16_bits(counts)


def test_blending_stays_within_16_bits(device, generator):
    first, second = colour_images(generator, device)
    with count(device) as counts:
        blend(first, second)
    assert_at_most_16_bits(counts)


def assert_nothing_left(counts):
    ways_out = {"item", "tolist", "numpy", "dlpack", "int", "float", "index"}
    taken = ways_out.intersection(counts.synchronisations)
    assert not taken, f"numbers left torch by {', '.join(sorted(taken))}: the work is to stay there"


def test_no_number_leaves_torch_when_brightening(device, generator):
    image, _ = colour_images(generator, device)
    for amount in (-40, 0, 40):
        with count(device) as counts:
            brighten(image, amount)
        assert_nothing_left(counts)


def test_no_number_leaves_torch_when_blending(device, generator):
    first, second = colour_images(generator, device)
    with count(device) as counts:
        blend(first, second)
    assert_nothing_left(counts)


def assert_no_loop(call, small, large, device):
    launches = []
    for images in (small, large):
        with count(device) as counts:
            call(*images)
        launches.append(counts.launches)
    assert launches[0] == launches[1], (
        f"an image of (3, 5, 4) takes {launches[0]} operations and one of (6, 10, 8) takes "
        f"{launches[1]}: there is a loop over pixels, rows or channels"
    )


def test_brightening_is_no_loop(device, generator):
    small, _ = colour_images(generator, device)
    large, _ = colour_images(generator, device, (6, 10, 8))
    for amount in (-40, 40):
        assert_no_loop(brighten, (small, amount), (large, amount), device)


def test_blending_is_no_loop(device, generator):
    small = colour_images(generator, device)
    assert_no_loop(blend, small, colour_images(generator, device, (6, 10, 8)), device)


def test_brightening_leaves_the_image_as_it_is(device, generator):
    for image in colour_images(generator, device):
        for amount in (-40, 40):
            with unchanged(image):
                brighten(image, amount)


def test_blending_leaves_both_images_as_they_are(device, generator):
    first, second = colour_images(generator, device)
    with unchanged(first, second):
        blend(first, second)


def brighten_in_float32(image, amount):
    return (image.float() + amount).clamp(0, 255).byte()


@pytest.mark.parametrize("pixels", [10_000, 100_000, 1_000_000])
def test_benchmark(bench, device, generator, pixels):
    """The way by float32 (here called loop) against yours; on how many pixels is half the point."""

    def inputs():
        image = torch.randint(0, 256, (pixels,), generator=generator, dtype=torch.uint8)
        return image.to(device), 40

    bench(brighten_in_float32, brighten, inputs)
