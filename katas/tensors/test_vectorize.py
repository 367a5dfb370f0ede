import pytest
import torch

from dojo.checks import answer_of, assert_same, unchanged
from dojo.counting import count
from katas.tensors.vectorize import distances


def test_each_image_gets_a_number_of_its_own(device):
    template = torch.tensor([[1.0, 2, 3], [4, 5, 6]], device=device)
    images = torch.stack([template, template + 6, template + 0.5])
    for batch in (images, images[1:2]):
        got = distances(batch, template)
        assert isinstance(got, torch.Tensor), f"expected a tensor, got {got!r}"
        assert got.shape == batch.shape[:1], (
            f"{len(batch)} images get {len(batch)} numbers, got shape {tuple(got.shape)}: "
            "() would mean that the mean went over the images too"
        )
        expected = {3: [0, 6, 0.5], 1: [6]}[len(batch)]
        assert got.tolist() == expected, (
            f"images that are {expected} above the template in each pixel, got {got.tolist()}"
        )


def test_the_size_of_an_image_does_not_matter(device):
    for height, width in ((1, 1), (2, 3), (4, 1), (8, 8)):
        template = torch.full((height, width), -2.0, device=device)
        got = distances(template.expand(2, -1, -1) + 1, template).tolist()
        assert got == [1, 1], (
            f"each of the {height} by {width} pixels is 1 off, so their mean is 1, got {got}: "
            f"{height * width} would mean the sum"
        )


def test_a_difference_counts_as_it_is(device):
    template = torch.tensor([[10.0, 20, 30, 40]], device=device)
    images = template.repeat(2, 1, 1)
    images[0, 0, 1] += 4
    images[1] += torch.tensor([2.0, 0, 2, 4], device=device)
    got = distances(images, template).tolist()
    assert got == [1, 2], (
        f"(0 + 4 + 0 + 0) / 4 and (2 + 0 + 2 + 4) / 4 are 1 and 2, got {got}: [4, 6] would mean "
        "squares, [2, 2.45] their root"
    )


def test_brighter_and_darker_pixels_do_not_cancel(device):
    template = torch.tensor([[10.0, 20], [30, 40]], device=device)
    images = torch.tensor([[[13.0, 17], [32, 38]]], device=device)
    got = distances(images, template).item()
    assert got == 2.5, (
        f"3, -3, 2, -2 off is 2.5 on average, got {got}: 0 would mean that abs() came after the "
        "mean, 1.25 that only brighter pixels count"
    )


def test_a_darker_pixel_counts_like_a_brighter_one(device):
    template = torch.full((2, 3), 200.0, device=device)
    got = distances(torch.stack([template - 3, template + 3]), template).tolist()
    assert got == [3, 3], f"3 darker and 3 brighter are both 3 off, got {got}"


def test_a_darker_byte_does_not_wrap_round(device):
    for pixel, other in ((3, 5), (10, 110), (0, 127)):
        got = distances(byte([[[pixel, pixel]]], device), byte([[other, other]], device)).item()
        assert got == other - pixel, (
            f"{pixel} is {other - pixel} off from {other}, got {got}: {pixel - other + 256} would "
            f"mean that bytes were subtracted, where {pixel} - {other} wraps round"
        )


def test_bytes_above_127_stay_positive(device):
    for pixel, other in ((200, 20), (255, 0), (128, 127)):
        got = distances(byte([[[pixel, pixel]]], device), byte([[other, other]], device)).item()
        assert got == pixel - other, (
            f"{pixel} is {pixel - other} off from {other}, got {got}: {256 - pixel + other} would "
            f"mean that {pixel} was turned into {pixel - 256}, as int8 has it"
        )


def test_bytes_are_taken_as_they_are(device):
    template = byte([[0, 100], [200, 255]], device)
    got = distances(byte([[[51, 100], [200, 255]]], device), template).item()
    assert got == 12.75, f"51 / 4 is 12.75, got {got}: 0.05 would mean that bytes were scaled"


