"""Which augmentation serves in many fields?

A random part of the whole, brought to the size that the network wants: of a picture, but also of a
sound or of any other signal.
"""

import math

import torch
from jaxtyping import Float32
from torch import Generator, Tensor
from torch.nn.functional import interpolate

from dojo import alternative, misconception

__all__ = ["random_resized_crop", "sample_box"]


def sample_box(
    shape: tuple[int, ...],
    scale: tuple[float, float],
    ratio: tuple[float, float] | None,
    generator: Generator,
) -> list[tuple[int, int]]:
    """Draw a box: for each axis of shape where the box begins, and how long it is there.

    shape is (height, width) of an image, or (length,) of a signal. scale and ratio are a least and
    a greatest number, which may be equal. scale is for the share that the box has of the whole: of
    the area, or of the length of a signal. Each share in between is as likely as any other.

    ratio is for the box's width over its height, in pixels. Equal factors are equally likely: a
    ratio from 1/2 to 1 is as frequent as one from 1 to 2. It does not depend on the share. For a
    signal ratio is not used, and may be None.

    Sides are rounded to whole numbers, 1 at the least. A side too long for the image is cut to the
    image's, and the other side stays as it is. The box lies inside; all places where it fits are
    equally likely, those at the borders included, and its place along one axis does not depend on
    that along the other.

    All is drawn from generator, which is on the CPU: from the same state comes the same box, from
    the state that it leaves another one. torch's global generator is left alone.
    """
    share = _uniform(*scale, generator)
    if len(shape) == 1:
        sides = [share * shape[0]]
    else:
        area = share * shape[0] * shape[1]
        wide = math.exp(_uniform(math.log(ratio[0]), math.log(ratio[1]), generator))
        sides = [math.sqrt(area / wide), math.sqrt(area * wide)]
    return _placed(shape, sides, generator)


def random_resized_crop(
    x: Float32[Tensor, "channels ..."],
    size: int | tuple[int, int],
    scale: tuple[float, float],
    ratio: tuple[float, float] | None,
    generator: Generator,
) -> Float32[Tensor, "channels ..."]:
    """Return the part of x in a random box, resized, on the device of x, which is left as it is.

    x is an image (channels, height, width), with size a pair (height, width), or a signal
    (channels, length), with size an int. The box is the one that sample_box draws from this state
    of the generator, and it is the same for all channels.

    The part, and nothing but the part, is resized as torch.nn.functional.interpolate does it:
    bilinear for images, linear for signals, align_corners False, without antialias. It fills all of
    the new size, also where that changes its proportions.
    """
    for axis, (start, length) in enumerate(sample_box(x.shape[1:], scale, ratio, generator), 1):
        x = x.narrow(axis, start, length)
    return interpolate(x[None], size=size, mode="linear" if x.ndim == 2 else "bilinear")[0]


def _uniform(low, high, generator):
    return low + (high - low) * torch.rand((), generator=generator).item()


def _placed(shape, sides, generator):
    """Round the sides, cut them to the shape, and draw where they begin."""
    box = []
    for whole, side in zip(shape, sides, strict=True):
        length = min(max(round(side), 1), whole)
        box.append((torch.randint(whole - length + 1, (), generator=generator).item(), length))
    return box


HINTS = (
    "Height times width is the area, width over height the ratio: solve the two for height and for "
    "width. And how many places are there for a box of length 3 in a row of 5?",
    "A ratio that is drawn uniformly from 1/2 to 2 is above 1 in two of three cases. Of which "
    "function of the ratio are 1/2, 1 and 2 equally far apart?",
    "The ratio is exp of a number drawn between the logarithms of its limits, width is sqrt(area * "
    "ratio), height sqrt(area / ratio), start is randint(side - length + 1). Cut with narrow, axis "
    "by axis, and give x[None] to interpolate.",
)
ANSWER = """
The random resized crop. A network should know a thing whether it is near or far, on the left or on
the right, and a random part brought to a fixed size shows it all of that. It asks for nothing but
neighbours that belong together, so it serves photographs, spectrograms, sound and sensor data, and
it makes the batch of equal sizes that is needed anyhow.

Three mistakes are quiet. The share is one of the area: half of each side is a quarter of the
picture. A ratio drawn uniformly from 1/2 to 2 makes two boxes of three wider than high; the
logarithm treats 1/2 and 2 alike. And randint leaves its upper end out, so without the + 1 the last
row is never at a border. What is done with a box too long differs: torchvision draws up to ten
times and then falls back on the middle, this one cuts it.

It is not for all fields. Where size or place is the answer (how long is the pulse, where is the
tumour), it destroys what is to be learned, unless the target is moved along; and a share of 8%, a
common least one, may well miss the thing that the label names.
"""


