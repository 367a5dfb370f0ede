import pytest
import torch
from torch.nn.functional import avg_pool2d
from torch.nn.functional import pad as torch_pad

from dojo.checks import answer_of, assert_refused, assert_same, unchanged
from dojo.counting import count
from katas.data.reflection_padding import reflect_pad


def test_each_of_the_four_sides_gets_pad_more(device):
    for pad in (1, 2, 3):
        got = tuple(reflect_pad(torch.zeros(4, 7, device=device), pad).shape)
        assert got == (4 + 2 * pad, 7 + 2 * pad), (
            f"4 by 7 with pad {pad} on each side is {4 + 2 * pad} by {7 + 2 * pad}, got {got}: "
            f"{4 + pad} by {7 + pad} would mean that only one side of two was padded"
        )


def test_the_mirror_shows_the_neighbour_of_the_edge(device):
    image = torch.tensor([[10.0, 11, 13, 16], [20, 21, 23, 26], [40, 41, 43, 46]], device=device)
    got = of_right_shape(image, 1)
    inside = "the image itself is to stay in the middle"
    assert_same(got[1:-1, 1:-1], image, inside)
    for side, place, seen in (
        ("left of 10 11 13 16", (1, 0), 11),
        ("right of 10 11 13 16", (1, -1), 13),
        ("above 10 20 40", (0, 1), 20),
        ("below 10 20 40", (-1, 1), 20),
    ):
        value = got[place].item()
        assert value == seen, (
            f"{side} stands the neighbour of the edge, {seen}, got {value:g}: the edge itself "
            "would mean that it is repeated, the far edge that the image begins anew, 0 that "
            "nothing was mirrored"
        )


def test_a_wide_strip_is_turned_round(device):
    row = torch.tensor([1.0, 2, 3, 5], device=device)
    for image, turn in ((row.expand(3, 4), False), (row.expand(3, 4).mT, True)):
        got = of_right_shape(image, 2)
        line = (got[:, 3] if turn else got[3]).tolist()
        assert line == [3, 2, 1, 2, 3, 5, 3, 2], (
            f"a {'column' if turn else 'row'} 1 2 3 5 with pad 2 is 3 2 1 2 3 5 3 2, got {line}: "
            "2 3 1 2 3 5 2 3 would mean that strips were copied and not turned round, "
            "2 1 1 2 3 5 5 3 that the edge was repeated"
        )


def test_the_image_stays_in_the_middle(device):
    image = torch.arange(1.0, 21, device=device).reshape(4, 5)
    for pad in (1, 2, 3):
        got = reflect_pad(image, pad)[pad : pad + 4, pad : pad + 5]
        assert_same(got, image, f"the image begins {pad} rows and {pad} columns further in")


def test_the_neighbour_of_the_edge_is_seen_again(device):
    image = torch.tensor([10.0, 20, 30, 40, 50, 60], device=device).expand(3, 6)
    got = of_right_shape(image, 2)[2].tolist()
    for place, pixel in (("first", 20), ("last", 50)):
        assert got.count(pixel) == 2, (
            f"the neighbour of the {place} pixel, {pixel}, is seen in the image and in the mirror, "
            f"got {got.count(pixel)} times {pixel} in {got}"
        )


def test_only_pixels_of_the_image_are_seen(device):
    image = torch.tensor([[4.0, 5, 7, 9], [4, 7, 5, 9], [9, 5, 7, 4]], device=device)
    got = set(reflect_pad(image, 2).flatten().tolist())
    assert got == {4, 5, 7, 9}, (
        f"a mirror shows nothing but pixels of the image, which are 4, 5, 7 and 9, got "
        f"{sorted(got)}: 0 would mean a black frame, other numbers that the padding was computed"
    )


def test_a_chessboard_goes_on(device):
    rows, columns = torch.arange(-3, 7, device=device), torch.arange(-3, 9, device=device)
    board = ((rows[:, None] + columns) % 2).float()
    got = reflect_pad(board[3:-3, 3:-3], 3)
    assert_same(
        got,
        board,
        "black and white take turns beyond the border too: two of one colour side by side would "
        "mean that the edge was repeated",
    )


def test_columns_stay_columns(device):
    image = torch.arange(6.0, device=device).reshape(2, 3)
    got = reflect_pad(image, 1)
    expected = torch.tensor(
        [[4.0, 3, 4, 5, 4], [1, 0, 1, 2, 1], [4, 3, 4, 5, 4], [1, 0, 1, 2, 1]], device=device
    )
    meaning = "(5, 4) in place of (4, 5) would mean that height and width changed places"
    assert_same(got, expected, meaning)


def test_a_corner_is_mirrored_both_ways(device):
    image = torch.tensor([[10.0, 11, 13, 16], [20, 21, 23, 26], [40, 41, 43, 46]], device=device)
    got = of_right_shape(image, 2)
    for corner, expected in (
        (got[:2, :2], [[43, 41], [23, 21]]),
        (got[:2, -2:], [[43, 41], [23, 21]]),
        (got[-2:, :2], [[23, 21], [13, 11]]),
        (got[-2:, -2:], [[23, 21], [13, 11]]),
    ):
        assert corner.tolist() == expected, (
            f"beyond a corner the image is mirrored in both directions: {expected}, got "
            f"{corner.tolist()}: zeros would mean that corners were left out, one number four "
            "times that the corner pixel was repeated"
        )


