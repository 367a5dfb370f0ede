"""What is reflection padding, and does it help?

A filter at the border of an image asks for pixels beyond it. Something has to stand there.
"""

import torch
from jaxtyping import Shaped
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["reflect_pad"]


def reflect_pad(
    images: Shaped[Tensor, "*batch height width"], pad: int
) -> Shaped[Tensor, "*batch height+2*pad width+2*pad"]:
    """Return the images with pad more pixels on each of their four sides, as in a mirror.

    The mirror stands on the outermost pixel, which is not repeated: with pad 2 a row 1 2 3 5
    becomes 3 2 1 2 3 5 3 2. So it is in each column, and beyond a corner it is so both ways.

    Before height and width there may be any number of axes, none included, of any size, 0
    included. An image is uint8 or float32 and has at least one pixel; images are left as they are.
    The result has their dtype and their device. Gradients pass: a pixel gets the sum of what
    arrives at all the places where it is to be seen.

    The mirroring is your own: none of what torch has for the purpose, which is
    torch.nn.functional.pad with mode="reflect" and torch.nn.ReflectionPad2d. It takes as many
    operations for large images as for small ones, and as many for a wide pad as for a narrow one.
    With pad 3 on images of 3 by 64 by 64 it is more than 40 times as fast as a loop over the pixels
    of the result.

    Raises:
        ValueError: pad is negative, or not smaller than both height and width; the message gives
            pad, height and width.
    """
    height, width = images.shape[-2:]
    if not 0 <= pad < min(height, width):
        raise ValueError(f"pad is {pad}, images are {height} by {width}: give 0 to less than both")
    for axis, size in ((-2, height), (-1, width)):
        before = images.narrow(axis, 1, pad).flip(axis)
        behind = images.narrow(axis, size - 1 - pad, pad).flip(axis)
        images = torch.cat([before, images, behind], axis)
    return images


HINTS = (
    "Write down for a row of four pixels and pad 2 which pixel stands at each of the eight places: "
    "numbers from 0 to 3. Do you see those numbers go down, up and down again?",
    "Four strips of the image, each turned round, are all that is missing. Which pixels does the "
    "strip before a row hold, and in which order? And what fills the corners?",
    "For each of the two axes torch.cat([before, images, behind], axis), where before is "
    "images.narrow(axis, 1, pad).flip(axis) and behind begins at size - 1 - pad.",
)
ANSWER = """
Reflection padding goes on beyond the border with the image's own mirror image, so what a filter
sees there is made of the colours and textures of that image. Zeros draw a black frame instead: a
mean over 3 by 3 pixels of a plain white wall falls to 2/3 along the edge and to 4/9 in a corner,
and a network sees that frame in every layer. Mirrored, the wall stays a wall.

"It helps most of the time" is a rule of thumb, not a result. What happens at the border is certain,
what is gained by it is not: it shows where the border shows, in generated images or in augmentation
by turning and shifting, and hardly where the object is in the middle. A frame of zeros even tells a
network where the border is, which some tasks want. The mirror has its limits too: it shows no more
than there is, so pad must be smaller than the image, and pixels near the border count more than
once, in the gradient as well.
"""


@alternative
def looks_up_each_pixel(images, pad):
    _refuse(images, pad)
    rows, columns = (
        size - 1 - (size - 1 - torch.arange(-pad, size + pad, device=images.device).abs()).abs()
        for size in images.shape[-2:]
    )
    return images[..., rows[:, None], columns]


@alternative
def writes_strips(images, pad):
    _refuse(images, pad)
    *batch, height, width = images.shape
    result = images.new_empty(*batch, height + 2 * pad, width + 2 * pad)
    middle = result[..., pad : pad + height, :]
    middle[..., pad : pad + width] = images
    middle[..., :pad] = images[..., 1 : pad + 1].flip(-1)
    middle[..., pad + width :] = images[..., width - 1 - pad : width - 1].flip(-1)
    result[..., :pad, :] = middle[..., 1 : pad + 1, :].flip(-2).clone()
    result[..., pad + height :, :] = middle[..., height - 1 - pad : height - 1, :].flip(-2).clone()
    return result


