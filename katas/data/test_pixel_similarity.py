import pytest
import torch

from dojo.checks import answer_of, assert_same, unchanged
from dojo.counting import count
from katas.data.pixel_similarity import classify, ideal


def test_the_ideal_is_the_mean_picture(device):
    images = floats([[[0, 4, 8], [1, -2, 6]], [[2, 0, 8], [3, -4, 6]]], device)
    meaning = "each pixel is the mean of that pixel; four numbers and less would be other means"
    assert_same(ideal(images), floats([[1, 2, 8], [2, -3, 6]], device), meaning)


def test_the_ideal_of_one_image_is_that_image(device):
    for images in (byte([[[0, 250, 3], [9, 1, 77]]], device), floats([[[0.5, -3]]], device)):
        got = answer_of(lambda images=images: ideal(images), "one image has a mean")
        assert_same(got, images[0].float(), "the mean of one picture")


def test_no_value_counts_more_than_another(device):
    got = ideal(byte([[[0, 0]], [[0, 9]], [[9, 1]], [[3, 2]]], device))
    meaning = (
        "(0 + 0 + 9 + 3) / 4 and (0 + 9 + 1 + 2) / 4; 1.5 are medians, 6 and 4 leave out zeros"
    )
    assert_same(got, floats([[3, 3]], device), meaning)


def test_an_ideal_keeps_its_fractions(device):
    got = ideal(byte([[[200, 1]], [[200, 0]], [[201, 0]]], device))
    meaning = "601 / 3 and 1 / 3; whole numbers are rounded, 200.375 comes of float16"
    assert_same(got, floats([[200 + 1 / 3, 1 / 3]], device), meaning)


def test_an_ideal_is_float32(device):
    for images in (byte([[[4, 6]], [[8, 2]]], device), floats([[[4, 6]], [[8, 2]]], device)):
        got = ideal(images).dtype
        assert got == torch.float32, f"{images.dtype} images have a float32 mean, got {got}"


def test_an_ideal_of_bytes_is_that_of_floats(device, generator):
    images = torch.randint(256, (7, 3, 5), generator=generator).to(device)
    got = ideal(images.to(torch.uint8))
    meaning = "the values are taken as they are; 1/255 of them would mean that bytes were scaled"
    assert_same(got, ideal(images.float()), meaning)


def test_many_bright_bytes_do_not_overflow(device):
    images = torch.full((300, 2, 3), 250, dtype=torch.uint8, device=device)
    meaning = "300 pictures of 250; less would mean a sum in bytes, which has room for 255"
    assert_same(ideal(images), torch.full((2, 3), 250.0, device=device), meaning)


def test_the_images_of_an_ideal_stay_as_they_are(device):
    for images in (floats([[[4, 6]], [[8, 2]]], device), byte([[[4, 6]], [[8, 2]]], device)):
        with unchanged(images):
            ideal(images)


def test_the_nearest_ideal_wins(device):
    ideals = floats([[[0, 0], [0, 0]], [[9, 9], [0, 0]], [[0, 9], [0, 9]]], device)
    images = byte([[[8, 9], [1, 0]], [[1, 9], [0, 7]], [[0, 1], [2, 0]], [[9, 8], [0, 1]]], device)
    got = named(images, ideals)
    assert got == [1, 2, 0, 1], (
        f"the four images are nearest to ideals 1, 2, 0 and 1 of three, got {got}: [2, 1, 1, 2] "
        "are the farthest; one answer an ideal would mean that images were looked for"
    )


def test_each_image_is_judged_alone(device, generator):
    ideals = (255 * torch.rand(5, 3, 4, generator=generator)).to(device)
    images = torch.randint(256, (20, 3, 4), generator=generator).to(torch.uint8).to(device)
    together = named(images, ideals)
    alone = [number for image in images for number in named(image[None], ideals)]
    assert together == alone, (
        f"one by one the images are nearest to {alone}, in one batch to {together}: each has a "
        "distance of its own"
    )
    assert len(set(together)) > 1, (
        f"20 random images, and all are called {together[0]}: each has a distance of its own"
    )


def test_a_difference_counts_as_it_is(device):
    got = named(floats([[[5, 0, 0, 0]]], device), floats([[[0] * 4], [[2] * 4]], device))
    assert got == [0], (
        f"5, 0, 0, 0 is 1.25 off from zeros and 2.25 off from twos, so ideal 0, got {got}: "
        "1 would mean that differences were squared, 6.25 against 5.25"
    )


