import pytest
import torch

from dojo.checks import answer_of, assert_refused, assert_same, unchanged
from katas.data.normalize import Normalizer


def test_statistics_by_hand(device):
    # Channel 0 has mean 2 and deviation 2, channel 1 mean 20 and deviation 10.
    images = tensor([[[[0.0, 0.0]], [[30.0, 10.0]]], [[[4.0, 4.0]], [[10.0, 30.0]]]], device)
    got = transformed(fitted(images), images)
    expected = [[[[-1.0, -1.0]], [[1.0, -1.0]]], [[[1.0, 1.0]], [[-1.0, 1.0]]]]
    assert_same(
        got,
        tensor(expected, device),
        "(0 - 2) / 2 and so on; 0.866 would mean a division by n - 1, 0.5 and 0.1 the variance, 0 "
        "for an image of one value that each image has a mean of its own",
    )


def test_training_images_have_mean_0_and_deviation_1(device, generator):
    images = training(device, generator)
    got = transformed(fitted(images), images).cpu().double()
    for k in range(3):
        mean, deviation = got[:, k].mean().item(), got[:, k].std(correction=0).item()
        # Rounding of float32, at channel 2, whose mean is twice its deviation, is 1e-6.
        assert abs(mean) < 1e-4, f"channel {k} of the training images has mean 0, got {mean:.4g}"
        assert abs(deviation - 1) < 1e-4, (
            f"channel {k} of the training images has deviation 1, got {deviation:.6g}"
        )


def test_each_channel_has_its_own_mean(device):
    bounds = ((-3.0, -1.0), (0.0, 2.0), (50.0, 52.0))
    assert_channels(bounds, "means -2, 1 and 51, all with deviation 1", device)


def test_each_channel_has_its_own_deviation(device):
    bounds = ((2.0, 4.0), (-1.0, 7.0), (-97.0, 103.0))
    assert_channels(bounds, "deviations 1, 4 and 100, all with mean 3", device)


def test_a_pixel_has_no_mean_of_its_own(device):
    images = tensor([0.0, 10.0], device).expand(3, 1, 4, 2).contiguous()
    got = transformed(fitted(images), images)
    expected = tensor([-1.0, 1.0], device).expand(3, 1, 4, 2)
    meaning = "dark on the left, bright on the right; 0 would mean a mean for each pixel"
    assert_same(got, expected, meaning)


def test_a_brighter_validation_set_stays_brighter(device, generator):
    images = training(device, generator)
    normalizer = fitted(images)
    valid = training(device, generator)[:20]
    brighter = transformed(normalizer, valid + 0.5)
    got = (brighter - transformed(normalizer, valid)).mean((0, 2, 3))
    expected = 0.5 / images.cpu().double().std((0, 2, 3), correction=0)
    # A difference of numbers around 2, in float32.
    assert_same(
        got,
        expected.float().to(device),
        "0.5 over the training images' deviation, by channel; 0 would mean that a set is centred "
        "on itself",
        rtol=0,
        atol=1e-5,
    )


def test_one_image_is_not_centred_on_itself(device):
    images = alternating(1.0, 5.0, device)  # mean 3, deviation 2
    bright = torch.full((1, 1, 4, 5), 9.0, device=device)
    bright[0, 0, 0, 0] = -1
    got = transformed(fitted(images), bright)
    expected = torch.full((1, 1, 4, 5), 3.0, device=device)
    expected[0, 0, 0, 0] = -2
    assert_same(got, expected, "a bright image after training images of mean 3 and deviation 2")


def test_images_do_not_depend_on_those_before(device, generator):
    images = training(device, generator)
    normalizer = fitted(images)
    first = transformed(normalizer, images)
    for _ in range(3):
        transformed(normalizer, images[:5] * 4 + 100)
        inverted(normalizer, images[:5] * 4 + 100)
    again = transformed(normalizer, images)
    assert_same(again, first, "the training images before and after others: only fit learns")


def test_height_and_width_may_be_others(device):
    images = torch.empty(4, 3, 2, 6, device=device)
    images[0::2], images[1::2] = 1.0, 5.0  # mean 3, deviation 2
    normalizer = fitted(images)
    for shape in ((1, 3, 5, 4), (7, 3, 1, 1)):
        other = torch.full(shape, 9.0, device=device)
        got = transformed(normalizer, other)
        meaning = f"(9 - 3) / 2, images of {shape}"
        assert_same(got, torch.full(shape, 3.0, device=device), meaning)
        meaning = f"3 · 2 + 3, images of {shape}"
        assert_same(inverted(normalizer, got), other, meaning)


def test_a_constant_channel_gives_zeros(device):
    for value in (0.0, 0.5, 0.1, 0.9, 255.0):
        images = torch.full((50, 1, 4, 5), value, device=device)
        got = transformed(fitted(images), images)
        assert_zeros(got, images, f"all pixels are {value:g}")