@alternative
def selects_one_axis_after_the_other(images, pad):
    _refuse(images, pad)
    for axis in (-2, -1):
        size = images.shape[axis]
        there = [*range(pad, 0, -1), *range(size), *range(size - 2, size - 2 - pad, -1)]
        images = images.index_select(axis, torch.tensor(there, device=images.device))
    return images


@alternative
def counts_in_a_circle(images, pad):
    _refuse(images, pad)
    for axis in (-2, -1):
        last = images.shape[axis] - 1
        there = torch.arange(-pad, last + 1 + pad, device=images.device) % max(2 * last, 1)
        images = images.index_select(axis, torch.where(there > last, 2 * last - there, there))
    return images


@misconception(caught_by="test_torch_does_not_do_it")
def calls_pad(images, pad):
    "What torch has need not be written again."
    _refuse(images, pad)
    if not images.numel():
        *batch, height, width = images.shape
        return images.new_zeros(*batch, height + 2 * pad, width + 2 * pad)
    planes = images.reshape(1, -1, *images.shape[-2:]).float()
    padded = torch.nn.functional.pad(planes, (pad,) * 4, mode="reflect")
    return padded.reshape(*images.shape[:-2], *padded.shape[-2:]).to(images.dtype)


@misconception(caught_by="test_the_neighbour_of_the_edge_is_seen_again")
def repeats_the_edge(images, pad):
    "Beyond the border the outermost pixel goes on."
    return _placed(images, pad, lambda places, size: places.clamp(0, size - 1))


@misconception(caught_by="test_a_chessboard_goes_on")
def shows_the_edge_twice(images, pad):
    "A mirror image begins with the pixel next to the mirror, so the edge is there twice."

    def mirrored(places, size):
        places = torch.where(places < 0, -1 - places, places)
        return torch.where(places >= size, 2 * size - 1 - places, places)

    return _placed(images, pad, mirrored)


@misconception(caught_by="test_a_plain_wall_stays_plain_under_a_filter")
def frames_with_zeros(images, pad):
    "Beyond the border there is nothing, and nothing is 0."
    _refuse(images, pad)
    return torch.nn.functional.pad(images, (pad,) * 4)


@misconception(caught_by="test_the_mirror_shows_the_neighbour_of_the_edge")
def wraps_round(images, pad):
    "Whoever leaves an image on the left comes back on the right."
    return _placed(images, pad, lambda places, size: places % size)


@misconception(caught_by="test_a_wide_strip_is_turned_round")
def copies_strips_as_they_are(images, pad):
    "The strip beside the border is copied to the other side of it."

    def copied(places, size):
        places = torch.where(places < 0, places + pad + 1, places)
        return torch.where(places >= size, places - pad - 1, places)

    return _placed(images, pad, copied)


@misconception(caught_by="test_only_pixels_of_the_image_are_seen")
def carries_the_slope_on(images, pad):
    "What rises towards the border goes on rising beyond it."
    right = _right(images, pad)
    edges = _placed(images, pad, lambda places, size: places.clamp(0, size - 1))
    inside = torch.zeros(right.shape[-2:], dtype=torch.bool, device=images.device)
    inside[pad : pad + images.shape[-2], pad : pad + images.shape[-1]] = True
    return torch.where(inside, right, 2 * edges - right)


@misconception(caught_by="test_each_of_the_four_sides_gets_pad_more")
def pads_before_only(images, pad):
    "Padding goes in front, at the top and on the left."
    return _right(images, pad)[..., : images.shape[-2] + pad, : images.shape[-1] + pad]


@misconception(caught_by="test_each_of_the_four_sides_gets_pad_more")
def pads_left_and_right_only(images, pad):
    "A filter slides along the rows, so rows are what grows longer."
    return _right(images, pad)[..., pad : pad + images.shape[-2], :]


@misconception(caught_by="test_the_image_stays_in_the_middle")
def spreads_pad_over_two_sides(images, pad):
    "The height grows by pad in all, half of it at the top and half at the bottom."
    rest = pad - pad // 2
    _refuse(images, pad)
    height, width = images.shape[-2:]
    return _right(images, pad)[..., rest : rest + height + pad, rest : rest + width + pad]


