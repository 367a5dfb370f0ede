import pytest
import torch

from dojo.checks import assert_refused, assert_same, unchanged
from katas.tensors.rank_three import stack_images


def test_the_first_axis_counts_the_images(device):
    for number, height, width in ((3, 2, 4), (2, 5, 3), (4, 2, 2)):
        images = [torch.zeros(height, width, device=device) for _ in range(number)]
        got = tuple(stack_images(images).shape)
        assert got == (number, height, width), (
            f"{number} images of shape {height, width} give {number, height, width}, got {got}: "
            f"{number * height, width} would mean that they were joined into one tall image"
        )


def test_several_images_give_rank_3(device):
    got = stack_images([torch.zeros(2, 4, device=device) for _ in range(3)]).ndim
    assert got == 3, f"three images of rank 2 give rank 3, got rank {got}: they need an axis more"


def test_the_last_axis_is_the_width(device):
    got = tuple(stack_images([torch.zeros(2, 4, device=device) for _ in range(3)]).shape)
    assert got[-1] == 4, f"the images are 4 wide, and the stack is of shape {got}"


def test_every_image_can_be_had_back(device):
    images = [
        torch.tensor([[0.0, -1.0, 2.0], [3.0, 4.0, 1e30]]),
        torch.tensor([[10.0, 11.0, 12.0], [13.0, 14.0, 15.0]]),
        torch.tensor([[20.0, 23.0], [21.0, 24.0], [22.0, 25.0]]).T,  # not contiguous
    ]
    images = [image.to(device) for image in images]
    got = stack_images(images)
    assert tuple(got.shape) == (3, 2, 3), f"expected shape (3, 2, 3), got {tuple(got.shape)}"
    for place, image in enumerate(images):
        assert_same(got[place], image, f"index {place} of the stack is image {place}")


def test_one_image_gives_rank_3(device):
    image = torch.tensor([[7.0, 8.0, 9.0]] * 2, device=device)
    got = stack_images([image])
    assert got.ndim == 3, f"one image makes a stack of one, of rank 3, got shape {tuple(got.shape)}"
    assert_same(got, image.reshape(1, 2, 3))


def test_axes_of_size_1_stay(device):
    for shape in ((1, 5), (5, 1), (1, 1)):
        got = tuple(stack_images([torch.zeros(shape, device=device) for _ in range(2)]).shape)
        assert got == (2, *shape), f"two images of shape {shape} give {(2, *shape)}, got {got}"


def test_bytes_stay_bytes(device):
    _keeps(torch.uint8, device)


def test_half_precision_stays_half(device):
    _keeps(torch.float16, device)


def test_masks_and_counts_keep_their_dtype(device):
    for dtype in (torch.bool, torch.int32, torch.int64):
        _keeps(dtype, device)


def test_the_stack_is_where_its_images_are(device):
    images = [torch.zeros(2, 3, device=device) for _ in range(3)]
    expected = images[0].device
    got = stack_images(images).device
    assert got == expected, f"the images are on {expected}, the stack on {got}"


def test_an_empty_list_is_refused():
    assert_refused(lambda: stack_images([]), ValueError, "no images have no height and width")


def test_an_image_of_another_size_is_named(device):
    _refuses([(5, 7)] * 3 + [(6, 7)] + [(5, 7)] * 2, 3, device)
    _refuses([(5, 7)] * 2 + [(5, 8)] + [(5, 7)] * 2, 2, device)
    _refuses([(5, 7), (6, 8)], 1, device)


def test_the_last_image_is_looked_at_too(device):
    _refuses([(5, 7)] * 4 + [(6, 8)], 4, device)


def test_an_image_is_not_stretched(device):
    _refuses([(5, 7)] * 3 + [(1, 7), (5, 7)], 3, device, "one row would fill a whole image")
    _refuses([(5, 7)] * 3 + [(5, 1), (5, 7)], 3, device, "one column would fill a whole image")
    _refuses([(5, 7)] * 3 + [(7,), (5, 7)], 3, device, "one row would fill a whole image")


def test_a_turned_image_is_named(device):
    _refuses([(5, 7)] * 3 + [(7, 5), (5, 7)], 3, device, "as many pixels, and another shape")


def test_an_image_of_another_rank_is_named(device):
    _refuses([(5, 7)] * 3 + [(5, 7, 6)], 3, device)
    _refuses([(5, 7)] * 3 + [(1, 5, 7)], 3, device)
    _refuses([(5, 7)] * 3 + [(8,)], 3, device)


def test_images_all_of_another_rank_are_refused(device):
    for shape in ((), (8,), (5, 6, 7), (5, 6, 7, 8)):
        _refuses([shape] * 3, 0, device, f"rank is {len(shape)}, and that of an image 2")
        _refuses([shape], 0, device, f"rank is {len(shape)}, and that of an image 2")


def test_a_first_image_of_another_rank_is_named(device):
    _refuses([(5, 6, 7), (5, 6), (5, 6)], 0, device, "rank is 3, and that of an image 2")


def test_the_first_of_several_is_named(device):
    _refuses([(5, 7)] * 3 + [(6, 7), (5, 8)], 3, device, "the odd one after it comes later")


def test_the_images_stay_as_they_are(device):
    images = [torch.full((2, 3), float(shade), device=device) for shade in range(3)]
    with unchanged(*images):
        stack_images(images)


def test_the_list_stays_as_it_is(device):
    images = [torch.zeros(2, 3, device=device) for _ in range(3)]
    before = [*images]
    stack_images(images)
    after = len(images)
    assert after == 3, f"the list held 3 images before the call and holds {after} after it"
    assert all(mine is image for mine, image in zip(images, before, strict=True)), (
        "the list holds other tensors after the call than before"
    )


def test_beats_nested_lists(race, device, generator):
    race(_through_lists, stack_images, lambda: _drawn(256, generator, device), at_least=8)


@pytest.mark.parametrize("images", [16, 128, 512])
def test_benchmark(bench, device, generator, images):
    bench(_through_lists, stack_images, lambda: _drawn(images, generator, device))


def _through_lists(images):
    lists = [image.tolist() for image in images]
    return torch.tensor(lists, dtype=images[0].dtype, device=images[0].device)


def _drawn(number, generator, device):
    return (list(torch.rand(number, 28, 28, generator=generator).to(device)),)


def _keeps(dtype, device):
    got = stack_images([torch.ones(2, 3, dtype=dtype, device=device) for _ in range(2)]).dtype
    assert got == dtype, f"images of {dtype} give {dtype}, got {got}"


def _refuses(shapes, place, device, why=""):
    """The image at this place must be named, with its shape and that of the first."""
    images = [torch.zeros(shape, device=device) for shape in shapes]
    why = why or f"image 0 has shape {shapes[0]}"
    assert_refused(
        lambda: stack_images(images),
        ValueError,
        f"image {place} of {len(images)} has shape {shapes[place]}: {why}",
        mentions=(place, *shapes[place], *shapes[0]),
    )
