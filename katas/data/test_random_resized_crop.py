from operator import index

import pytest
import torch
from torch.nn.functional import interpolate

from dojo.checks import answer_of, assert_same, unchanged
from katas.data.random_resized_crop import random_resized_crop, sample_box

# Boxes that all fit: their longer side is sqrt(0.2 * 9,600 * 2) = 62 pixels at most.
SHAPE, SCALE, RATIO = (80, 120), (0.1, 0.2), (0.5, 2.0)

# Shape, share, ratio, and the sides by hand: 0.64 * 100 is 64 pixels, which with ratio 4 or 1/4 are
# 16 by 4, and 0.9 * 128 is 115.2, which is 10.7 by 10.7.
TOO_LONG = (
    ((10, 10), 0.64, 4, (4, 10)),
    ((10, 10), 0.64, 0.25, (10, 4)),
    ((8, 16), 0.9, 1, (8, 11)),
)


def test_starts_and_lengths_are_whole_numbers(generator):
    for shape, scale, ratio in ((SHAPE, SCALE, RATIO), ((50,), (0.1, 0.9), None)):
        box = sample_box(shape, scale, ratio, generator)
        assert len(box) == len(shape), f"a box in {shape} has {len(shape)} axes, got {box!r}"
        for pair in box:
            assert len(pair) == 2, f"an axis has a start and a length, got {pair!r}"
            for number in pair:
                assert hasattr(number, "__index__"), f"places are whole numbers, got {number!r}"


def test_the_share_is_one_of_the_area_within_scale(generator):
    # With sides rounded it is 0.0968 to 0.2043.
    for (_, height), (_, width) in boxes(generator):
        share = height * width / (80 * 120)
        assert 0.096 <= share <= 0.206, (
            f"scale (0.1, 0.2) is for the share of the area, got {height} by {width} of 80 by 120, "
            f"which is {share:.4f}: 0.01 to 0.04 would mean that it was taken of each side"
        )


def test_half_of_the_shares_are_below_the_middle(generator):
    part = share_between(0.04, 0.52, generator)
    # Half of 2,000 draws, give or take 1.1%: four times that is allowed.
    assert 0.45 <= part <= 0.55, (
        "from 0.04 to 1 each share is as likely as any other, so half of them are below 0.52, got "
        f"{part:.0%}: 65% would mean that the side was drawn and not the area"
    )


def test_half_of_the_shares_are_in_the_middle(generator):
    part = share_between(0.28, 0.76, generator)
    # Half of 2,000 draws, give or take 1.1%.
    assert 0.4 <= part <= 0.6, (
        "from 0.04 to 1 each share is as likely as any other, so half of them lie between 0.28 and "
        f"0.76, got {part:.0%}: 0% would mean that only the least and the greatest came up"
    )


def test_width_over_height_is_within_ratio(generator):
    # With sides rounded it is 0.489 to 2.046.
    for (_, height), (_, width) in boxes(generator):
        assert 0.48 <= width / height <= 2.07, (
            f"ratio (0.5, 2), got {height} by {width}, which is {width / height:.2f}"
        )


def test_wide_boxes_are_as_frequent_as_high_ones(generator):
    drawn = [(height, width) for (_, height), (_, width) in boxes(generator, 4_000)]
    wide = sum(width > height for height, width in drawn)
    high = sum(width < height for height, width in drawn)
    part = wide / max(wide + high, 1)
    # Half of 4,000 draws, give or take 0.8%: five times that is allowed.
    assert 0.46 <= part <= 0.54, (
        "a ratio from 1/2 to 1 is as frequent as one from 1 to 2, so half of the boxes are wider "
        f"than high, got {part:.0%}: 67% would mean that the ratio was drawn uniformly"
    )


def test_a_ratio_above_1_is_wider_than_high(generator):
    for (_, height), (_, width) in boxes(generator, 200, ratio=(1.5, 2)):
        assert width > height, (
            f"ratio (1.5, 2) is for width over height, got {height} high and {width} wide"
        )


def test_the_ratio_is_in_pixels(generator):
    # sqrt(0.1 * 80 * 120) is 30.98.
    for (_, height), (_, width) in boxes(generator, 20, scale=(0.1, 0.1), ratio=(1, 1)):
        assert height == width == 31, (
            "a tenth of 80 by 120 with ratio 1 is a square of 31 by 31 pixels, got "
            f"{height} by {width}: 25 by 38 would mean the proportions of the image"
        )