def test_the_worst_pixel_does_not_decide(device):
    got = named(floats([[[3, 0, 0, 0]]], device), floats([[[0] * 4], [[1, 2, 2, 2]]], device))
    assert got == [0], (
        f"3, 0, 0, 0 is 0.75 off from zeros and 2 off from 1, 2, 2, 2, so ideal 0, got {got}: "
        "1 would mean that only the largest difference was looked at, 3 against 2"
    )


def test_brighter_and_darker_pixels_do_not_cancel(device):
    got = named(
        byte([[[9, 0], [0, 9]]], device), floats([[[0, 9], [9, 0]], [[7, 0], [0, 7]]], device)
    )
    assert got == [1], (
        f"ideal 0 is the image's negative, ideal 1 is a little darker than it, got {got}: 0 would "
        "mean that differences of +9 and -9 cancelled"
    )


def test_a_darker_pixel_counts_like_a_brighter_one(device):
    images = floats([[[5, 5]], [[-5, 5]]], device)
    got = named(images, floats([[[4, 4]], [[9, 9]], [[-4, 9]]], device))
    assert got == [0, 2], (
        f"5, 5 is 1 brighter than ideal 0 and 4 darker than ideal 1, got {got} for it and -5, 5: "
        "where 1 wins, signs were kept and the most negative is taken for the smallest"
    )


def test_a_brighter_ideal_is_no_nearer(device):
    got = named(byte([[[3, 3, 0]]], device), floats([[[3, 3, 0]], [[9, 9, 9]]], device))
    assert got == [0], (
        f"the image is ideal 0 itself, got {got}: 1 would mean that pixels were multiplied, and a "
        "bright ideal overlaps with everything"
    )


def test_brightness_counts(device):
    got = named(byte([[[5, 5]], [[1, 1]]], device), floats([[[0, 0]], [[7, 7]]], device))
    assert got == [1, 0], (
        f"5, 5 is nearer to 7, 7 and 1, 1 to 0, 0, got {got}: equal answers would mean that each "
        "picture's own mean was taken off"
    )


def test_ink_on_the_background_counts(device):
    got = named(byte([[[9, 9, 9, 0]]], device), floats([[[9, 0, 0, 0]], [[8, 8, 9, 0]]], device))
    assert got == [1], (
        f"the image has ink in three places, ideal 0 in one of them and ideal 1 in all, got {got}: "
        "0 would mean that places where an ideal has none were left out"
    )


def test_the_fractions_of_an_ideal_count(device):
    got = named(byte([[[3, 3]]], device), floats([[[3.4, 3.4]], [[2.7, 2.7]]], device))
    assert got == [1], (
        f"3 is 0.4 off from 3.4 and 0.3 off from 2.7, so ideal 1, got {got}: 0 would mean that the "
        "ideals were rounded"
    )


def test_a_darker_byte_does_not_wrap_round(device):
    got = named(byte([[[3, 3]]], device), floats([[[40, 40]], [[5, 5]]], device))
    assert got == [1], (
        f"3 is 2 off from 5 and 37 off from 40, so ideal 1, got {got}: in bytes 3 - 5 is 254 and "
        "3 - 40 is 219"
    )


def test_bytes_are_judged_as_floats_are(device):
    images = byte([[[250, 240]], [[10, 0]], [[120, 140]]], device)
    ideals = floats([[[5, 5]], [[255, 255]], [[130, 130]]], device)
    got = named(images, ideals), named(images.float(), ideals)
    assert got == ([1, 0, 2], [1, 0, 2]), (
        f"the nearest are 1, 0 and 2, got {got[0]} for bytes and {got[1]} for floats: the values "
        "are taken as they are"
    )


def test_pictures_may_be_of_any_size(device):
    for size in ((1, 1), (2, 3), (28, 28), (7, 1)):
        images = torch.stack([torch.full(size, 40.0), torch.full(size, 210.0)]).to(device)
        got = named(images.to(torch.uint8), images.flip(0) + 3)
        assert got == [1, 0], f"pictures of {size}: the nearest are 1 and 0, got {got}"


def test_one_ideal_is_the_nearest(device):
    got = named(byte([[[1, 2]], [[200, 3]]], device), floats([[[9, 9]]], device))
    assert got == [0, 0], f"there is one ideal, of index 0, got {got}"


def test_the_index_is_int64(device):
    ideals = floats([[[0, 0]], [[9, 9]]], device)
    for images in (byte([[[8, 8]]], device), floats([[[8, 8]]], device)):
        got = classify(images, ideals).dtype
        assert got == torch.int64, f"an index is int64, got {got}"


