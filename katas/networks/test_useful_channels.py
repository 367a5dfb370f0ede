from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn.functional import conv2d

from dojo.checks import answer_of, assert_refused, assert_same, unchanged
from katas.networks.useful_channels import patches, sensible_channels, variance_kept

# A variance of 0 comes out as a rounding of some 1e-7, and its root, 3e-4, must not decide a test.
ROUNDED = {"rtol": 0, "atol": 0.01}


def test_a_row_holds_one_patch():
    image = torch.arange(12.0).reshape(1, 1, 3, 4)
    rows = cut(image, 2).tolist()
    for wanted in ([0, 1, 4, 5], [1, 2, 5, 6], [2, 3, 6, 7], [4, 5, 8, 9], [6, 7, 10, 11]):
        assert wanted in rows, (
            f"a square of 2 by 2 in a picture of 0 to 11, four to a line, is {wanted}, and there "
            f"is no such row in {rows}: another order, or numbers of several patches in one row"
        )


def test_neighbouring_patches_overlap():
    rows = cut(torch.arange(36.0).reshape(1, 1, 6, 6), 3)
    second = [1, 2, 3, 7, 8, 9, 13, 14, 15]
    assert second in rows.tolist(), (
        f"the kernel moves by one pixel at a time, so one of the {len(rows)} patches starts at "
        "pixel 1; with 4 patches it would have moved by its own size"
    )


def test_the_kernel_stays_within_the_picture():
    rows = cut(torch.ones(1, 1, 5, 5), 3)
    assert rows.min() == 1, f"the picture has 1 in all pixels, got {rows.min():g}: it was padded"


def test_the_last_place_is_visited():
    for side, kernel in ((5, 2), (5, 5), (4, 1)):
        image = torch.arange(side * side * 1.0).reshape(1, 1, side, side)
        rows = answer_of(lambda: cut(image, kernel), f"a kernel of {kernel} fits into {side}")
        places = (side - kernel + 1) ** 2
        ends = rows[:, -1].tolist()
        assert side * side - 1 in ends, (
            f"a kernel of {kernel} has {places} places in a picture of {side} by {side}, got "
            f"{len(ends)}, and none that ends in the last corner"
        )


def test_the_kernel_moves_as_one_reads():
    first = cut(torch.arange(12.0).reshape(1, 1, 3, 4), 2)[:, 0].tolist()
    assert first == [0, 1, 2, 4, 5, 6], (
        "in a picture of 0 to 11, four to a line, the patches of 2 by 2 start at 0, 1, 2, then 4, "
        f"5, 6, got {first}"
    )


def test_pictures_need_not_be_square():
    for height, width, places in ((3, 7, 5), (4, 6, 8)):
        image = torch.zeros(1, 1, height, width)
        got = answer_of(lambda: len(cut(image, 3)), f"{height} by {width} is a picture as well")
        assert got == places, (
            f"a kernel of 3 has {places} places in a picture of {height} by {width}, got {got}"
        )


def test_rows_go_picture_by_picture():
    images = torch.arange(3.0).reshape(3, 1, 1, 1).expand(3, 1, 3, 4)
    got = cut(images, 2)[:, 0].tolist()
    assert got == [0] * 6 + [1] * 6 + [2] * 6, (
        f"each of three pictures has 6 patches, and they stand together, got rows of pictures {got}"
    )


def test_a_row_holds_all_channels():
    got = cut(torch.zeros(1, 3, 4, 4), 2).shape[1]
    assert got == 12, f"a kernel of 2 sees 2 × 2 numbers in each of 3 channels, 12, got {got}"


def test_no_channel_is_left_out():
    image = torch.arange(3.0).reshape(1, 3, 1, 1).expand(1, 3, 4, 4)
    got = sorted(set(cut(image, 2).flatten().tolist()))
    assert got == [0, 1, 2], f"there are channels of 0, of 1 and of 2, got patches with {got}"


def test_channels_stand_in_one_row():
    image = torch.arange(12.0).reshape(1, 3, 2, 2)
    meaning = "three channels of 2 by 2 under one kernel: a row of 12, first channel 0, then 1, 2"
    assert_same(cut(image, 2), torch.arange(12.0).reshape(1, 12), meaning)


def test_a_product_with_the_rows_is_the_convolution(generator):
    images = torch.randn(2, 3, 6, 5, generator=generator, dtype=torch.float64)
    for kernel in (1, 3, 5):
        weight = torch.randn(4, 3, kernel, kernel, generator=generator, dtype=torch.float64)
        got = answer_of(
            lambda weight=weight, kernel=kernel: cut(images, kernel) @ weight.flatten(1).T,
            f"rows of 3 × {kernel} × {kernel} numbers go with the weight",
        )
        wanted = conv2d(images, weight).movedim(1, -1).flatten(0, 2)
        assert_same(got, wanted, "the outputs of conv2d, place by place")