def test_float_images_keep_their_fractions(device):
    template = torch.tensor([[0.25, -0.5]], device=device)
    images = torch.tensor([[[0.5, -1.25]], [[0.25, 1_000.0]]], device=device)
    got = distances(images, template).tolist()
    assert got == [0.5, 500.25], (
        f"(0.25 + 0.75) / 2 and 1,000.5 / 2 are 0.5 and 500.25, got {got}: [0.5, 500] and the "
        "like would mean that pixels were cut to whole numbers"
    )


def test_the_result_is_float32(device):
    for dtype in (torch.uint8, torch.float32):
        images = torch.ones(2, 3, 4, dtype=dtype, device=device)
        got = distances(images, images[0]).dtype
        assert got == torch.float32, f"{dtype} images give torch.float32, got {got}"


def test_the_result_is_on_the_device(device):
    images = torch.ones(2, 3, 4, device=device)
    got = distances(images, images[0]).device
    assert got.type == device.type, f"the images are on {device.type}, the result on {got.type}"


def test_there_may_be_no_images(device):
    for dtype in (torch.uint8, torch.float32):
        template = torch.ones(3, 4, dtype=dtype, device=device)
        none = template.new_zeros(0, 3, 4)
        got = answer_of(lambda: distances(none, template), "no images give shape (0,)")
        assert got.shape == (0,), f"no images give shape (0,), got {tuple(got.shape)}"


def test_the_inputs_stay_as_they_are(device):
    for dtype in (torch.float32, torch.uint8):
        images = torch.arange(24, device=device).to(dtype).reshape(2, 3, 4)
        template = images[1] - 5
        with unchanged(images, template):
            distances(images, template)


def test_agrees_with_the_loop_on_the_digits(device, digits):
    images = digits.images[:300].to(device)
    template = digits.images[-1].to(device)
    assert_same(distances(images, template), loop(images, template), "bytes, as they are")
    images = images.float() / 255
    template = images.mean(dim=0)
    assert_same(distances(images, template), loop(images, template), "floats, against their mean")


def test_the_operations_do_not_grow_with_the_images(device):
    few, many = (launches((number, 2, 3), device) for number in (2, 300))
    assert many.launches <= few.launches, (
        f"2 images took {few.launches} operations, 300 took {many.describe()}: "
        "what grows with the images is a loop over them"
    )


def test_the_operations_do_not_grow_with_the_size_of_an_image(device):
    small, large = (launches((4, *size), device) for size in ((2, 3), (20, 25)))
    assert large.launches <= small.launches, (
        f"images of 2 by 3 took {small.launches} operations, of 20 by 25 {large.describe()}: "
        "what grows with the pixels is a loop over them"
    )


def test_no_number_is_read_out_on_the_way(device):
    counts = launches((4, 2, 3), device)
    assert not counts.synchronisations, (
        "the numbers are to stay in torch, where reading one waits for the device, got "
        + ", ".join(counts.synchronisations)
    )


def test_beats_the_loop(race, device, generator):
    race(loop, distances, lambda: drawn((1_797, 3, 5), device, generator), at_least=15)


@pytest.mark.parametrize("images", [10, 1_797, 10_000])
def test_benchmark(bench, device, generator, images):
    bench(loop, distances, lambda: drawn((images, 8, 8), device, generator))


def loop(images, template):
    result = []
    for image in images:
        difference = image.float() - template.float()
        result.append(difference.abs().mean())
    return torch.stack(result)


def launches(shape, device):
    """What a call with images of this shape asks of the device."""
    images = torch.ones(shape, dtype=torch.uint8, device=device)
    template = torch.zeros(shape[1:], dtype=torch.uint8, device=device)
    with count(device) as counts:
        distances(images, template)
    return counts


def drawn(shape, device, generator):
    numbers = torch.randint(256, (shape[0] + 1, *shape[1:]), generator=generator)
    bytes_ = numbers.to(torch.uint8).to(device)
    return bytes_[1:], bytes_[0]


def byte(values, device):
    return torch.tensor(values, dtype=torch.uint8, device=device)