@alternative(replaces="sample_box")
def draws_all_at_once(shape, scale, ratio, generator):
    share, wide, *places = torch.rand(4, generator=generator, dtype=torch.float64).tolist()
    share = scale[0] + share * (scale[1] - scale[0])
    sides = [share * shape[0]]
    if len(shape) == 2:
        wide = ratio[0] * (ratio[1] / ratio[0]) ** wide
        height = math.sqrt(share * shape[0] * shape[1] / wide)
        sides = [height, height * wide]
    lengths = [min(max(round(side), 1), whole) for side, whole in zip(sides, shape, strict=True)]
    return tuple(
        (int(place * (whole - length + 1)), length)
        for place, whole, length in zip(places, shape, lengths, strict=False)
    )


@alternative(replaces="sample_box")
def works_in_tensors(shape, scale, ratio, generator):
    wholes = torch.tensor(shape)
    area = torch.empty(()).uniform_(*scale, generator=generator) * wholes.prod()
    limits = torch.tensor(ratio if len(shape) == 2 else (1.0, 1.0)).log().tolist()
    wide = torch.empty(()).uniform_(*limits, generator=generator).exp()
    sides = torch.stack([area / wide, area * wide]).sqrt() if len(shape) == 2 else area[None]
    lengths = sides.round().long().clamp(min=1).minimum(wholes)
    starts = torch.rand(len(shape), generator=generator, dtype=torch.float64)
    starts = (starts * (wholes - lengths + 1)).long()
    return list(zip(starts.tolist(), lengths.tolist(), strict=True))


@alternative(replaces="sample_box")
def draws_the_places_first(shape, scale, ratio, generator):
    order = [torch.rand((), generator=generator, dtype=torch.float64).item() for _ in shape]
    sides = _right_sides(shape, scale, ratio, generator)
    lengths = [
        max(1, min(int(side + 0.5), whole)) for side, whole in zip(sides, shape, strict=True)
    ]
    return [
        [math.floor(place * (whole - length + 1)), length]
        for place, whole, length in zip(order, shape, lengths, strict=True)
    ]


@alternative(replaces="random_resized_crop")
def slices(x, size, scale, ratio, generator):
    box = sample_box(tuple(x.shape[1:]), scale, ratio, generator)
    part = x[(slice(None), *(slice(start, start + length) for start, length in box))]
    mode = {1: "linear", 2: "bilinear"}[len(box)]
    return torch.nn.Upsample(size, mode=mode, align_corners=False)(part.unsqueeze(0)).squeeze(0)


@alternative(replaces="random_resized_crop")
def blends_neighbours_by_hand(x, size, scale, ratio, generator):
    box = sample_box(tuple(x.shape[1:]), scale, ratio, generator)
    sizes = (size,) if isinstance(size, int) else size
    for axis, ((start, length), new) in enumerate(zip(box, sizes, strict=True), 1):
        x = x.narrow(axis, start, length)
        places = ((torch.arange(new, device=x.device) + 0.5) * (length / new) - 0.5).clamp(min=0)
        before = places.long().clamp(max=length - 1)
        behind = (before + 1).clamp(max=length - 1)
        weight = (places - before).reshape(-1, *(1,) * (x.ndim - 1 - axis))
        x = x.index_select(axis, before) * (1 - weight) + x.index_select(axis, behind) * weight
    return x


@misconception(caught_by="test_the_share_is_one_of_the_area_within_scale", replaces="sample_box")
def takes_the_share_of_each_side(shape, scale, ratio, generator):
    "A share of 0.1 is a tenth of the height and a tenth of the width."
    share = _uniform(*scale, generator)
    sides = _right_sides(
        shape, (share**2,) * 2 if len(shape) == 2 else (share,) * 2, ratio, generator
    )
    return _placed(shape, sides, generator)


@misconception(caught_by="test_half_of_the_shares_are_below_the_middle", replaces="sample_box")
def draws_the_side_not_the_area(shape, scale, ratio, generator):
    "A side drawn uniformly between its limits makes the area uniform as well."
    if len(shape) == 2:
        scale = (_uniform(math.sqrt(scale[0]), math.sqrt(scale[1]), generator) ** 2,) * 2
    return _placed(shape, _right_sides(shape, scale, ratio, generator), generator)


