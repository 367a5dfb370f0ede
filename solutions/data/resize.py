"""When an image shrinks, which way loses less: nearest or bilinear?

Both are a few lines, so write both, draw them side by side, and watch what becomes of thin lines.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float32, Shaped, UInt8
from matplotlib.axes import Axes
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["plot_both", "resize_bilinear", "resize_nearest"]


def resize_nearest(
    image: Shaped[Tensor, "channels height width"], size: tuple[int, int]
) -> Shaped[Tensor, "channels new_height new_width"]:
    """Return the image in another size, (height, width), each of its pixels a copy of an old one.

    The old and the new image fill the same rectangle; a pixel is a box in it. A new pixel takes the
    value of the old one in whose box its upper left corner lies (on an edge, that of the lower or
    right box). torch.nn.functional.interpolate with mode="nearest" does the same.

    Height and width may shrink or grow, each by a factor of its own, down to 1; an image has at
    least one channel and one pixel. The dtype, which may be any, and the values stay what they are.
    The result is on the device of image, which is left as it is.

    There is no loop over pixels: a large image in a large size takes as many operations as a small
    one, and no number is read out of a tensor on the way (item, tolist, numpy). Nor is there a call
    of what torch has for the purpose, such as interpolate or grid_sample. It is more than 30 times
    as fast as a loop over the new pixels, from 3 by 64 by 64 to 32 by 32.
    """
    height, width = size
    rows = torch.arange(height, device=image.device) * image.shape[1] // height
    columns = torch.arange(width, device=image.device) * image.shape[2] // width
    return image[:, rows[:, None], columns]


def resize_bilinear(
    image: UInt8[Tensor, "channels height width"] | Float32[Tensor, "channels height width"],
    size: tuple[int, int],
) -> Float32[Tensor, "channels new_height new_width"]:
    """Return the image in another size, (height, width), blended from the four pixels around.

    The old and the new image fill the same rectangle; a pixel is a box in it, and its value stands
    at the centre of the box. A new pixel gets the value at its own centre, blended from the four
    old centres around it, along each axis by how near they are: a quarter of the way from one to
    the next, 3/4 of the one and 1/4 of the other. Between the outermost centres and the border of
    the image the outermost values go on as they are. torch.nn.functional.interpolate does the same
    with mode="bilinear" and align_corners=False, on images in float32.

    The result is float32 also for bytes, whose values are neither scaled nor rounded. All else is
    as for resize_nearest, the last paragraph too.
    """
    image = image.float()
    above, below, down = _neighbours(image.shape[1], size[0], image.device)
    left, right, along = _neighbours(image.shape[2], size[1], image.device)
    rows = torch.lerp(image[:, above], image[:, below], down[:, None])
    return torch.lerp(rows[:, :, left], rows[:, :, right], along)


def plot_both(
    axes: Sequence[Axes], image: Float32[Tensor, "channels height width"], size: tuple[int, int]
) -> None:
    """Draw the image, the image resized by nearest, and by bilinear, each on one of three axes.

    axes holds the three, as figure.subplots(1, 3) does. On each imshow draws one image. The image
    handed over, which may be on any device, has one channel, drawn in grey, or three: red, green
    and blue. Its values are from 0 to 1, and 0 is drawn black and 1 white, in all three alike, also
    where no pixel is as bright as that.

    The title of the second axes has the word nearest in it, that of the third the word bilinear, in
    capitals or not.
    """
    pictures = {
        "original": image,
        "nearest": resize_nearest(image, size),
        "bilinear": resize_bilinear(image, size),
    }
    for ax, (title, picture) in zip(axes, pictures.items(), strict=True):
        ax.imshow(picture.permute(1, 2, 0).cpu().numpy(), cmap="gray", vmin=0, vmax=1)
        ax.set_title(title)


def _neighbours(old: int, new: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """The two pixels around each new centre, and how far it is from the first to the second."""
    centres = (torch.arange(new, device=device) + 0.5) * old / new - 0.5
    centres = centres.clamp(min=0)
    first = centres.long()
    return first, (first + 1).clamp(max=old - 1), centres - first


HINTS = (
    "Take one row first, of 5 pixels to be 3. A new pixel is 5/3 old ones wide: where do its left "
    "edge and its centre lie, counted in old pixels, and where do the old centres lie?",
    "Left edges lie at i * old / new, which // turns into an index; centres at (i + 0.5) * old / "
    "new, while old centres lie at 0.5, 1.5, 2.5 ... What of a centre before the first of these?",
    "Nearest: image[:, rows[:, None], columns] with rows = torch.arange(height) * old // height. "
    "Bilinear: c = ((arange + 0.5) * old / new - 0.5).clamp(min=0), first = c.long(), second = "
    "(first + 1).clamp(max=old - 1), weight c - first; torch.lerp along rows, then along columns.",
)
ANSWER = """
Neither wins in general, though a well-known answer has it that nearest does, since smoothing loses
information. Nearest keeps the values that pixels have and skips pixels: of the eight places of a
one-pixel line it loses four from 8 to 4, and six from 8 to 2. Bilinear shows all eight at half the
size, as a mean; but it reads two pixels along an axis, however far apart the new ones are, so from
8 to 2 it loses four. Beyond a factor of 2 only smoothing first loses none: interpolate has
antialias=True for that, and it averages all that a new pixel covers. Where values must not be
mixed, such as classes in a mask, nearest is the only choice.