def test_a_plain_wall_stays_plain_under_a_filter(device):
    wall = torch.full((1, 1, 3, 4), 9.0, device=device)
    got = avg_pool2d(reflect_pad(wall, 1), kernel_size=3, stride=1)
    assert_same(
        got,
        wall,
        "the mean over 3 by 3 pixels of a plain wall is that wall, up to the border: 4 in the "
        "corners and 6 along the edges would mean that beyond the border there are zeros",
    )


def test_a_pad_of_0_adds_nothing(device):
    for height, width in ((2, 3), (1, 1), (1, 4)):
        image = torch.arange(1.0, 1 + height * width, device=device).reshape(height, width)
        got = answer_of(lambda: reflect_pad(image, 0), f"pad 0 fits {height} by {width} pixels")
        assert_same(got, image, f"pad 0 leaves {height} by {width} pixels as they are")


def test_the_largest_pad_shows_all_of_the_image(device):
    rows = torch.tensor([[1.0, 2, 4], [1, 2, 4], [1, 2, 4], [1, 2, 4]], device=device)
    got = answer_of(lambda: reflect_pad(rows, 2), "pad 2 is smaller than 4 and 3")
    for line in got.tolist():
        assert line == [4, 2, 1, 2, 4, 2, 1], f"1 2 4 with pad 2 is 4 2 1 2 4 2 1, got {line}"


def test_axes_before_height_and_width_stay(device):
    for batch in ((), (2,), (1,), (3, 2), (2, 1, 3)):
        shape = (*batch, 5, 4)
        images = torch.arange(1.0, 1 + torch.Size(shape).numel(), device=device).reshape(shape)
        got = answer_of(lambda: reflect_pad(images, 2), f"shape {shape} ends in height and width")
        meaning = f"in shape {shape} height is 5 and width is 4, and what stands before them stays"
        assert_same(got, padded_by_torch(images, 2), meaning)


def test_there_may_be_no_images(device):
    for batch in ((0,), (0, 3), (2, 0)):
        images = torch.zeros(*batch, 5, 4, device=device)
        got = answer_of(lambda: reflect_pad(images, 2), f"{batch} images of 5 by 4")
        expected = torch.zeros(*batch, 9, 8, device=device)
        assert_same(got, expected, "none, each larger by 2 pad")


def test_bytes_stay_bytes(device):
    image = torch.tensor([[0, 7, 255], [128, 1, 200]], dtype=torch.uint8, device=device)
    got = answer_of(lambda: reflect_pad(image, 1), "bytes can be padded")
    expected = [[1, 128, 1, 200, 1], [7, 0, 7, 255, 7], [1, 128, 1, 200, 1], [7, 0, 7, 255, 7]]
    expected = torch.tensor(expected, dtype=torch.uint8, device=device)
    assert_same(got, expected, "float32 would mean that padding changed the dtype")


def test_agrees_with_torch(device, generator):
    for height, width, pad in ((4, 9, 3), (6, 5, 4), (2, 3, 1), (7, 7, 6)):
        images = torch.randn(2, 3, height, width, generator=generator).to(device)
        with unchanged(images):
            got = answer_of(lambda: reflect_pad(images, pad), f"{height} by {width}, pad {pad}")
        expected = padded_by_torch(images, pad)
        assert_same(got, expected, f"torch pads {height} by {width} with pad {pad} so")


def test_a_pad_as_large_as_a_side_is_refused(device):
    for height, width, pad in ((3, 5, 3), (5, 3, 3), (1, 2, 1)):
        assert_too_wide(height, width, pad, device)


def test_a_pad_larger_than_the_height_is_refused(device):
    for height, width, pad in ((3, 5, 4), (2, 9, 7)):
        assert_too_wide(height, width, pad, device)


def test_a_pad_larger_than_the_width_is_refused(device):
    for height, width, pad in ((5, 3, 4), (9, 2, 7)):
        assert_too_wide(height, width, pad, device)


def test_a_pad_larger_than_both_sides_is_refused(device):
    for height, width, pad in ((4, 6, 13), (6, 4, 7)):
        assert_too_wide(height, width, pad, device)


def test_a_negative_pad_is_refused(device):
    for pad in (-1, -2):
        assert_refused(
            lambda: reflect_pad(torch.zeros(7, 6, device=device), pad),
            ValueError,
            f"pad is {pad}, and padding takes no pixel away",
            mentions=(pad, 7, 6),
        )


def test_the_gradient_of_the_middle_reaches_the_image(device):
    image = torch.ones(3, 4, device=device, requires_grad=True)
    padded = of_right_shape(image, 1)
    assert padded.requires_grad, "the result has no graph, so no gradient can reach the image"
    (got,) = torch.autograd.grad(padded[1:-1, 1:-1].sum(), image)
    assert_same(got, torch.ones(3, 4, device=device), "in the middle each pixel is seen once")