@misconception(caught_by="test_columns_stay_columns")
def puts_the_width_first(images, pad):
    "An image is width by height, so the first of the two is the width."
    return _right(images, pad).mT


@misconception(caught_by="test_axes_before_height_and_width_stay")
def takes_the_first_two_axes(images, pad):
    "Height and width are the first two axes, and the colours come last."
    _refuse(images, pad)
    moved = images.movedim((0, 1), (-2, -1))
    return _placed(moved, pad, _mirror, check=False).movedim((-2, -1), (0, 1))


@misconception(caught_by="test_axes_before_height_and_width_stay")
def always_gives_a_batch(images, pad):
    "Images go through a network as (batch, channels, height, width), so that is what comes out."
    padded = _right(images, pad)
    return padded.reshape((1,) * (4 - padded.ndim) + padded.shape)


@misconception(caught_by="test_there_may_be_no_images")
def refuses_an_empty_batch(images, pad):
    "Without images there is nothing to pad."
    if not images.numel():
        raise ValueError("there are no images")
    return _right(images, pad)


@misconception(caught_by="test_a_corner_is_mirrored_both_ways")
def leaves_the_corners_black(images, pad):
    "Each side is the mirror image of its strip, and the corners belong to no side."
    padded = _right(images, pad)
    height, width = images.shape[-2:]
    outside = torch.ones(padded.shape[-2:], dtype=torch.bool, device=images.device)
    outside[pad : pad + height] = False
    outside[:, pad : pad + width] = False
    return padded.masked_fill(outside, 0)


@misconception(caught_by="test_a_corner_is_mirrored_both_ways")
def fills_corners_with_the_corner(images, pad):
    "In the corners neither row nor column has a neighbour, so the corner pixel has to do."
    padded = _right(images, pad)
    edges = _placed(images, pad, lambda places, size: places.clamp(0, size - 1))
    height, width = images.shape[-2:]
    outside = torch.ones(padded.shape[-2:], dtype=torch.bool, device=images.device)
    outside[pad : pad + height] = False
    outside[:, pad : pad + width] = False
    return torch.where(outside, edges, padded)


@misconception(caught_by="test_a_pad_of_0_adds_nothing")
def slices_up_to_minus_pad(images, pad):
    "[pad:-pad] is the inside, whatever pad is."
    padded = _right(images, pad)
    padded[..., pad:-pad, pad:-pad] = images
    return padded


@misconception(caught_by="test_a_pad_of_0_adds_nothing")
def refuses_a_pad_of_0(images, pad):
    "Whoever calls for padding wants at least one pixel of it."
    if pad == 0:
        raise ValueError(f"pad is 0, images are {tuple(images.shape[-2:])}: give at least 1")
    return _right(images, pad)


@misconception(caught_by="test_the_largest_pad_shows_all_of_the_image")
def stops_at_half_of_the_image(images, pad):
    "The strips of two sides must not overlap, so pad is half of the image at most."
    if pad > min(images.shape[-2:]) // 2:
        raise ValueError(f"pad is {pad}, images are {tuple(images.shape[-2:])}: too wide")
    return _right(images, pad)


@misconception(caught_by="test_a_pad_as_large_as_a_side_is_refused")
def lets_pad_be_as_large_as_a_side(images, pad):
    "A strip can be as wide as the image that it is taken from."
    if not 0 <= pad <= min(images.shape[-2:]):
        raise ValueError(f"pad is {pad}, images are {tuple(images.shape[-2:])}: too wide")
    return _placed(images, pad, _mirror, check=False)


@misconception(caught_by="test_a_pad_larger_than_the_height_is_refused")
def looks_at_the_larger_side(images, pad):
    "If pad is too large for one side, the other still has room."
    if not 0 <= pad < max(images.shape[-2:]):
        raise ValueError(f"pad is {pad}, images are {tuple(images.shape[-2:])}: too wide")
    return _placed(images, pad, _mirror, check=False)


@misconception(caught_by="test_a_pad_larger_than_the_width_is_refused")
def looks_at_the_height_only(images, pad):
    "Images are square, so one side tells whether pad fits."
    if not 0 <= pad < images.shape[-2]:
        raise ValueError(f"pad is {pad}, images are {tuple(images.shape[-2:])}: too wide")
    return _placed(images, pad, _mirror, check=False)