What it is called is not what it does. Pillow's bilinear always smooths, torch's does not unless
told, so that a network trained on the one sees other pictures through the other, with no error. And
torch's nearest takes the pixel at the corner of the new one; mode="nearest-exact" takes that at the
centre, which is the nearest. From 26 pixels on "nearest" may be off by one, as it is computed in
float32: first from 26 to 22.
"""


@alternative(replaces="resize_nearest")
def picks_by_lists(image, size):
    _, old_height, old_width = image.shape
    rows = [i * old_height // size[0] for i in range(size[0])]
    columns = [j * old_width // size[1] for j in range(size[1])]
    return image[:, rows][:, :, columns]


@alternative(replaces="resize_nearest")
def selects_along_each_axis(image, size):
    for axis, new in enumerate(size, 1):
        factor = image.shape[axis] / new
        index = (torch.arange(new, device=image.device) * factor).floor().long()
        image = image.index_select(axis, index)
    return image


@alternative(replaces="resize_nearest")
def counts_pixels_through(image, size):
    channels, old_height, old_width = image.shape
    rows = torch.arange(size[0], device=image.device).mul(old_height).div(size[0]).int()
    columns = torch.arange(size[1], device=image.device).mul(old_width).div(size[1]).int()
    places = rows.view(-1, 1) * old_width + columns.view(1, -1)
    return image.reshape(channels, -1)[:, places.flatten()].reshape(channels, *size)


@alternative(replaces="resize_bilinear")
def weighs_four_corners(image, size):
    _, old_height, old_width = image.shape
    y = (torch.arange(size[0], device=image.device) + 0.5) * (old_height / size[0]) - 0.5
    x = (torch.arange(size[1], device=image.device) + 0.5) * (old_width / size[1]) - 0.5
    y, x = y.clamp(0, old_height - 1)[:, None], x.clamp(0, old_width - 1)[None]
    top, left = y.floor().long(), x.floor().long()
    bottom, right = (top + 1).clamp_max(old_height - 1), (left + 1).clamp_max(old_width - 1)
    down, along = y - top, x - left
    return (
        image[:, top, left] * (1 - down) * (1 - along)
        + image[:, top, right] * (1 - down) * along
        + image[:, bottom, left] * down * (1 - along)
        + image[:, bottom, right] * down * along
    )


@alternative(replaces="resize_bilinear")
def multiplies_by_tents(image, size):
    def weights(old, new):
        centres = (torch.arange(new, device=image.device) + 0.5) * old / new - 0.5
        away = centres.clamp(0, old - 1)[:, None] - torch.arange(old, device=image.device)
        return (1 - away.abs()).clamp(min=0)

    return weights(image.shape[1], size[0]) @ image.float() @ weights(image.shape[2], size[1]).T


@alternative(replaces="resize_bilinear")
def pads_the_border(image, size):
    image = torch.nn.functional.pad(image.float()[None], (1, 1, 1, 1), mode="replicate")[0]
    for axis, new in enumerate(size, 1):
        old = image.shape[axis] - 2
        centres = (torch.arange(new, device=image.device) * 2 + 1) * old / (2 * new) + 0.5
        first = centres.long()
        share = (centres - first).reshape((-1, 1) if axis == 1 else (-1,))
        one, other = image.index_select(axis, first), image.index_select(axis, first + 1)
        image = (1 - share) * one + share * other
    return image


@alternative(replaces="plot_both")
def draws_grey_as_a_matrix(axes, image, size):
    small = [resize_nearest(image, size), resize_bilinear(image, size)]
    for place, picture in enumerate([image, *small]):
        pixels = picture.detach().cpu().numpy()
        if len(pixels) == 1:
            axes[place].imshow(pixels[0], cmap="Greys_r", clim=(0, 1))
        else:
            axes[place].imshow(pixels.transpose(1, 2, 0))
        axes[place].set_axis_off()
    for ax, title in zip(axes, ("", "Nearest", "BILINEAR"), strict=True):
        ax.set_title(title)


@alternative(replaces="plot_both")
def draws_grey_as_three_colours(axes, image, size):
    for place, picture in enumerate((image, resize_nearest(image, size))):
        axes[place].imshow(_as_bytes(picture))
    axes[2].imshow(_as_bytes(resize_bilinear(image, size)))
    for place, name in enumerate(("as it was", "by nearest neighbour", "by bilinear blending")):
        axes[place].set_title(name)


def _as_bytes(picture):
    return (picture.cpu().expand(3, -1, -1).permute(1, 2, 0) * 255).round().byte().numpy()


def _picked(image, size, place):
    """Pick pixels at place(old, new) along each axis, rounded down, which nearest is made of."""
    rows, columns = (
        place(torch.arange(new, device=image.device), old, new).long().clamp(max=old - 1)
        for old, new in zip(image.shape[1:], size, strict=True)
    )
    return image[:, rows[:, None], columns]


def _blended(image, size, place):
    """Blend along each axis around place(old, new), clamped, which bilinear is made of."""
    return _blend(
        image,
        [
            place(torch.arange(new, device=image.device), old, new).clamp(0, old - 1)
            for old, new in zip(image.shape[1:], size, strict=True)
        ],
    )


def _blend(image, places):
    image = image.float()
    for axis, place in enumerate(places, 1):
        old = image.shape[axis]
        first = place.floor().long().clamp(min=0)
        share = (place - first).reshape((-1, 1) if axis == 1 else (-1,))
        second = (first + 1).clamp(max=old - 1)
        image = (1 - share) * image.index_select(axis, first) + share * image.index_select(
            axis, second
        )
    return image


def _centres(i, old, new):
    return (i + 0.5) * old / new - 0.5


@misconception(
    caught_by="test_nearest_takes_the_pixel_at_the_upper_left_corner", replaces="resize_nearest"
)
def rounds(image, size):
    "The nearest pixel is the one that rounding gives."
    return _picked(image, size, lambda i, old, new: (i * old / new).round())


@misconception(
    caught_by=(
        "test_nearest_takes_the_pixel_at_the_upper_left_corner",
        "test_nearest_loses_every_second_line_at_half_the_size",
    ),
    replaces="resize_nearest",
)
def takes_the_pixel_at_the_centre(image, size):
    "The pixel nearest to the centre of the new one is meant."
    return _picked(image, size, lambda i, old, new: (i + 0.5) * old / new)


@misconception(
    caught_by="test_nearest_takes_the_pixel_at_the_upper_left_corner", replaces="resize_nearest"
)
def spreads_from_the_first_to_the_last(image, size):
    "The first new pixel is the first old one, so the last must be the last."
    return _picked(image, size, lambda i, old, new: (i * (old - 1) / max(1, new - 1)).round())


@misconception(caught_by="test_nearest_repeats_pixels_when_it_enlarges", replaces="resize_nearest")
def takes_every_second(image, size):
    "To shrink is to take every second or third pixel."
    height, width = size
    down, along = max(1, image.shape[1] // height), max(1, image.shape[2] // width)
    return image[:, ::down, ::along][:, :height, :width]


@misconception(caught_by="test_height_comes_before_width", replaces="resize_nearest")
def nearest_takes_width_first(image, size):
    "A size is given as width by height."
    return _picked(image, size[::-1], lambda i, old, new: i * old / new)


@misconception(caught_by="test_nearest_agrees_with_torch_on_drawn_sizes", replaces="resize_nearest")
def nearest_has_one_factor(image, size):
    "An image shrinks by one factor."
    factor = image.shape[1] / size[0]
    return _picked(image, size, lambda i, old, new: i * factor)


@misconception(caught_by="test_nearest_keeps_the_dtype_and_every_value", replaces="resize_nearest")
def nearest_makes_floats(image, size):
    "Whoever resizes an image computes with it, and that takes floats."
    return _picked(image.float(), size, lambda i, old, new: i * old / new)


@misconception(caught_by="test_nearest_keeps_the_dtype_and_every_value", replaces="resize_nearest")
def goes_through_floats(image, size):
    "A detour through floats does no harm if the dtype is put back."
    return _picked(image.float(), size, lambda i, old, new: i * old / new).to(image.dtype)


@misconception(caught_by="test_nearest_does_without_a_ready_made_one", replaces="resize_nearest")
def calls_interpolate_for_nearest(image, size):
    "What torch has need not be written again."
    as_float = image if image.dtype == torch.uint8 else image.double()
    return torch.nn.functional.interpolate(as_float[None], size=size)[0].to(image.dtype)


@misconception(
    caught_by=(
        "test_nearest_takes_no_more_operations_for_more_pixels",
        "test_nearest_beats_the_loop",
    ),
    replaces="resize_nearest",
)
def nearest_loops_over_pixels(image, size):
    "Each new pixel has to be fetched for itself."
    result = image.new_empty(len(image), *size)
    for i in range(size[0]):
        for j in range(size[1]):
            y, x = i * image.shape[1] // size[0], j * image.shape[2] // size[1]
            result[:, i, j] = image[:, y, x]
    return result


@misconception(caught_by="test_nearest_reads_no_number_out", replaces="resize_nearest")
def nearest_works_on_lists(image, size):
    "Copying pixels is work for plain Python."
    rows = [i * image.shape[1] // size[0] for i in range(size[0])]
    columns = [j * image.shape[2] // size[1] for j in range(size[1])]
    pixels = [[[channel[y][x] for x in columns] for y in rows] for channel in image.tolist()]
    return torch.tensor(pixels, dtype=image.dtype, device=image.device)


@misconception(
    caught_by=(
        "test_bilinear_blends_the_two_pixels_around_a_centre",
        "test_one_pixel_shows_the_corner_or_the_centre",
    ),
    replaces="resize_bilinear",
)
def aligns_the_corners(image, size):
    "The first and the last pixel stay where they are."
    return _blended(image, size, lambda i, old, new: i * (old - 1) / max(1, new - 1))


@misconception(
    caught_by=(
        "test_bilinear_blends_the_two_pixels_around_a_centre",
        "test_bilinear_shows_every_line_at_half_the_size",
        "test_half_the_size_is_the_mean_of_blocks_of_four",
    ),
    replaces="resize_bilinear",
)
def leaves_out_the_half_pixel(image, size):
    "A pixel stands at its index, so new index times factor is the place."
    return _blended(image, size, lambda i, old, new: i * old / new)


@misconception(
    caught_by=(
        "test_bilinear_blends_the_two_pixels_around_a_centre",
        "test_the_same_size_changes_nothing",
    ),
    replaces="resize_bilinear",
)
def swaps_the_weights(image, size):
    "The distance to a pixel is its weight."
    image = image.float()
    above, below, down = _neighbours(image.shape[1], size[0], image.device)
    left, right, along = _neighbours(image.shape[2], size[1], image.device)
    rows = torch.lerp(image[:, below], image[:, above], down[:, None])
    return torch.lerp(rows[:, :, right], rows[:, :, left], along)


@misconception(
    caught_by="test_bilinear_blends_the_two_pixels_around_a_centre", replaces="resize_bilinear"
)
def takes_the_mean_of_both(image, size):
    "Between two pixels there is their mean."
    image = image.float()
    above, below, down = _neighbours(image.shape[1], size[0], image.device)
    left, right, along = _neighbours(image.shape[2], size[1], image.device)
    rows = torch.where(down[:, None] > 0, (image[:, above] + image[:, below]) / 2, image[:, above])
    return torch.where(along > 0, (rows[:, :, left] + rows[:, :, right]) / 2, rows[:, :, left])


@misconception(
    caught_by=(
        "test_a_mirrored_image_gives_the_mirrored_blends",
        "test_the_border_goes_on_beyond_the_last_centre",
    ),
    replaces="resize_bilinear",
)
def wraps_round_to_the_far_edge(image, size):
    "An index of -1 is none to worry about."
    image = image.float()
    for axis, new in enumerate(size, 1):
        old = image.shape[axis]
        place = _centres(torch.arange(new, device=image.device), old, new)
        first = place.floor().long()
        share = (place - first).reshape((-1, 1) if axis == 1 else (-1,))
        one = image.index_select(axis, first % old)
        other = image.index_select(axis, (first + 1).clamp(max=old - 1))
        image = (1 - share) * one + share * other
    return image


@misconception(
    caught_by=(
        "test_no_blend_is_beyond_what_it_blends",
        "test_the_border_goes_on_beyond_the_last_centre",
    ),
    replaces="resize_bilinear",
)
def goes_on_sloping(image, size):
    "Once the indices are inside the image, so is everything else."
    image = image.float()
    for axis, new in enumerate(size, 1):
        old = image.shape[axis]
        place = _centres(torch.arange(new, device=image.device), old, new)
        first = place.floor().long().clamp(0, max(0, old - 2))
        share = (place - first).reshape((-1, 1) if axis == 1 else (-1,))
        one = image.index_select(axis, first)
        other = image.index_select(axis, (first + 1).clamp(max=old - 1))
        image = (1 - share) * one + share * other
    return image


@misconception(
    caught_by=(
        "test_an_even_image_stays_even",
        "test_the_border_goes_on_beyond_the_last_centre",
    ),
    replaces="resize_bilinear",
)
def fades_to_black(image, size):
    "Outside of the image everything is black."
    image = torch.nn.functional.pad(image.float(), (1, 1, 1, 1))
    places = []
    for old, new in zip(image.shape[1:], size, strict=True):
        places.append(_centres(torch.arange(new, device=image.device), old - 2, new) + 1)
    return _blend(image, places)


@misconception(caught_by="test_height_comes_before_width_in_bilinear", replaces="resize_bilinear")
def bilinear_takes_width_first(image, size):
    "A size is width by height, as in Pillow."
    return _blended(image, size[::-1], _centres)


@misconception(
    caught_by="test_bilinear_agrees_with_torch_on_drawn_sizes", replaces="resize_bilinear"
)
def bilinear_has_one_factor(image, size):
    "One factor, that of the height, is that of the image."
    factor = image.shape[1] / size[0]
    return _blended(image, size, lambda i, old, new: (i + 0.5) * factor - 0.5)


@misconception(caught_by="test_bytes_are_blended", replaces="resize_bilinear")
def weighs_in_bytes(image, size):
    "Weights are of the dtype of what they weigh."
    if image.is_floating_point():
        return _blended(image, size, _centres)
    above, below, down = _neighbours(image.shape[1], size[0], image.device)
    left, right, along = _neighbours(image.shape[2], size[1], image.device)
    down, along = down.to(image.dtype)[:, None], along.to(image.dtype)
    rows = (1 - down) * image[:, above] + down * image[:, below]
    return ((1 - along) * rows[:, :, left] + along * rows[:, :, right]).float()


@misconception(caught_by="test_bilinear_gives_float32", replaces="resize_bilinear")
def gives_bytes_for_bytes(image, size):
    "An image of bytes stays one."
    return _blended(image, size, _centres).round().to(image.dtype)


@misconception(caught_by="test_fractions_of_bytes_stay", replaces="resize_bilinear")
def rounds_what_came_from_bytes(image, size):
    "A blend of bytes is a whole number."
    result = _blended(image, size, _centres)
    return result if image.is_floating_point() else result.round()


@misconception(caught_by="test_bilinear_agrees_with_torch_on_bytes", replaces="resize_bilinear")
def scales_bytes(image, size):
    "In float32 an image is between 0 and 1."
    result = _blended(image, size, _centres)
    return result if image.is_floating_point() else result / 255


@misconception(
    caught_by="test_bilinear_loses_every_second_line_at_a_quarter_of_the_size",
    replaces="resize_bilinear",
)
def averages_all_that_it_covers(image, size):
    "Bilinear averages all the pixels that the new one covers."
    image = image.float()
    for axis, new in enumerate(size, 1):
        old = image.shape[axis]
        edges = torch.arange(old + 1, device=image.device)
        starts = torch.arange(new, device=image.device)[:, None] * old / new
        inside = edges.clamp(starts, starts + old / new).diff(dim=1) * new / old
        image = (image.transpose(axis, 2) @ inside.T).transpose(axis, 2)
    return image


@misconception(caught_by="test_the_image_stays_as_it_is", replaces="resize_bilinear")
def works_in_the_image_itself(image, size):
    "float() makes a copy, which one may write to."
    image = image.float()
    result = _blended(image, size, _centres)
    image.mul_(0.5)
    return result


@misconception(caught_by="test_bilinear_does_without_a_ready_made_one", replaces="resize_bilinear")
def calls_interpolate_for_bilinear(image, size):
    "It is enough to know what the function is called."
    return torch.nn.functional.interpolate(image.float()[None], size=size, mode="bilinear")[0]


@misconception(caught_by="test_bilinear_does_without_a_ready_made_one", replaces="resize_bilinear")
def calls_grid_sample(image, size):
    "Working out the places is the task; torch may look up the values."
    y, x = (((torch.arange(new, device=image.device) * 2 + 1) / new - 1).float() for new in size)
    grid = torch.stack((x.expand(size), y[:, None].expand(size)), dim=-1)
    return torch.nn.functional.grid_sample(
        image.float()[None], grid[None], padding_mode="border", align_corners=False
    )[0]


@misconception(
    caught_by=(
        "test_bilinear_takes_no_more_operations_for_more_pixels",
        "test_bilinear_beats_the_loop",
    ),
    replaces="resize_bilinear",
)
def bilinear_loops_over_pixels(image, size):
    "Each new pixel has four neighbours and four weights of its own, so each is worked out alone."
    _, height, width = image.shape
    image, result = image.float(), image.new_empty(len(image), *size, dtype=torch.float32)
    for i in range(size[0]):
        y = max(0.0, (i + 0.5) * height / size[0] - 0.5)
        top, bottom = int(y), min(int(y) + 1, height - 1)
        for j in range(size[1]):
            x = max(0.0, (j + 0.5) * width / size[1] - 0.5)
            left, right = int(x), min(int(x) + 1, width - 1)
            above = image[:, top, left].lerp(image[:, top, right], x - left)
            below = image[:, bottom, left].lerp(image[:, bottom, right], x - left)
            result[:, i, j] = above.lerp(below, y - top)
    return result


@misconception(caught_by="test_bilinear_reads_no_number_out", replaces="resize_bilinear")
def bilinear_goes_through_numpy(image, size):
    "numpy blends as well as torch."
    pixels = image.cpu().numpy().astype("float32")
    return _blended(torch.from_numpy(pixels), size, _centres).to(image.device)


@misconception(
    caught_by="test_the_result_is_on_the_device", replaces="resize_bilinear", only_on="accelerator"
)
def fetches_the_image(image, size):
    "Images are resized on the CPU."
    return _blended(image.to("cpu"), size, _centres)


@misconception(caught_by="test_three_axes_hold_an_image_each", replaces="plot_both")
def draws_all_on_one(axes, image, size):
    "What is drawn last lies on top, and the rest around it."
    _draw([axes[0]] * 3, image, size)


@misconception(caught_by="test_nothing_is_drawn_elsewhere", replaces="plot_both")
def draws_by_pyplot(axes, image, size):
    "plt.subplots makes the axes to draw on."
    from matplotlib import pyplot

    _draw(pyplot.subplots(1, 3)[1], image, size)


@misconception(caught_by="test_the_order_is_original_nearest_bilinear", replaces="plot_both")
def draws_bilinear_first(axes, image, size):
    "The titles tell which is which, so the order is free."
    _draw([axes[0], axes[2], axes[1]], image, size)


@misconception(caught_by="test_the_order_is_original_nearest_bilinear", replaces="plot_both")
def lets_imshow_resize(axes, image, size):
    "imshow has an interpolation of its own, which does the resizing."
    _draw(axes, image, image.shape[1:])


@misconception(caught_by="test_the_titles_tell_nearest_and_bilinear", replaces="plot_both")
def gives_no_titles(axes, image, size):
    "One sees which is which."
    _draw(axes, image, size)
    for ax in axes:
        ax.set_title("")


@misconception(caught_by="test_the_titles_tell_nearest_and_bilinear", replaces="plot_both")
def titles_one_for_both(axes, image, size):
    "One title may name both."
    _draw(axes, image, size)
    for ax in axes:
        ax.set_title("nearest and bilinear" if ax is axes[1] else "")


@misconception(caught_by="test_grey_is_drawn_in_grey", replaces="plot_both")
def takes_the_usual_colours(axes, image, size):
    "An image with one channel comes out grey."
    _draw(axes, image, size, cmap="viridis")


@misconception(caught_by="test_the_three_are_on_one_scale", replaces="plot_both")
def stretches_each(axes, image, size):
    "imshow takes 1 for white."
    _draw(axes, image, size)
    for ax in axes:
        ax.images[0].autoscale()


@misconception(caught_by="test_colours_are_drawn_in_colour", replaces="plot_both")
def draws_the_first_channel(axes, image, size):
    "imshow wants a matrix, so the first channel is drawn."
    _draw(axes, image[:1], size)


@misconception(caught_by="test_three_equal_channels_are_grey", replaces="plot_both")
def reshapes_the_channels(axes, image, size):
    "reshape puts the channels last."
    for ax, name, picture in zip(
        axes, ("", "nearest", "bilinear"), _three(image, size), strict=True
    ):
        channels, height, width = picture.shape
        ax.imshow(picture.cpu().reshape(height, width, channels).numpy(), cmap="gray", clim=(0, 1))
        ax.set_title(name)


@misconception(
    caught_by="test_an_image_on_the_device_can_be_drawn",
    replaces="plot_both",
    only_on="accelerator",
)
def hands_over_the_tensor(axes, image, size):
    "matplotlib takes any tensor."
    for ax, name, picture in zip(
        axes, ("", "nearest", "bilinear"), _three(image, size), strict=True
    ):
        ax.imshow(picture.permute(1, 2, 0), cmap="gray", clim=(0, 1))
        ax.set_title(name)


def _three(image, size):
    return image, resize_nearest(image, size), resize_bilinear(image, size)


def _draw(axes, image, size, cmap="gray"):
    names = ("original", "nearest", "bilinear")
    for ax, name, picture in zip(axes, names, _three(image, size), strict=True):
        ax.imshow(picture.permute(1, 2, 0).cpu().numpy(), cmap=cmap, clim=(0, 1))
        ax.set_title(name)