@misconception(caught_by="test_half_of_the_shares_are_in_the_middle", replaces="sample_box")
def takes_the_least_or_the_greatest_share(shape, scale, ratio, generator):
    "scale names the two sizes that a box can have."
    which = torch.randint(2, (), generator=generator).item()
    sides = _right_sides(shape, (scale[which],) * 2, ratio, generator)
    return _placed(shape, sides, generator)


@misconception(caught_by="test_wide_boxes_are_as_frequent_as_high_ones", replaces="sample_box")
def draws_the_ratio_uniformly(shape, scale, ratio, generator):
    "A ratio is a number like any other, so it is drawn uniformly between its limits."
    if len(shape) == 2:
        ratio = (_uniform(*ratio, generator),) * 2
    return _placed(shape, _right_sides(shape, scale, ratio, generator), generator)


@misconception(caught_by="test_a_ratio_above_1_is_wider_than_high", replaces="sample_box")
def takes_height_over_width(shape, scale, ratio, generator):
    "The ratio of a box is its height over its width, as in (height, width)."
    sides = _right_sides(shape, scale, ratio, generator)
    return _placed(shape, sides[::-1], generator)


@misconception(caught_by="test_a_ratio_above_1_is_wider_than_high", replaces="sample_box")
def puts_the_width_first(shape, scale, ratio, generator):
    "A box is given as x and y, so the width comes first."
    box = _placed(shape, _right_sides(shape, scale, ratio, generator), generator)
    return box[::-1]


@misconception(caught_by="test_the_ratio_is_in_pixels", replaces="sample_box")
def takes_the_ratio_of_the_image_for_1(shape, scale, ratio, generator):
    "With ratio 1 a box has the proportions of its image."
    if len(shape) == 2:
        ratio = [limit * shape[1] / shape[0] for limit in ratio]
    return _placed(shape, _right_sides(shape, scale, ratio, generator), generator)


@misconception(caught_by="test_the_ratio_does_not_depend_on_the_share", replaces="sample_box")
def draws_one_number_for_share_and_ratio(shape, scale, ratio, generator):
    "One random number is enough for the size and the form of a box."
    state = generator.get_state()
    scale = (_uniform(*scale, generator),) * 2
    generator.set_state(state)
    if len(shape) == 2:
        ratio = (math.exp(_uniform(*map(math.log, ratio), generator)),) * 2
    return _placed(shape, _right_sides(shape, scale, ratio, generator), generator)


@misconception(caught_by="test_the_box_is_inside", replaces="sample_box")
def starts_anywhere(shape, scale, ratio, generator):
    "A box may begin at any pixel of the image."
    lengths = _right_lengths(shape, scale, ratio, generator)
    return [
        (torch.randint(whole, (), generator=generator).item(), length)
        for whole, length in zip(shape, lengths, strict=True)
    ]


@misconception(caught_by="test_bottom_and_right_are_reached", replaces="sample_box")
def never_reaches_the_last_place(shape, scale, ratio, generator):
    "The largest start is whole - length, and that is what randint is given."
    lengths = _right_lengths(shape, scale, ratio, generator)
    return [
        (torch.randint(max(whole - length, 1), (), generator=generator).item(), length)
        for whole, length in zip(shape, lengths, strict=True)
    ]


@misconception(caught_by="test_places_at_the_border_come_up_often_enough", replaces="sample_box")
def rounds_the_start(shape, scale, ratio, generator):
    "A place between the first and the last start, rounded, is uniform."
    lengths = _right_lengths(shape, scale, ratio, generator)
    return [
        (round(_uniform(0, whole - length, generator)), length)
        for whole, length in zip(shape, lengths, strict=True)
    ]


