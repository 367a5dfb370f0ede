import pytest
import torch

from dojo.checks import answer_of, assert_refused, assert_same, unchanged
from katas.tensors.view_shares_memory import flatten_images, same_storage


def test_each_image_becomes_a_row(device):
    x = torch.arange(24.0, device=device)
    assert_same(
        rows_of(x.view(2, 3, 4)),
        torch.stack([x[:12], x[12:]]),
        "(24,) would mean that the images were flattened as well, one after the other",
    )


def test_pictures_of_any_size_become_rows(device):
    for height, width in ((28, 28), (8, 8), (2, 392)):  # 784 values, 64, and 784 again
        x = torch.arange(5 * height * width, device=device) % 251
        x = x.to(torch.uint8).view(5, height, width)
        assert_same(rows_of(x), x.flatten(1), f"5 images of {height}×{width}")


def test_colour_pictures_become_rows(device):
    x = torch.arange(120.0, device=device)
    meaning = "an image is all axes but the first, however many those are"
    assert_same(rows_of(x.view(2, 3, 4, 5)), torch.stack([x[:60], x[60:]]), meaning)


def test_a_single_image_is_one_row(device):
    x = torch.tensor([[[-1.0, 2.0, 300.0], [4.0, 5.0, 6.0]]], device=device)
    expected = torch.tensor([[-1.0, 2.0, 300.0, 4.0, 5.0, 6.0]], device=device)
    assert_same(rows_of(x), expected, "one image is a batch of one: it keeps the axis")


def test_images_without_axes_become_rows_of_one(device):
    x = torch.tensor([3.0, -1.0, 4.0], device=device)
    expected = torch.tensor([[3.0], [-1.0], [4.0]], device=device)
    assert_same(rows_of(x), expected, "(3,) is three images of one value each")


def test_writing_to_the_rows_shows_in_the_images(device):
    x = torch.zeros(4, 2, 2, device=device)
    rows_of(x)[1] = 7
    expected = torch.full((2, 2), 7.0, device=device)
    assert_same(x[1], expected, "7 was written to row 1, so 0 would mean that it is a copy")


def test_every_second_image_is_viewed(device):
    x = torch.zeros(5, 3, 4, device=device)
    rows_of(x[::2])[2] = 7
    expected = torch.full((3, 4), 7.0, device=device)
    assert_same(x[4], expected, "7 was written to row 2 of x[::2], so 0 would mean a copy")


def test_every_second_column_is_viewed(device):
    x = torch.arange(48.0, device=device).view(2, 4, 6)
    rows = rows_of(x[:, :, ::2])
    assert_same(rows, torch.arange(0.0, 48.0, 2, device=device).view(2, 12), "the even numbers")
    rows[1] = 7
    expected = torch.full((4, 3), 7.0, device=device)
    assert_same(x[1, :, ::2], expected, "7 was written to row 1, so 24 would mean a copy")


def test_a_transposed_picture_is_refused(device):
    x = torch.arange(24.0, device=device).view(2, 3, 4)
    rows_of(x.clone())  # as they are, the pictures can be viewed
    assert_refused(
        lambda: flatten_images(x.mT),
        RuntimeError,
        "rows of a transposed picture take a copy, since no single step leads through its values",
    )


def test_a_picture_cropped_to_some_columns_is_refused(device):
    x = torch.arange(24.0, device=device).view(2, 3, 4)
    rows_of(x[:, 1:])  # cropped to some rows: still one value after the other
    assert_refused(
        lambda: flatten_images(x[:, :, 1:3]),
        RuntimeError,
        "rows of a picture cropped to some columns take a copy, for there is a gap after each line",
    )


def test_the_images_stay_as_they_are(device):
    x = torch.arange(24.0, device=device).view(2, 3, 4)
    with unchanged(x):
        rows_of(x)


def test_a_tensor_shares_with_its_views():
    x = torch.arange(12.0).view(3, 4)
    for name, view in (("x", x), ("x.T", x.T), ("x.view(12)", x.view(12)), ("x[:, :2]", x[:, :2])):
        assert_shared(x, view, f"x and {name}")
        assert_shared(view, x, f"{name} and x")


def test_a_detached_tensor_shares():
    x = torch.arange(12.0).view(3, 4)
    assert_shared(x, x.detach(), "x and x.detach(), which leaves out the gradients and no number,")
    assert_shared(x[1].detach(), x[0], "x[1].detach() and x[0]")


def test_overlapping_slices_share():
    x = torch.arange(12)
    assert_shared(x[:8], x[4:], "x[:8] and x[4:], which begin at two addresses,")


def test_slices_that_do_not_overlap_share():
    x = torch.arange(12)
    for a, b, names in ((x[:4], x[4:], "x[:4] and x[4:]"), (x[1::2], x[::2], "x[1::2] and x[::2]")):
        assert_shared(a, b, f"{names}, slices of one tensor without a common element,")


def test_a_copy_does_not_share():
    x = torch.ones(2, 3)
    copies = {"x.clone()": x.clone(), "another ones(2, 3)": torch.ones(2, 3), "x + 1": x + 1}
    for name, copy in copies.items():
        got = same_storage(x, copy)
        assert got is False, f"x and {name} have memory of their own: expected False, got {got!r}"


def test_both_stay_as_they_are():
    x = torch.arange(6.0).view(2, 3)
    for other in (x[1], x.clone()):
        with unchanged(x, other):
            same_storage(x, other)


@pytest.mark.parametrize("images", [10, 1_000, 10_000])
def test_benchmark(bench, device, generator, images):
    def one_by_one(x):
        return torch.stack([image.flatten() for image in x])

    def inputs():
        return (torch.randn(images, 8, 8, generator=generator).to(device),)

    bench(one_by_one, flatten_images, inputs)


def assert_shared(a, b, names):
    got = same_storage(a, b)
    assert got is True, (
        f"{names} keep their values in one block of memory: expected True, got {got!r}"
    )


def rows_of(x):
    """The learner's rows of images that can be viewed as rows."""
    return answer_of(
        lambda: flatten_images(x),
        f"images of shape {tuple(x.shape)} and strides {x.stride()} can be viewed as rows",
    )