def test_rounding_is_no_deviation(device):
    for value in (0.9, 7.3):
        images = torch.full((3, 1, 4, 5), value)
        images[:, :, ::2] = torch.nextafter(images[:, :, ::2], torch.tensor(8.0))
        images = images.to(device)
        got = transformed(fitted(images), images)
        assert_zeros(got, images, f"pixels are {value:g}, or the next number of float32 above it")


def test_rounding_is_no_deviation_below_0(device):
    images = torch.full((3, 1, 4, 5), -0.9)
    images[:, :, ::2] = torch.nextafter(images[:, :, ::2], torch.tensor(0.0))
    images = images.to(device)
    got = transformed(fitted(images), images)
    assert_zeros(got, images, "pixels are -0.9, or the next number of float32 above it")


def test_a_deviation_below_the_bar_is_none(device):
    images = alternating(1000 - 2**-7, 1000 + 2**-7, device)
    got = transformed(fitted(images), images)
    expected = alternating(-(2**-7), 2**-7, device)
    # The mean of numbers around 1,000 is off by some 1e-4 in float32.
    meaning = "1000 ± 0.0078: 7.8e-6 of the largest value counts as constant, so divide by 1"
    assert_same(got, expected, meaning, rtol=0, atol=2e-3)


def test_a_deviation_above_the_bar_counts(device):
    images = alternating(1000 - 2**-6, 1000 + 2**-6, device)
    got = transformed(fitted(images), images)
    # The mean of numbers around 1,000 is off by some 1e-4, the deviation is 0.0156.
    meaning = "1000 ± 0.0156: 1.56e-5 of the largest value is no constant, so divide by 0.0156"
    assert_same(got, alternating(-1.0, 1.0, device), meaning, rtol=0, atol=0.05)


def test_a_small_deviation_counts(device):
    images = alternating(998.0, 1002.0, device)
    got = transformed(fitted(images), images)
    meaning = "1000 ± 2: 0.002 of the largest value is no constant, so divide by 2"
    assert_same(got, alternating(-1.0, 1.0, device), meaning, rtol=0, atol=0.05)


def test_tiny_values_count(device):
    images = alternating(0.0, 2e-7, device)
    got = transformed(fitted(images), images)
    meaning = "0 and 2e-7 have mean and deviation 1e-7, which is small, and all there is"
    assert_same(got, alternating(-1.0, 1.0, device), meaning, rtol=0, atol=1e-3)


def test_a_constant_channel_can_change_later(device):
    normalizer = fitted(torch.full((50, 1, 4, 5), 0.5, device=device))
    got = transformed(normalizer, torch.full((2, 1, 4, 5), 0.75, device=device))
    meaning = "0.5 in all training images, 0.75 now; 0 would mean that a constant is cut out"
    assert_same(got, torch.full((2, 1, 4, 5), 0.25, device=device), meaning)


def test_a_constant_channel_is_no_others_matter(device):
    images = torch.cat([torch.full((3, 1, 4, 5), 0.5), *[alternating(2.0, 12.0, "cpu")] * 2], 1)
    images = images.to(device)
    got = transformed(fitted(images), images)[:, 1:]
    expected = alternating(-1.0, 1.0, device).expand(3, 2, 4, 5)
    meaning = "channel 0 is constant, the others have deviation 5; ±5 would mean a division by 1"
    assert_same(got, expected, meaning)


def test_inverse_brings_images_back(device, generator):
    images = training(device, generator)
    images[:, 1] = 0.9
    normalizer = fitted(images)
    for what, x in (("training", images), ("brighter", images[:7] + 2), ("one", images[3:4])):
        got = inverted(normalizer, transformed(normalizer, x))
        # Divided and multiplied by up to 10, in float32.
        meaning = f"inverse(transform(x)) is x, {what}"
        assert_same(got, x, meaning, rtol=1e-5, atol=1e-5)


def test_inverse_by_hand(device):
    images = torch.cat([alternating(-1.0, 3.0, device), alternating(10.0, 30.0, device)], 1)
    normalizer = fitted(images)
    x = tensor([0.0, 1.0, -2.0], device).reshape(3, 1, 1, 1).expand(3, 2, 1, 1)
    expected = tensor([[1.0, 20.0], [3.0, 30.0], [-3.0, 0.0]], device).reshape(3, 2, 1, 1)
    meaning = "0, 1 and -2 deviations from means 1 and 20, with deviations 2 and 10"
    assert_same(inverted(normalizer, x), expected, meaning)


def test_transform_before_fit_is_refused(device):
    images = torch.ones(2, 3, 4, 5, device=device)
    why = "transform without a fit has no statistics to use"
    assert_refused(lambda: Normalizer().transform(images), RuntimeError, why)