@misconception(
    caught_by="test_places_at_the_border_do_not_come_up_too_often", replaces="sample_box"
)
def draws_the_centre(shape, scale, ratio, generator):
    "The centre of the box is drawn, and what would stand out is pushed back inside."
    box = []
    for whole, length in zip(shape, _right_lengths(shape, scale, ratio, generator), strict=True):
        centre = torch.randint(whole, (), generator=generator).item()
        box.append((min(max(centre - length // 2, 0), whole - length), length))
    return box


@misconception(caught_by="test_top_and_left_are_reached", replaces="sample_box")
def stays_in_the_centre(shape, scale, ratio, generator):
    "What matters is in the middle, so that is where the box is."
    lengths = _right_lengths(shape, scale, ratio, generator)
    return [((whole - length) // 2, length) for whole, length in zip(shape, lengths, strict=True)]


@misconception(
    caught_by="test_the_places_along_the_two_axes_are_independent", replaces="sample_box"
)
def moves_along_the_diagonal(shape, scale, ratio, generator):
    "A place is one random number, for both axes."
    lengths = _right_lengths(shape, scale, ratio, generator)
    place = torch.rand((), generator=generator).item()
    return [
        (int(place * (whole - length + 1)), length)
        for whole, length in zip(shape, lengths, strict=True)
    ]


@misconception(caught_by="test_sides_are_rounded", replaces="sample_box")
def cuts_fractions_off(shape, scale, ratio, generator):
    "int() rounds a side to whole pixels."
    sides = _right_sides(shape, scale, ratio, generator)
    return _placed(shape, map(int, sides), generator)


@misconception(caught_by="test_sides_are_rounded", replaces="sample_box")
def rounds_up(shape, scale, ratio, generator):
    "A pixel that is needed in part is needed as a whole."
    sides = _right_sides(shape, scale, ratio, generator)
    return _placed(shape, map(math.ceil, sides), generator)


@misconception(caught_by="test_no_side_is_shorter_than_1", replaces="sample_box")
def lets_a_side_vanish(shape, scale, ratio, generator):
    "Half a pixel and more is rounded to one, less to none."
    sides = _right_sides(shape, scale, ratio, generator)
    box = []
    for whole, side in zip(shape, sides, strict=True):
        length = min(round(side), whole)
        box.append((torch.randint(whole - length + 1, (), generator=generator).item(), length))
    return box


@misconception(caught_by="test_a_box_that_was_cut_has_no_larger_share", replaces="sample_box")
def takes_all_where_it_does_not_fit(shape, scale, ratio, generator):
    "A box that does not fit is replaced by the whole image."
    sides = _right_sides(shape, scale, ratio, generator)
    if any(round(side) > whole for side, whole in zip(sides, shape, strict=True)):
        sides = shape
    return _placed(shape, sides, generator)


@misconception(caught_by="test_the_other_side_does_not_shrink", replaces="sample_box")
def shrinks_a_box_that_does_not_fit(shape, scale, ratio, generator):
    "A box that is too long is made smaller, with the ratio that was drawn."
    sides = _right_sides(shape, scale, ratio, generator)
    factor = min(1, *(whole / side for side, whole in zip(sides, shape, strict=True)))
    return _placed(shape, [side * factor for side in sides], generator)


@misconception(caught_by="test_the_other_side_does_not_grow", replaces="sample_box")
def keeps_the_area_of_a_box_that_does_not_fit(shape, scale, ratio, generator):
    "What is cut off one side is added to the other, so that the share stays."
    sides = _right_sides(shape, scale, ratio, generator)
    if len(shape) == 2:
        area = sides[0] * sides[1]
        height, width = min(sides[0], shape[0]), min(sides[1], shape[1])
        sides = [area / width, area / height]
    return _placed(shape, sides, generator)


@misconception(caught_by="test_a_side_too_long_is_cut", replaces="sample_box")
def lets_a_side_stand_out(shape, scale, ratio, generator):
    "Slicing stops at the end of the image anyhow, so a side may be too long."
    sides = _right_sides(shape, scale, ratio, generator)
    lengths = [max(round(side), 1) for side in sides]
    return [
        (torch.randint(max(whole - length, 0) + 1, (), generator=generator).item(), length)
        for whole, length in zip(shape, lengths, strict=True)
    ]


@misconception(caught_by="test_a_signal_is_cut_by_its_length", replaces="sample_box")
def takes_the_root_for_a_signal(shape, scale, ratio, generator):
    "The side of a box is the root of its share."
    sides = _right_sides(shape, scale, ratio, generator)
    if len(shape) == 1:
        sides = [math.sqrt(sides[0] * shape[0])]
    return _placed(shape, sides, generator)


@misconception(caught_by="test_the_ratio_means_nothing_to_a_signal", replaces="sample_box")
def stretches_a_signal(shape, scale, ratio, generator):
    "The ratio makes a box longer, and that of a signal too."
    sides = _right_sides(shape, scale, ratio, generator)
    if len(shape) == 1 and ratio is not None:
        sides = [sides[0] * _uniform(*ratio, generator)]
    return _placed(shape, sides, generator)


@misconception(caught_by="test_the_ratio_means_nothing_to_a_signal", replaces="sample_box")
def asks_a_signal_for_a_ratio(shape, scale, ratio, generator):
    "The ratio is read before it is clear what the box is for."
    low, high = ratio
    return _placed(shape, _right_sides(shape, scale, (low, high), generator), generator)


@misconception(caught_by="test_from_the_same_state_comes_the_same_box", replaces="sample_box")
def draws_from_the_global_generator(shape, scale, ratio, generator):
    "torch has one source of random numbers, and all draw from it."
    source = torch.default_generator
    return _placed(shape, _right_sides(shape, scale, ratio, source), source)


@misconception(caught_by="test_the_global_generator_is_left_alone", replaces="sample_box")
def seeds_the_global_generator(shape, scale, ratio, generator):
    "For repeatable draws torch is seeded with a number of the generator."
    seed = torch.randint(2**31, (), generator=generator).item()
    source = torch.default_generator.manual_seed(seed)
    return _placed(shape, _right_sides(shape, scale, ratio, source), source)


@misconception(caught_by="test_the_next_box_is_another", replaces="sample_box")
def seeds_again(shape, scale, ratio, generator):
    "Repeatable means that the generator gives the same box at each call."
    generator.manual_seed(generator.initial_seed())
    return _placed(shape, _right_sides(shape, scale, ratio, generator), generator)


@misconception(caught_by="test_starts_and_lengths_are_whole_numbers", replaces="sample_box")
def returns_floats(shape, scale, ratio, generator):
    "A place on an image may lie between two pixels."
    box = _placed(shape, _right_sides(shape, scale, ratio, generator), generator)
    return [(float(start), float(length)) for start, length in box]


@misconception(caught_by="test_the_second_number_is_a_length", replaces="sample_box")
def returns_starts_and_ends(shape, scale, ratio, generator):
    "A box is where it begins and where it ends, as in a slice."
    box = _placed(shape, _right_sides(shape, scale, ratio, generator), generator)
    return [(start, start + length) for start, length in box]


@misconception(caught_by="test_the_part_of_an_image_is_resized", replaces="random_resized_crop")
def cuts_the_size_out(x, size, scale, ratio, generator):
    "The box has the size that is asked for, and nothing is left to resize."
    sizes = (size,) if isinstance(size, int) else size
    box = _right_box(x.shape[1:], scale, ratio, generator)
    for axis, ((start, _), whole, new) in enumerate(zip(box, x.shape[1:], sizes, strict=True), 1):
        there = torch.arange(start, start + new, device=x.device).clamp(max=whole - 1)
        x = x.index_select(axis, there)
    return x


@misconception(caught_by="test_only_a_part_is_seen", replaces="random_resized_crop")
def resizes_all_of_it(x, size, scale, ratio, generator):
    "The box says how the image is to be resized, all of it."
    _right_box(x.shape[1:], scale, ratio, generator)
    return _resized(x, size)


@misconception(caught_by="test_the_size_is_filled", replaces="random_resized_crop")
def keeps_the_proportions(x, size, scale, ratio, generator):
    "A picture must not be distorted, so what is missing at the sides is filled with zeros."
    part = _part(x, _right_box(x.shape[1:], scale, ratio, generator))
    if part.ndim == 2:
        return _resized(part, size)
    factor = min(new / old for new, old in zip(size, part.shape[1:], strict=True))
    inner = [max(round(old * factor), 1) for old in part.shape[1:]]
    top, left = ((new - old) // 2 for new, old in zip(size, inner, strict=True))
    result = x.new_zeros(len(x), *size)
    result[:, top : top + inner[0], left : left + inner[1]] = _resized(part, inner)
    return result


@misconception(caught_by="test_all_channels_show_the_same_part", replaces="random_resized_crop")
def draws_a_box_for_each_channel(x, size, scale, ratio, generator):
    "The more chance the better: each channel gets a box of its own."
    boxes = [_right_box(x.shape[1:], scale, ratio, generator) for _ in x]
    parts = [_resized(_part(x[None, c], box), size) for c, box in enumerate(boxes)]
    return torch.cat(parts)


@misconception(caught_by="test_height_comes_before_width", replaces="random_resized_crop")
def takes_the_size_as_width_and_height(x, size, scale, ratio, generator):
    "A size is width by height."
    part = _part(x, _right_box(x.shape[1:], scale, ratio, generator))
    return _resized(part, size if isinstance(size, int) else tuple(size)[::-1])


@misconception(caught_by="test_new_pixels_lie_between_old_ones", replaces="random_resized_crop")
def takes_the_nearest_pixel(x, size, scale, ratio, generator):
    "interpolate interpolates, whatever its mode."
    part = _part(x, _right_box(x.shape[1:], scale, ratio, generator))
    return interpolate(part[None], size=size)[0]


@misconception(caught_by="test_new_pixels_lie_between_old_ones", replaces="random_resized_crop")
def aligns_the_corners(x, size, scale, ratio, generator):
    "The first and the last pixel stay where they are, so the corners are aligned."
    part = _part(x, _right_box(x.shape[1:], scale, ratio, generator))
    return _resized(part, size, align_corners=True)


@misconception(caught_by="test_nothing_is_blurred", replaces="random_resized_crop")
def blurs_what_gets_smaller(x, size, scale, ratio, generator):
    "What gets smaller has to be blurred first."
    part = _part(x, _right_box(x.shape[1:], scale, ratio, generator))
    if part.ndim == 2:
        return _resized(part, size)
    return _resized(part, size, antialias=True)


@misconception(
    caught_by="test_nothing_from_outside_the_box_is_seen", replaces="random_resized_crop"
)
def resizes_before_it_cuts(x, size, scale, ratio, generator):
    "Whether one resizes or cuts first makes no difference."
    box = _right_box(x.shape[1:], scale, ratio, generator)
    sizes = (size,) if isinstance(size, int) else tuple(size)
    larger, places = [], []
    for (start, length), whole, new in zip(box, x.shape[1:], sizes, strict=True):
        larger.append(max(round(whole * new / length), new))
        places.append((min(round(start * new / length), larger[-1] - new), new))
    return _part(_resized(x, larger[0] if x.ndim == 2 else tuple(larger)), places)


@misconception(caught_by="test_the_part_of_an_image_is_resized", replaces="random_resized_crop")
def flips_too(x, size, scale, ratio, generator):
    "Augmentation turns every other picture round as well."
    resized = _resized(_part(x, _right_box(x.shape[1:], scale, ratio, generator)), size)
    return resized.flip(-1) if torch.rand((), generator=generator) < 0.5 else resized


@misconception(caught_by="test_the_box_comes_from_the_generator", replaces="random_resized_crop")
def makes_a_generator(x, size, scale, ratio, generator):
    "Repeatable means a generator of its own, with a fixed seed."
    own = torch.Generator().manual_seed(0)
    return _resized(_part(x, _right_box(x.shape[1:], scale, ratio, own)), size)


@misconception(caught_by="test_the_part_of_an_image_is_resized", replaces="random_resized_crop")
def keeps_the_batch(x, size, scale, ratio, generator):
    "interpolate gives what is wanted, a batch with one image in it."
    return _resized(_part(x, _right_box(x.shape[1:], scale, ratio, generator)), size)[None]


@misconception(
    caught_by="test_the_result_is_on_the_device",
    replaces="random_resized_crop",
    only_on="accelerator",
)
def fetches_the_result(x, size, scale, ratio, generator):
    "Data is prepared on the CPU, where the generator is."
    return _resized(_part(x.cpu(), _right_box(x.shape[1:], scale, ratio, generator)), size)


def _right_sides(shape, scale, ratio, generator):
    share = _uniform(*scale, generator)
    if len(shape) == 1:
        return [share * shape[0]]
    wide = math.exp(_uniform(*map(math.log, ratio), generator))
    area = share * shape[0] * shape[1]
    return [math.sqrt(area / wide), math.sqrt(area * wide)]


def _right_lengths(shape, scale, ratio, generator):
    sides = _right_sides(shape, scale, ratio, generator)
    return [min(max(round(side), 1), whole) for side, whole in zip(sides, shape, strict=True)]


def _right_box(shape, scale, ratio, generator):
    return _placed(shape, _right_sides(shape, scale, ratio, generator), generator)


def _part(x, box):
    for axis, (start, length) in enumerate(box, 1):
        x = x.narrow(axis, start, length)
    return x


def _resized(x, size, **how):
    return interpolate(x[None], size=size, mode="linear" if x.ndim == 2 else "bilinear", **how)[0]