def test_pixels_are_as_they_were():
    image = torch.tensor([[-3.0, 0.5], [200.0, 1.0]])
    assert_same(
        cut(image.view(1, 1, 2, 2), 2), image.view(1, 4), "the one patch there is", atol=0, rtol=0
    )


def test_patches_keep_the_dtype():
    for dtype in (torch.float32, torch.float64):
        got = cut(torch.zeros(1, 1, 3, 3, dtype=dtype), 2).dtype
        assert got == dtype, f"images of {dtype} have patches of {dtype}, got {got}"


def test_channels_add_up():
    meaning = "variances 9, 4 and 1: one channel keeps 9 of 14, two keep 13, three all"
    assert_same(variance_kept(crosses(3, 2, 1)), torch.tensor([9, 13, 14]) / 14, meaning)


def test_the_best_channel_comes_first():
    meaning = "variances 4, 1 and 9: the best one keeps 9 of 14, the best two 13"
    assert_same(variance_kept(crosses(2, 1, 3)), torch.tensor([9, 13, 14]) / 14, meaning)


def test_each_further_channel_adds_less(generator):
    shares = [0, *kept(correlated(generator))]
    gains = [after - before for before, after in pairwise(shares)]
    for k, (gain, following) in enumerate(pairwise(gains), 1):
        assert following <= gain + 1e-9, (
            f"channel {k} adds {gain:.1%} and channel {k + 1} adds {following:.1%}, so the better "
            "one was not taken first"
        )


def test_shares_are_of_the_variance():
    got = kept(crosses(7, 1))[0]
    assert abs(got - 0.98) < 1e-5, (
        f"variances 49 and 1: the best channel keeps 98%, got {got:.1%}; 87.5% would be a share of "
        "the deviations, 7 and 1"
    )


def test_numbers_that_vary_more_count_more():
    got = kept(crosses(3, 1))[0]
    assert abs(got - 0.9) < 1e-5, (
        f"variances 9 and 1: the best channel keeps 90%, got {got:.1%}; 50% would mean that both "
        "numbers count alike"
    )


def test_all_channels_keep_all(generator):
    for numbers in (2, 4, 9):
        last = kept(torch.randn(30, numbers, generator=generator))[-1]
        assert abs(last - 1) < 1e-5, (
            f"with as many channels as numbers, {numbers}, nothing is lost, got {last:.2%}"
        )


def test_brightness_common_to_all_does_not_count():
    meaning = "2 was added to every number: the variance is what it was, and so are the shares"
    assert_same(variance_kept(crosses(3, 2, 1) + 2), torch.tensor([9, 13, 14]) / 14, meaning)


def test_one_brightness_each_needs_one_channel():
    rows = torch.tensor([-1.0, 0.25, 0.5, 4.0]).unsqueeze(1).expand(4, 3)
    meaning = "each patch is of one brightness, so one channel tells all there is"
    assert_same(variance_kept(rows.clone()), torch.ones(3), meaning, **ROUNDED)


def test_a_channel_may_mix_numbers():
    half = 0.5**0.5
    turn = torch.tensor([[half, half, 0], [-half, half, 0], [0, 0, 1]])
    meaning = "variances 9, 4 and 1, in directions that are turned: the best channels turn as well"
    assert_same(variance_kept(crosses(3, 1, 2) @ turn), torch.tensor([9, 13, 14]) / 14, meaning)


def test_each_number_has_an_entry(generator):
    for count, numbers in ((3, 5), (2, 4), (40, 6)):
        rows = torch.randn(count, numbers, generator=generator)
        got = tuple(variance_kept(rows).shape)
        assert got == (numbers,), (
            f"{count} patches of {numbers} numbers: 1 to {numbers} channels, got shape {got}"
        )
    rows = torch.tensor([[1.0, 0, 2, 5], [3, 1, -2, 0]])
    meaning = "two patches differ in one direction only"
    assert_same(variance_kept(rows), torch.ones(4), meaning, **ROUNDED)


def test_no_channels_keep_more_than_the_best(generator):
    rows = correlated(generator)
    best = kept(rows)
    for k in (1, 3, 5) * 7:
        share = kept_by(torch.randn(k, 6, generator=generator, dtype=torch.float64), rows)
        assert share <= best[k - 1] + 1e-9, (
            f"{k} channels with drawn weights keep {share:.1%}, and the best {k} are said to keep "
            f"only {best[k - 1]:.1%}"
        )


def test_shares_are_those_of_principal_components(generator):
    rows = correlated(generator)
    squares = np.linalg.svd((rows - rows.mean(0)).numpy(), compute_uv=False) ** 2
    wanted = torch.from_numpy(squares.cumsum() / squares.sum())
    assert_same(variance_kept(rows), wanted, "as the singular values in NumPy have it")


def test_shares_keep_the_dtype(generator):
    for dtype in (torch.float32, torch.float64):
        got = variance_kept(torch.randn(9, 4, generator=generator, dtype=dtype)).dtype
        assert got == dtype, f"patches of {dtype} have shares of {dtype}, got {got}"