def test_a_pixel_gets_the_gradient_of_all_its_places(device):
    images = torch.ones(2, 4, 5, device=device, requires_grad=True)
    padded = of_right_shape(images, 1)
    assert padded.requires_grad, "the result has no graph, so no gradient can reach the images"
    padded.sum().backward()
    row, column = torch.tensor([1.0, 2, 2, 1]), torch.tensor([1.0, 2, 1, 2, 1])
    expected = (row[:, None] * column).expand(2, 4, 5).to(device)
    assert_same(
        images.grad,
        expected,
        "with pad 1 the neighbours of an edge are seen twice, in the corners four times: ones "
        "everywhere would mean that no gradient goes through the padding",
    )


def test_the_gradient_of_each_place_goes_to_its_pixel(device, generator):
    images = torch.randn(3, 6, 4, generator=generator).to(device).requires_grad_()
    weights = torch.randn(3, 12, 10, generator=generator).to(device)
    padded = of_right_shape(images, 3)
    assert padded.requires_grad, "the result has no graph, so no gradient can reach the images"
    (got,) = torch.autograd.grad((padded * weights).sum(), images)
    (expected,) = torch.autograd.grad((padded_by_torch(images, 3) * weights).sum(), images)
    assert_same(got, expected, "what arrives at a place belongs to the pixel that is seen there")


def test_the_result_is_on_the_device(device):
    got = reflect_pad(torch.ones(2, 3, device=device), 1).device
    assert got.type == device.type, f"the images are on {device.type}, the result on {got.type}"


def test_torch_does_not_do_it(device):
    names = launches((2, 4, 6), 2, device).operations
    ready = sorted({name for name in names if "reflection_pad" in name})
    assert not ready, f"the mirroring is to be your own, and {', '.join(ready)} did it"


def test_the_operations_do_not_grow_with_the_images(device):
    small, large = (launches(shape, 2, device) for shape in ((1, 3, 4), (5, 30, 23)))
    assert large.launches <= small.launches, (
        f"an image of 3 by 4 took {small.launches} operations, 5 of 30 by 23 {large.describe()}: "
        "what grows with the images is a loop over rows, columns or pixels"
    )


def test_the_operations_do_not_grow_with_pad(device):
    narrow, wide = (launches((2, 9, 8), pad, device) for pad in (1, 7))
    assert wide.launches <= narrow.launches, (
        f"pad 1 took {narrow.launches} operations, pad 7 {wide.describe()}: "
        "what grows with pad is a loop over it"
    )


def test_beats_the_loop(race, device, generator):
    race(loop, reflect_pad, lambda: drawn((3, 64, 64), device, generator), at_least=40)


@pytest.mark.parametrize("side", [8, 64, 224])
def test_benchmark(bench, device, generator, side):
    bench(loop, reflect_pad, lambda: drawn((3, side, side), device, generator))


def of_right_shape(images, pad):
    """The padded images, once it is clear that each place that a test looks at is there."""
    padded = answer_of(lambda: reflect_pad(images, pad), f"pad {pad} fits {tuple(images.shape)}")
    assert isinstance(padded, torch.Tensor), f"expected a tensor, got {padded!r}"
    *batch, height, width = images.shape
    expected, got = (*batch, height + 2 * pad, width + 2 * pad), tuple(padded.shape)
    assert got == expected, f"{tuple(images.shape)} with pad {pad} is {expected}, got {got}"
    return padded


def assert_too_wide(height, width, pad, device):
    assert_refused(
        lambda: reflect_pad(torch.zeros(2, height, width, device=device), pad),
        ValueError,
        f"beyond the edge of {height} by {width} pixels there are {min(height, width) - 1} to "
        f"show, so pad {pad} is too wide",
        mentions=(pad, height, width),
    )


def loop(images, pad):
    *batch, height, width = images.shape
    result = images.new_empty(*batch, height + 2 * pad, width + 2 * pad)
    for row in range(height + 2 * pad):
        for column in range(width + 2 * pad):
            y = height - 1 - abs(height - 1 - abs(row - pad))
            x = width - 1 - abs(width - 1 - abs(column - pad))
            result[..., row, column] = images[..., y, x]
    return result


def launches(shape, pad, device):
    """What a call with images of this shape asks of the device."""
    images = torch.ones(shape, device=device)
    with count(device) as counts:
        reflect_pad(images, pad)
    return counts


def drawn(shape, device, generator):
    return torch.randn(shape, generator=generator).to(device), 3


def padded_by_torch(images, pad):
    """torch.nn.functional.pad, which wants one or two axes before height and width."""
    *batch, height, width = images.shape
    planes = images.reshape(1, -1, height, width)
    padded = torch_pad(planes, (pad, pad, pad, pad), mode="reflect")
    return padded.reshape(*batch, height + 2 * pad, width + 2 * pad)