def test_the_answer_is_on_the_device(device):
    images = torch.ones(2, 3, 4, device=device)
    for name, got in (("ideal", ideal(images)), ("classify", classify(images, images))):
        assert got.device.type == device.type, (
            f"the images are on {device.type}, what {name} gives is on {got.device.type}"
        )


def test_there_may_be_no_images(device):
    ideals = floats([[[0, 0]], [[9, 9]]], device)
    for images in (byte([[[8, 8]]], device)[:0], ideals[:0]):
        got = named(images, ideals)
        assert got == [], f"no images have no answers, got {got}"


def test_what_is_classified_stays_as_it_is(device):
    ideals = floats([[[0, 0]], [[9, 9]]], device)
    for images in (floats([[[8, 7]]], device), byte([[[8, 7]]], device)):
        with unchanged(images, ideals):
            classify(images, ideals)


def test_threes_and_sevens_are_told_apart(device, digits):
    right = share_of_right(digits.of(3, 7), (3, 7), device)
    # 94 to 100% on 50 splits.
    assert right >= 0.9, (
        f"of 3s and 7s that no ideal was made of, 90% and more are told apart, got {right:.0%}: "
        "about half is guessing, next to none would mean that the farthest ideal wins"
    )


def test_ten_digits_are_told_apart(device, digits):
    if len(digits.labels.unique()) < 10:
        pytest.skip("the digits given by --digits are not all ten")
    right = share_of_right(digits, range(10), device)
    # 84 to 91% on 50 splits; 46 to 75% with one image for each ideal.
    assert right >= 0.8, (
        f"of ten digits 80% and more are told apart, got {right:.0%}: 10% is guessing, and comes "
        "of bytes that wrap round or differences that cancel; 46 to 75% of one image for an ideal"
    )


def test_the_operations_do_not_grow_with_the_images(device):
    few, many = (launches(number, device) for number in (2, 300))
    assert many.launches <= few.launches, (
        f"2 images took {few.launches} operations, 300 took {many.describe()}: what grows with the "
        "images is a loop over them"
    )


def test_beats_the_loop(race, device, generator):
    race(loop, classify, lambda: drawn(100, device, generator), at_least=15)


@pytest.mark.parametrize("images", [10, 100, 1_000])
def test_benchmark(bench, device, generator, images):
    bench(loop, classify, lambda: drawn(images, device, generator))


def loop(images, ideals):
    nearest = []
    for image in images:
        distances = [(image.float() - each).abs().mean() for each in ideals]
        nearest.append(torch.stack(distances).argmin())
    return torch.stack(nearest)


def drawn(images, device, generator):
    """Images and ten ideals: each image is one of them with noise, so that none is in between."""
    ideals = torch.randint(40, 216, (10, 8, 8), generator=generator)
    labels = torch.randint(10, (images,), generator=generator)
    noise = torch.randint(-40, 40, (images, 8, 8), generator=generator)
    return (ideals[labels] + noise).to(torch.uint8).to(device), ideals.float().to(device)


def share_of_right(digits, labels, device):
    """The share of held-out digits that is called by its name."""
    train, valid = digits.split(0.7, seed=0)
    ideals = [ideal(train.of(label).images.to(device)) for label in labels]
    size = tuple(train.images.shape[1:])
    for each in ideals:
        assert tuple(each.shape) == size, (
            f"an ideal is a picture of {size}, got {tuple(each.shape)}"
        )
    nearest = torch.tensor(named(valid.images.to(device), torch.stack(ideals)))
    names = torch.tensor(labels)[nearest.long()]
    return (names == valid.labels).float().mean().item()


def launches(number, device):
    """What a call with so many images asks of the device."""
    images = torch.ones(number, 2, 3, dtype=torch.uint8, device=device)
    ideals = torch.zeros(4, 2, 3, device=device)
    with count(device) as counts:
        classify(images, ideals)
    return counts


def named(images, ideals):
    """The learner's answer as a list."""
    what = f"{len(images)} images and {len(ideals)} ideals"
    got = answer_of(lambda: classify(images, ideals), f"{what} have an answer")
    assert tuple(got.shape) == (len(images),), (
        f"{what} have an answer of shape ({len(images)},), got {tuple(got.shape)}"
    )
    return got.tolist()


def byte(values, device):
    return torch.tensor(values, dtype=torch.uint8, device=device)


def floats(values, device):
    return torch.tensor(values, dtype=torch.float32, device=device)