@misconception(caught_by="test_a_pad_larger_than_both_sides_is_refused")
def goes_on_between_two_mirrors(images, pad):
    "Two mirrors show each other without end, so no pad is too large."
    if pad < 0:
        raise ValueError(f"pad is {pad}, images are {tuple(images.shape[-2:])}: negative")
    return _placed(images, pad, _mirror, check=False)


@misconception(caught_by="test_a_negative_pad_is_refused")
def crops_for_a_negative_pad(images, pad):
    "A negative pad takes away what a positive one adds."
    if pad >= 0:
        return _right(images, pad)
    return images[..., -pad : images.shape[-2] + pad, -pad : images.shape[-1] + pad]


@misconception(caught_by="test_bytes_stay_bytes")
def turns_bytes_into_floats(images, pad):
    "Padding is for filters, and filters want floats."
    return _right(images, pad).float()


@misconception(caught_by="test_a_pixel_gets_the_gradient_of_all_its_places")
def detaches_the_padding(images, pad):
    "Only real pixels learn; the padding is made up, so no gradient goes through it."
    padded = _right(images, pad)
    inside = torch.zeros(padded.shape[-2:], dtype=torch.bool, device=images.device)
    inside[pad : pad + images.shape[-2], pad : pad + images.shape[-1]] = True
    return torch.where(inside, padded, padded.detach())


@misconception(caught_by="test_the_gradient_of_the_middle_reaches_the_image")
def pads_without_gradients(images, pad):
    "Padding is preparation of data, and that belongs under no_grad."
    with torch.no_grad():
        return _right(images, pad)


@misconception(caught_by=("test_the_operations_do_not_grow_with_the_images", "test_beats_the_loop"))
def loops_over_the_pixels(images, pad):
    "Each pixel of the result has to be looked up by itself."
    _refuse(images, pad)
    *batch, height, width = images.shape
    result = images.new_empty(*batch, height + 2 * pad, width + 2 * pad)
    for row, y in enumerate(_there(height, pad)):
        for column, x in enumerate(_there(width, pad)):
            result[..., row, column] = images[..., y, x]
    return result


@misconception(caught_by="test_the_operations_do_not_grow_with_the_images")
def loops_over_the_planes(images, pad):
    "Padding is for one picture of one colour, so it is called for each of them."
    _refuse(images, pad)
    if not images.numel():
        return _right(images, pad)
    planes = [_right(plane, pad) for plane in images.reshape(-1, *images.shape[-2:])]
    return torch.stack(planes).reshape(*images.shape[:-2], *planes[0].shape)


@misconception(caught_by="test_the_operations_do_not_grow_with_pad")
def adds_ring_after_ring(images, pad):
    "Pad is a small number, so there is no harm in a loop over it."
    _refuse(images, pad)
    for step in range(pad):
        for axis in (-2, -1):
            first = images.narrow(axis, 2 * step + 1, 1)
            last = images.narrow(axis, images.shape[axis] - 2 - 2 * step, 1)
            images = torch.cat([first, images, last], axis)
    return images


@misconception(caught_by="test_the_result_is_on_the_device", only_on="accelerator")
def fetches_the_result(images, pad):
    "Images are prepared on the CPU."
    return _right(images, pad).to("cpu")


def _refuse(images, pad):
    height, width = images.shape[-2:]
    if not 0 <= pad < min(height, width):
        raise ValueError(f"pad {pad} is negative or too wide for images of {height} by {width}")


def _placed(images, pad, place, *, check=True):
    """The images, with place(places, size) telling what stands at places -pad to size + pad."""
    if check:
        _refuse(images, pad)
    for axis in (-2, -1):
        size = images.shape[axis]
        places = torch.arange(-pad, size + pad, device=images.device)
        images = images.index_select(axis, place(places, size))
    return images


def _mirror(places, size):
    places = places % max(2 * (size - 1), 1)
    return torch.where(places >= size, 2 * (size - 1) - places, places)


def _right(images, pad):
    return _placed(images, pad, _mirror)


def _there(size, pad):
    return [*range(pad, 0, -1), *range(size), *range(size - 2, size - 2 - pad, -1)]