def test_the_ratio_does_not_depend_on_the_share(generator):
    drawn = [(height * width, width > height) for (_, height), (_, width) in boxes(generator)]
    middle = sorted(area for area, _ in drawn)[len(drawn) // 2]
    for name, forms in (
        ("smaller", [wide for area, wide in drawn if area < middle]),
        ("larger", [wide for area, wide in drawn if area > middle]),
    ):
        part = sum(forms) / max(len(forms), 1)
        # Drawn uniformly it would be 67%: that's another test's.
        assert 0.25 <= part <= 0.75, (
            f"the {name} half of the boxes is of all forms, got {part:.0%} wider than high: 0% or "
            "100% would mean that one random number makes the share and the ratio"
        )


def test_the_box_is_inside(generator):
    for box in boxes(generator):
        for (start, length), whole in zip(box, SHAPE, strict=True):
            assert 0 <= start <= start + length <= whole, (
                f"a box that begins at {start} and is {length} long ends at {start + length}, "
                f"and the image at {whole}: the last start is {whole - length}"
            )


def test_top_and_left_are_reached(generator):
    drawn = boxes(generator, 2_000)
    for axis, border in enumerate(("top", "left")):
        times = sum(box[axis][0] == 0 for box in drawn)
        # One start of some 40 or 80 is there: over 50 seeds 15 times at the least.
        assert times >= 3, (
            f"of 2,000 boxes some 20 touch the {border} border, got {times}: 0 would mean that "
            "a box never begins at 0"
        )


def test_bottom_and_right_are_reached(generator):
    drawn = boxes(generator, 2_000)
    for axis, border in enumerate(("bottom", "right")):
        times = sum(sum(box[axis]) == SHAPE[axis] for box in drawn)
        # One start of some 40 or 80 is there: over 50 seeds 15 times at the least.
        assert times >= 3, (
            f"of 2,000 boxes some 20 touch the {border} border, got {times}: 0 would mean that "
            "the last start, whole - length, is never drawn"
        )


def test_places_at_the_border_come_up_often_enough(generator):
    for start, times in at_the_border(generator):
        assert times >= 225, (
            "4 of 8 fit at 5 places, each of which comes up in 300 of 1,500 draws, got start "
            f"{start} {times} times: half as often would mean that starts were rounded, 0 that "
            "this place is left out"
        )


def test_places_at_the_border_do_not_come_up_too_often(generator):
    for start, times in at_the_border(generator):
        assert times <= 420, (
            "4 of 8 fit at 5 places, each of which comes up in 300 of 1,500 draws, got start "
            f"{start} {times} times: more would mean that boxes were pushed back inside"
        )


def test_the_places_along_the_two_axes_are_independent(generator):
    drawn = boxes(generator, 500, shape=(4, 4), scale=(0.25, 0.25), ratio=(1, 1))
    places = sorted({(top, left) for (top, _), (left, _) in drawn})
    assert any(top != left for top, left in places) or len(places) == 1, (
        "2 by 2 of 4 by 4 pixels can begin at (0, 1) or (2, 0) as well as on the diagonal, got "
        f"{places}: one random number was used for both axes"
    )


def test_the_second_number_is_a_length(generator):
    drawn = boxes(generator, 50, shape=(100,), scale=(0.2, 0.2), ratio=None)
    got = {length for ((_, length),) in drawn}
    assert got == {20}, (
        f"a fifth of 100 is 20 long, wherever it begins, got {sorted(got)}: numbers up to 100 "
        "would mean that the end was given and not the length"
    )


def test_all_of_a_square(generator):
    for side in (1, 7, 64):
        box = one_box((side, side), (1, 1), (1, 1), generator)
        assert box == [(0, side)] * 2, f"all of {side} by {side} pixels, got {box}"
    box = one_box((9,), (1, 1), None, generator)
    assert box == [(0, 9)], f"all of a signal of 9, got {box}"


def test_sides_are_rounded(generator):
    # By hand: sqrt(0.25 * 9,600) is 48.99, sqrt(0.242 * 9,600) 48.20; 0.31 * 30 is 9.3.
    for shape, share, length in (
        ((80, 120), 0.25, 49),
        ((80, 120), 0.242, 48),
        ((30,), 0.31, 9),
        ((30,), 0.29, 9),
    ):
        box = one_box(shape, (share, share), (1, 1), generator)
        got = [side for _, side in box]
        assert got == [length] * len(shape), (
            f"{share} of {shape} is rounded to sides of {length}, got {got}: one less would mean "
            "that fractions were cut off, one more that they were rounded up"
        )


def test_no_side_is_shorter_than_1(generator):
    for shape in ((5, 7), (12,)):
        box = one_box(shape, (0.001, 0.001), (1, 1), generator)
        assert [side for _, side in box] == [1] * len(shape), (
            f"a thousandth of {shape} is less than half a pixel, and a side has 1 at the least, "
            f"got {box}"
        )


def test_a_side_too_long_is_cut(generator):
    for shape, share, ratio, (height, width) in TOO_LONG:
        for box in boxes(generator, 20, shape, (share, share), (ratio, ratio)):
            for (start, length), whole, other in zip(box, shape, (height, width), strict=True):
                assert other < whole or (start, length) == (0, whole), (
                    f"{share} of {shape} with ratio {ratio} is too long for the {whole} that there "
                    f"are, so it is cut to begin at 0 and be {whole} long, got {(start, length)}"
                )


def test_the_other_side_does_not_shrink(generator):
    for shape, share, ratio, expected in TOO_LONG:
        for box in boxes(generator, 20, shape, (share, share), (ratio, ratio)):
            got = [length for _, length in box]
            assert all(a >= b for a, b in zip(got, expected, strict=True)), (
                f"{share} of {shape} with ratio {ratio} is cut to {expected}, got {got}: the side "
                "that fits was to stay as it is, so the ratio is no longer the one drawn"
            )


def test_the_other_side_does_not_grow(generator):
    for shape, share, ratio, expected in TOO_LONG:
        for box in boxes(generator, 20, shape, (share, share), (ratio, ratio)):
            got = [length for _, length in box]
            assert all(a <= b for a, b in zip(got, expected, strict=True)), (
                f"{share} of {shape} with ratio {ratio} is cut to {expected}, got {got}: the side "
                "that fits was to stay as it is, and what is cut off is not added elsewhere"
            )


def test_a_box_that_was_cut_has_no_larger_share(generator):
    for shape, share, ratio, _ in TOO_LONG:
        for box in boxes(generator, 20, shape, (share, share), (ratio, ratio)):
            area = box[0][1] * box[1][1]
            most = share * shape[0] * shape[1] * 1.05  # sides are rounded
            assert area <= most, (
                f"{share} of {shape} is {share * shape[0] * shape[1]:.0f} pixels, and cutting adds "
                f"none, got {area}: all of the image would mean that it stands in for what is too "
                "long"
            )


def test_a_signal_is_cut_by_its_length(generator):
    drawn = boxes(generator, 500, shape=(200,), scale=(0.1, 0.4), ratio=None)
    lengths = [length for ((_, length),) in drawn]
    assert 20 <= min(lengths) <= 25, (
        f"0.1 to 0.4 of 200 is 20 to 80 long, got {min(lengths)} to {max(lengths)}: 63 to 126 "
        "would mean the roots of the shares"
    )
    assert 75 <= max(lengths) <= 80, (
        f"0.1 to 0.4 of 200 is 20 to 80 long, got {min(lengths)} to {max(lengths)}: 63 to 126 "
        "would mean the roots of the shares"
    )


def test_the_ratio_means_nothing_to_a_signal(generator):
    for ratio in (None, (3, 4), (0.25, 0.5)):
        box = one_box((100,), (0.2, 0.2), ratio, generator)
        assert box[0][1] == 20, f"0.2 of 100 is 20 long, whatever ratio says ({ratio}), got {box}"


def test_from_the_same_state_comes_the_same_box():
    for shape, ratio in ((SHAPE, RATIO), ((500,), None)):
        first, again = (
            one_box(shape, (0.1, 0.5), ratio, torch.Generator().manual_seed(7)) for _ in range(2)
        )
        assert first == again, (
            f"seed 7 gave {first}, and then {again}: not all was drawn from the generator"
        )


def test_the_next_box_is_another(generator):
    for shape, ratio in ((SHAPE, RATIO), ((500,), None)):
        drawn = [one_box(shape, (0.1, 0.5), ratio, generator) for _ in range(10)]
        assert any(box != drawn[0] for box in drawn), (
            f"ten calls with one generator gave {drawn[0]} ten times: it does not move on"
        )


def test_the_global_generator_is_left_alone(generator):
    before = torch.get_rng_state()
    moved = "torch's global generator was drawn from or seeded: it is not yours to move"
    for shape, size, ratio in ((SHAPE, (3, 4), RATIO), ((500,), 4, None)):
        one_box(shape, (0.1, 0.5), ratio, generator)
        assert torch.equal(torch.get_rng_state(), before), moved
        random_resized_crop(torch.ones(1, *shape), size, (0.1, 0.5), ratio, generator)
        assert torch.equal(torch.get_rng_state(), before), moved


def test_the_part_of_an_image_is_resized(device, generator):
    x = torch.randn(3, 20, 31, generator=generator).to(device)
    for seed in range(10):
        got, expected = cropped_and_expected(x, (6, 9), (0.1, 0.6), (0.5, 2), seed)
        assert_same(got, expected, "interpolate gives this for the part in the box")


def test_the_part_of_a_signal_is_resized(device, generator):
    x = torch.randn(2, 57, generator=generator).to(device)
    for seed in range(5):
        got, expected = cropped_and_expected(x, 12, (0.1, 0.6), None, seed)
        assert_same(got, expected, "interpolate gives this for the part in the box")


def test_the_box_comes_from_the_generator(device):
    x = torch.arange(1_000.0, device=device).reshape(1, -1)
    source = torch.Generator().manual_seed(3)
    parts = [random_resized_crop(x, 5, (0.1, 0.9), None, source).tolist() for _ in range(5)]
    assert any(part != parts[0] for part in parts), (
        f"five calls gave {parts[0]} five times: it was not this generator that was drawn from"
    )


def test_only_a_part_is_seen(device, generator):
    x = torch.arange(100.0, device=device)[None]
    for _ in range(5):
        got = random_resized_crop(x, 5, (0.2, 0.2), None, generator).tolist()
        span = max(got[0]) - min(got[0])
        assert span <= 20, (
            f"a fifth of 0 to 99 spans 20 at most, got {got[0]}, which spans {span:g}: 80 and more "
            "would mean that all of x was resized"
        )


def test_all_channels_show_the_same_part(device, generator):
    picture = torch.randn(1, 30, 40, generator=generator).to(device)
    for seed in range(5):
        source = torch.Generator().manual_seed(seed)
        got = random_resized_crop(picture.expand(3, -1, -1), (4, 5), (0.1, 0.3), (1, 1), source)
        for channel in (1, 2):
            meaning = "three channels of one content stay the same: each got a box of its own"
            assert_same(got[channel], got[0], meaning)


def test_height_comes_before_width(device, generator):
    x = torch.ones(2, 9, 11, device=device)
    for size in ((4, 7), (5, 3), (1, 2)):
        got = tuple(random_resized_crop(x, size, (0.2, 0.9), (0.5, 2), generator).shape)
        assert got == (2, *size), f"size is height and width: {(2, *size)}, got {got}"


def test_the_size_is_filled(device, generator):
    x = torch.ones(1, 10, 10, device=device)
    got = random_resized_crop(x, (3, 8), (1, 1), (1, 1), generator)
    expected = torch.ones(1, 3, 8, device=device)
    assert_same(got, expected, "a white image stays white: 0 would mean that a rest was filled up")


def test_new_pixels_lie_between_old_ones(device, generator):
    x = torch.tensor([[0.0, 2.0]], device=device)
    got = answer_of(
        lambda: random_resized_crop(x, 4, (1, 1), None, generator), "a signal of 2 made 4 long"
    )
    meaning = (
        "0 2 made 4 long is 0 0.5 1.5 2: 0 0 2 2 would mean the nearest pixel, 0 0.67 1.33 2 "
        "aligned corners"
    )
    assert_same(got, torch.tensor([[0.0, 0.5, 1.5, 2.0]], device=device), meaning)


def test_nothing_is_blurred(device, generator):
    row = torch.tensor([0.0, 0, 0, 0, 0, 0, 0, 16], device=device)
    got = random_resized_crop(row.expand(1, 8, 8), (8, 2), (1, 1), (1, 1), generator)
    # Two new pixels for eight: they lie at 1.5 and 5.5, between two zeros each.
    meaning = (
        "without antialias a new pixel is made of its two neighbours, and the 16 at the end is far "
        "from both new ones"
    )
    assert_same(got, torch.zeros(1, 8, 2, device=device), meaning)


def test_nothing_from_outside_the_box_is_seen(device):
    for seed in range(20):
        box = one_box((12, 12), (0.1, 0.3), (1, 1), torch.Generator().manual_seed(seed))
        x = torch.full((1, 12, 12), -100.0, device=device)
        (top, height), (left, width) = box
        x[:, top : top + height, left : left + width] = 1
        source = torch.Generator().manual_seed(seed)
        got = random_resized_crop(x, (9, 9), (0.1, 0.3), (1, 1), source)
        meaning = "ones in the box, -100 around it: less than 1 would mean that more was seen"
        assert_same(got, torch.ones(1, 9, 9, device=device), meaning)


def test_the_result_is_on_the_device(device, generator):
    for shape, size, ratio in (((2, 5, 6), (3, 3), (1, 1)), ((2, 9), 3, None)):
        x = torch.ones(shape, device=device)
        got = random_resized_crop(x, size, (0.2, 0.5), ratio, generator).device
        assert got.type == device.type, f"x is on {device.type}, the result on {got.type}"


@pytest.mark.parametrize("channels", [10, 100, 1_000])
def test_benchmark(bench, device, generator, channels):
    # Which half is drawn is up to the program, but every half of a straight line rises alike.
    def risen(x):
        return x - x[:, :1]

    def channel_by_channel(x):
        halves = [interpolate(channel[None, None, :500], 512, mode="linear")[0] for channel in x]
        return risen(torch.cat(halves))

    def made(program):
        return lambda x: risen(program(x, 512, (0.5, 0.5), None, generator))

    def inputs():
        slopes = torch.randn(channels, 1, generator=generator)
        return ((slopes * torch.linspace(0, 1, 1_000)).to(device),)

    bench(channel_by_channel, random_resized_crop, inputs, made=made)


def boxes(generator, draws=1_000, shape=SHAPE, scale=SCALE, ratio=RATIO):
    """Boxes as lists of pairs of ints, whatever they come as."""
    drawn = answer_of(
        lambda: [sample_box(shape, scale, ratio, generator) for _ in range(draws)],
        f"a box in {shape}, scale {scale}, ratio {ratio}",
    )
    return [[(whole_number(start), whole_number(length)) for start, length in box] for box in drawn]


def one_box(shape, scale, ratio, generator):
    return boxes(generator, 1, shape, scale, ratio)[0]


def share_between(low, high, generator):
    """How many of all shares lie there, where scale is (0.04, 1)."""
    drawn = boxes(generator, 2_000, shape=(100, 100), scale=(0.04, 1), ratio=(1, 1))
    shares = [height * width / 100**2 for (_, height), (_, width) in drawn]
    return sum(low < share < high for share in shares) / len(shares)


def at_the_border(generator):
    """How often the first and the last of five places come up: 300 times, give or take 15."""
    drawn = boxes(generator, 1_500, shape=(8,), scale=(0.5, 0.5), ratio=None)
    starts = [start for ((start, _),) in drawn]
    return [(0, starts.count(0)), (4, starts.count(4))]


def whole_number(value):
    """The int that this is; what is none is for one test alone to judge."""
    return index(value) if hasattr(value, "__index__") else int(value)


def cropped_and_expected(x, size, scale, ratio, seed):
    """The answer, and what torch makes of the box that sample_box draws from the same state."""
    source = torch.Generator().manual_seed(seed)
    with unchanged(x):
        got = answer_of(
            lambda: random_resized_crop(x, size, scale, ratio, source),
            f"a crop of {tuple(x.shape)} to {size}",
        )
    part = x[None]
    box = one_box(tuple(x.shape[1:]), scale, ratio, torch.Generator().manual_seed(seed))
    for axis, (start, length) in enumerate(box, 2):
        part = part[(slice(None),) * axis + (slice(start, start + length),)]
    mode = "linear" if x.ndim == 2 else "bilinear"
    return got, interpolate(part, size=size, mode=mode, align_corners=False)[0]