def test_inverse_before_fit_is_refused(device):
    images = torch.ones(2, 3, 4, 5, device=device)
    why = "inverse without a fit has no statistics to use"
    assert_refused(lambda: Normalizer().inverse(images), RuntimeError, why)


def test_fit_returns_the_object(device):
    normalizer = Normalizer()
    got = answer_of(lambda: normalizer.fit(torch.ones(2, 3, 4, 5, device=device)), "fit returns")
    assert got is normalizer, f"fit returns the object, for normalizer = N().fit(x), got {got!r}"


def test_a_second_fit_forgets_the_first(device):
    normalizer = Normalizer()
    normalizer.fit(alternating(100.0, 900.0, device))
    images = alternating(1.0, 3.0, device)
    normalizer.fit(images)
    got = transformed(normalizer, images)
    assert_same(got, alternating(-1.0, 1.0, device), "fitted to others first, then to these")


def test_two_normalizers_have_nothing_in_common(device):
    images = alternating(1.0, 3.0, device)
    normalizer = fitted(images)
    fitted(alternating(100.0, 900.0, device))
    got = transformed(normalizer, images)
    assert_same(got, alternating(-1.0, 1.0, device), "another was fitted to other images since")
    why = "a new one without a fit has no statistics, whatever another one has"
    assert_refused(lambda: Normalizer().transform(images), RuntimeError, why)


def test_changing_the_images_afterwards_changes_nothing(device):
    images = alternating(1.0, 3.0, device)
    normalizer = fitted(images)
    images.mul_(50).add_(7)
    got = transformed(normalizer, alternating(1.0, 3.0, device))
    meaning = "fitted to 1 and 3, which were overwritten later: fit is when it learns"
    assert_same(got, alternating(-1.0, 1.0, device), meaning)


def test_images_stay_as_they_are(device, generator):
    images, normalizer = training(device, generator), Normalizer()
    for call in (normalizer.fit, normalizer.transform, normalizer.inverse):
        with unchanged(images):
            answer_of(lambda: call(images), "images go through fit, transform and inverse")


@pytest.mark.parametrize("images", [10, 300, 3_000])
def test_benchmark(bench, device, generator, images):
    def image_by_image(train, valid):
        channels = train.unbind(1)
        mean = torch.stack([channel.mean() for channel in channels])[:, None, None]
        deviation = torch.stack([channel.std(correction=0) for channel in channels])[:, None, None]
        return torch.stack([(image - mean) / deviation for image in valid])

    def inputs():
        return tuple(torch.randn(2, images, 3, 8, 8, generator=generator).to(device))

    def made(program):
        return lambda train, valid: program().fit(train).transform(valid)

    bench(image_by_image, Normalizer, inputs, made=made)


def training(device, generator):
    """50 images of 3 channels, with means near -1, 3 and 20, deviations near 2, 0.5 and 10."""
    scale, shift = (torch.tensor(x).view(3, 1, 1) for x in ([2.0, 0.5, 10.0], [-1.0, 3.0, 20.0]))
    return (torch.randn(50, 3, 4, 5, generator=generator) * scale + shift).to(device)


def alternating(low, high, device):
    """Three images of one channel, rows of one value in turn with rows of the other."""
    images = torch.full((3, 1, 4, 5), low)
    images[:, :, 1::2] = high
    return images.to(device)


def assert_channels(bounds, what, device):
    images = torch.empty(2, 3, 4, 5, device=device)
    for k, (low, high) in enumerate(bounds):
        images[0, k], images[1, k] = low, high
    got = transformed(fitted(images), images)
    expected = torch.stack([-torch.ones(3, 4, 5), torch.ones(3, 4, 5)]).to(device)
    meaning = f"{what}: the first image is 1 deviation below its channel's mean, the other above"
    assert_same(got, expected, meaning)


def fitted(images):
    normalizer = Normalizer()
    answer_of(lambda: normalizer.fit(images), f"images of {tuple(images.shape)} can be fitted")
    return normalizer


def transformed(normalizer, images):
    why = f"after a fit images of {tuple(images.shape)} are transformed"
    return answer_of(lambda: normalizer.transform(images), why)


def inverted(normalizer, images):
    why = f"after a fit images of {tuple(images.shape)} are brought back"
    return answer_of(lambda: normalizer.inverse(images), why)


def assert_zeros(got, images, what):
    meaning = f"{what}: a constant; ±1 would mean rounding noise, nan a division by 0"
    # The mean of many equal numbers is off by a rounding error of each sum.
    assert_same(got, torch.zeros_like(images), meaning, rtol=0, atol=1e-3)


def tensor(values, device):
    return torch.tensor(values, device=device)