def test_patches_stay_as_they_are(generator):
    images = torch.rand(2, 1, 4, 5, generator=generator)
    with unchanged(images):
        patches(images, 2)
    rows = torch.rand(8, 3, generator=generator)
    with unchanged(rows):
        variance_kept(rows)


def test_eight_of_nine_channels_merely_reorder(digits):
    if tuple(digits.images.shape) != (1797, 8, 8):
        pytest.skip("the figures are those of the 1,797 bundled digits")
    rows = cut(digits.images.unsqueeze(1) / 255, 3)
    # A covariance of all patches with each other would fill the memory, so a few are tried first.
    for part in (rows[:20], rows):
        shares = kept(part)
        assert len(shares) == 9, f"patches of 9 numbers have 9 shares, got {len(shares)}"
    for channels, low, high in ((4, 0.80, 0.82), (8, 0.98, 0.99), (9, 0.9999, 1.0001)):
        share = shares[channels - 1]
        assert low < share < high, (
            "on the 64,692 patches of the digits 4 channels keep 81% of the variance, 8 keep 98.6% "
            f"and 9 all, got {share:.1%} for {channels}; for 4, 65% would mean singular values "
            "that are not squared, 77% rows that are not patches, 90% a mean that was not taken"
        )


def test_half_of_the_numbers_is_the_limit():
    assert_channels(1, 3, 4, "9 numbers go in, half is 4.5; 8 would be nearly as many as go in")


def test_a_kernel_has_two_sides():
    assert_channels(1, 8, 32, "64 numbers go in, half is 32; 4 would come of a kernel of one line")


def test_each_input_channel_counts():
    assert_channels(4, 4, 32, "64 numbers go in, half is 32; 8 would be right for one channel")
    assert_channels(32, 1, 16, "32 numbers go in, half is 16")


def test_exactly_half_is_allowed():
    assert_channels(1, 4, 8, "16 numbers go in, half is 8, and 8 is at most 8")
    assert_channels(2, 1, 1, "2 numbers go in, half is 1, a power of two")


def test_it_is_a_power_of_two():
    assert_channels(1, 9, 32, "81 numbers go in, half is 40.5, and 32 is the power of two below")


def test_it_rounds_down():
    assert_channels(1, 5, 8, "25 numbers go in, half is 12.5")
    assert_channels(3, 3, 8, "27 numbers go in, half is 13.5")
    assert_channels(3, 7, 64, "147 numbers go in, half is 73.5")
    assert_channels(7, 2, 8, "28 numbers go in, half is 14; 16 is nearer, and more than half")
    assert_channels(512, 3, 2048, "4,608 numbers go in, half is 2,304")


def test_one_number_in_is_refused():
    why = "one number goes in, and no power of two is at most a half"
    assert_refused(lambda: sensible_channels(1, 1), ValueError, why)


def test_the_error_gives_both_numbers():
    why = "no power of two is at most half of c_in × kernel²"
    assert_refused(lambda: sensible_channels(1, 1), Exception, why, mentions=[1])
    assert_refused(lambda: sensible_channels(0, 37), Exception, why, mentions=[0, 37])


def test_it_is_an_int():
    got = sensible_channels(3, 5)
    assert type(got) is int, f"a number of channels is an int, got {got!r}"


def cut(images, kernel):
    """The patches of the learner, if they are a table of numbers."""
    rows = patches(images, kernel)
    assert isinstance(rows, torch.Tensor), f"patches are a tensor, got {type(rows).__name__}"
    assert rows.ndim == 2, f"patches are (patches, numbers), got shape {tuple(rows.shape)}"
    return rows


def kept(rows):
    shares = variance_kept(rows)
    assert isinstance(shares, torch.Tensor), f"shares are a tensor, got {type(shares).__name__}"
    assert shares.ndim == 1, f"shares are (numbers,), got shape {tuple(shares.shape)}"
    return shares.tolist()


def crosses(*sizes):
    """Patches whose number i is size i or its negative in two of them, and 0 in the others.

    So the numbers are uncorrelated, and their variances are as the squares of the sizes.
    """
    table = torch.diag(torch.tensor(sizes, dtype=torch.float32))
    return torch.cat([table, -table])


def correlated(generator):
    mix = torch.randn(6, 6, generator=generator, dtype=torch.float64)
    return torch.randn(50, 6, generator=generator, dtype=torch.float64) @ mix + mix[0]


def kept_by(weights, rows):
    """The share that these channels keep, by least squares."""
    centred = rows - rows.mean(0)
    channels = centred @ weights.T
    rebuilt = channels @ torch.linalg.lstsq(channels, centred).solution
    return (1 - (centred - rebuilt).square().sum() / centred.square().sum()).item()


def assert_channels(c_in, kernel, wanted, meaning):
    got = answer_of(lambda: sensible_channels(c_in, kernel), meaning)
    assert got == wanted, f"{c_in} channels, kernel {kernel}: {wanted}, got {got}: {meaning}"
