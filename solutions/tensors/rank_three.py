"""What is a rank-3 tensor?

A picture has two axes. What do many pictures of one size need, to be one tensor?
"""

import torch
from jaxtyping import Shaped
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["stack_images"]


def stack_images(
    images: list[Shaped[Tensor, "height width"]],
) -> Shaped[Tensor, "images height width"]:
    """Return the images as one tensor, in the order of the list.

    dtype and device are those of the images; the list and its images are left as they are. With
    256 images of 28 by 28 this must be more than 8 times as fast as torch.tensor of their nested
    lists.

    Raises:
        ValueError: the list is empty; or an image is not of rank 2, or of another shape than the
            first. The message then names the place of the first such image in the list, counted
            from 0, its shape, and the shape of the first image.
    """
    if not images:
        raise ValueError("no images: give at least one")
    _check(images[:1])
    try:
        return torch.stack(images)  # it compares the shapes as well, and sooner than Python
    except RuntimeError:
        _check(images)
        raise


def _check(images):
    first = tuple(images[0].shape)
    for place, image in enumerate(images):
        if image.ndim != 2 or image.shape != first:
            raise ValueError(
                f"image {place} has shape {tuple(image.shape)}, image 0 has {first}: "
                "give images of one height and width"
            )


HINTS = (
    "Each image has two axes. Which one is missing, and what will its size be for one image?",
    "torch.cat lengthens an axis that is there; torch.stack makes a new one, by default the first.",
    "Refuse an empty list, walk through it with enumerate and compare each shape with the first, "
    "then return torch.stack(images).",
)
ANSWER = """
A rank-3 tensor has three axes, as a stack of pictures has: which picture, which row, which column.
It takes three indices to get at one number. "Three dimensions" often means something else: a point
in space is a vector of three numbers, and of rank 1. A stack of one picture is of rank 3 too, and
code that meets it in the last batch of an epoch relies on that.

Stacking copies each picture's memory as a block. The way through Python's lists makes an object of
every number and forgets the dtype, so bytes come back as int64, eight times as large.
"""


@alternative
def fills_a_prepared_tensor(images):
    _refuse_odd_images(images)
    batch = images[0].new_empty(len(images), *images[0].shape)
    for place, image in enumerate(images):
        batch[place] = image
    return batch


@alternative
def joins_images_with_an_axis_each(images):
    if len(images) == 0:
        raise ValueError("an empty list")
    for place in range(len(images)):
        shape = images[place].shape
        if images[place].dim() != 2 or shape != images[0].shape:
            raise ValueError(f"images[{place}] is {shape}, images[0] is {images[0].shape}")
    return torch.cat([image[None] for image in images])


@alternative
def cuts_one_tall_image(images):
    _refuse_odd_images(images)
    return torch.cat(images).unflatten(0, (len(images), -1))


@misconception(caught_by="test_several_images_give_rank_3")
def concatenates(images):
    "cat puts tensors together, and images are tensors."
    _refuse_odd_images(images)
    return torch.cat(images)


@misconception(
    caught_by=("test_the_last_axis_is_the_width", "test_the_first_axis_counts_the_images")
)
def stacks_on_the_last_axis(images):
    "A new axis comes last, after those that are there."
    _refuse_odd_images(images)
    return torch.stack(images, -1)


@misconception(caught_by="test_the_first_axis_counts_the_images")
def stacks_rows(images):
    "dim=1 is the first axis."
    _refuse_odd_images(images)
    return torch.stack(images, 1)


@misconception(caught_by="test_every_image_can_be_had_back")
def reshapes_a_wide_image(images):
    "Side by side or one below the other: a reshape puts it right."
    _refuse_odd_images(images)
    return torch.cat(images, 1).reshape(len(images), *images[0].shape)


@misconception(caught_by="test_one_image_gives_rank_3")
def drops_the_axis_of_one(images):
    "One image needs no stack."
    _refuse_odd_images(images)
    return torch.stack(images) if len(images) > 1 else images[0].clone()


@misconception(caught_by="test_axes_of_size_1_stay")
def squeezes(images):
    "Axes of size 1 hold nothing, so they can go."
    _refuse_odd_images(images)
    return torch.stack(images).squeeze()


@misconception(caught_by=("test_bytes_stay_bytes", "test_masks_and_counts_keep_their_dtype"))
def goes_through_lists(images):
    "A tensor is made of nested lists: torch.tensor knows what to do with them."
    _refuse_odd_images(images)
    return torch.tensor([image.tolist() for image in images], device=images[0].device)


@misconception(caught_by="test_beats_nested_lists")
def goes_through_lists_with_dtype(images):
    "With its dtype put back, a list of numbers is as good as a tensor."
    _refuse_odd_images(images)
    lists = [image.tolist() for image in images]
    return torch.tensor(lists, dtype=images[0].dtype, device=images[0].device)


@misconception(caught_by="test_bytes_stay_bytes")
def turns_all_into_floats(images):
    "A batch is for a network, so it is float32."
    _refuse_odd_images(images)
    return torch.stack(images).float()


@misconception(caught_by="test_half_precision_stays_half")
def prepares_float32(images):
    "Bytes are bytes and the rest is float32."
    _refuse_odd_images(images)
    batch = torch.stack(images)
    return batch.float() if batch.is_floating_point() else batch


@misconception(caught_by="test_an_empty_list_is_refused")
def no_images_no_numbers(images):
    "No images make an empty tensor."
    return _checked_stack(images) if images else torch.empty(0, 0, 0)


@misconception(caught_by="test_an_image_of_another_size_is_named")
def pads_smaller_images(images):
    "Images of different sizes get a border, so that they fit."
    for place, image in enumerate(images):
        _refuse_other_ranks(place, image, images[0])
    if not images:
        raise ValueError("no images")
    height = max(image.shape[0] for image in images)
    width = max(image.shape[1] for image in images)
    batch = images[0].new_zeros(len(images), height, width)
    for place, image in enumerate(images):
        batch[place, : image.shape[0], : image.shape[1]] = image
    return batch


@misconception(caught_by="test_an_image_is_not_stretched")
def stretches(images):
    "Writing an image into its place complains if it does not fit."
    if not images or images[0].ndim != 2:
        _refuse_odd_images(images)
    batch = images[0].new_empty(len(images), *images[0].shape)
    for place, image in enumerate(images):
        try:
            batch[place] = image
        except RuntimeError:
            raise ValueError(_told(place, image, images[0])) from None
    return batch


@misconception(caught_by="test_a_turned_image_is_named")
def compares_numbers_of_pixels(images):
    "Images with as many pixels are of one size."
    for place, image in enumerate(images):
        if image.ndim != 2 or image.numel() != images[0].numel():
            raise ValueError(_told(place, image, images[0]))
    if not images:
        raise ValueError("no images")
    return torch.stack([image.reshape(images[0].shape) for image in images])


@misconception(caught_by="test_an_image_of_another_size_is_named")
def leaves_the_check_to_torch(images):
    "torch.stack checks the sizes, so nobody else needs to."
    if not images or images[0].ndim != 2:
        _refuse_odd_images(images)
    return torch.stack(images)


@misconception(caught_by="test_images_all_of_another_rank_are_refused")
def compares_shapes_only(images):
    "Whatever is of one shape can be stacked."
    if not images:
        raise ValueError("no images")
    for place, image in enumerate(images):
        if image.shape != images[0].shape:
            raise ValueError(_told(place, image, images[0]))
    return torch.stack(images)


@misconception(caught_by="test_a_first_image_of_another_rank_is_named")
def trusts_the_first(images):
    "The first image shows what an image is; the others are compared with it."
    if not images:
        raise ValueError("no images")
    for place, image in enumerate(images):
        if image.shape != images[0].shape:
            raise ValueError(_told(place, image, images[0]))
    return _checked_stack(images)


@misconception(caught_by="test_the_last_image_is_looked_at_too")
def compares_with_the_last(images):
    "The last image shows what shape all should have."
    for place, image in enumerate(images):
        _refuse_other_ranks(place, image, images[0])
        if image.shape != images[-1].shape:
            raise ValueError(_told(place, image, images[-1]))
    return _checked_stack(images)


@misconception(caught_by="test_the_first_of_several_is_named")
def names_the_last(images):
    "It does not matter which of several is named."
    odd = [place for place, image in enumerate(images) if image.shape != images[0].shape]
    if odd and images[0].ndim == 2:
        raise ValueError(_told(odd[-1], images[odd[-1]], images[0]))
    return _checked_stack(images)


@misconception(
    caught_by=(
        "test_an_image_of_another_size_is_named",
        "test_images_all_of_another_rank_are_refused",
    )
)
def counts_from_one(images):
    "The first place is 1."
    for place, image in enumerate(images):
        if image.ndim != 2 or image.shape != images[0].shape:
            raise ValueError(_told(place + 1, image, images[0]))
    return _checked_stack(images)


@misconception(caught_by="test_an_image_of_another_size_is_named")
def names_shapes_only(images):
    "The shapes tell which image is meant."
    shapes = {tuple(image.shape) for image in images}
    if len(shapes) > 1:
        raise ValueError(f"different shapes: {shapes}")
    return _checked_stack(images)


@misconception(caught_by="test_an_image_of_another_rank_is_named")
def names_one_shape(images):
    "The shape of the odd image is enough to find it."
    for place, image in enumerate(images):
        if image.ndim != 2 or image.shape != images[0].shape:
            raise ValueError(f"image {place} has shape {tuple(image.shape)}")
    return _checked_stack(images)


@misconception(caught_by="test_the_images_stay_as_they_are")
def adds_axes_in_place(images):
    "unsqueeze_ gives each image its axis without a copy."
    _refuse_odd_images(images)
    return torch.cat([image.unsqueeze_(0) for image in images])


@misconception(caught_by="test_the_list_stays_as_it_is")
def empties_the_list(images):
    "Images that are stacked are not needed in the list any more."
    _refuse_odd_images(images)
    taken = []
    while images:
        taken.append(images.pop(0))
    return torch.stack(taken)


@misconception(caught_by="test_the_stack_is_where_its_images_are", only_on="accelerator")
def prepares_a_tensor_on_the_cpu(images):
    "A new tensor goes where the numbers written to it are."
    _refuse_odd_images(images)
    batch = torch.empty(len(images), *images[0].shape, dtype=images[0].dtype)
    for place, image in enumerate(images):
        batch[place] = image
    return batch


def _refuse_odd_images(images):
    if not images:
        raise ValueError("no images")
    _check(images)


def _refuse_other_ranks(place, image, first):
    if image.ndim != 2:
        raise ValueError(_told(place, image, first))


def _told(place, image, first):
    return f"image {place} has shape {tuple(image.shape)}, the first {tuple(first.shape)}"


def _checked_stack(images):
    _refuse_odd_images(images)
    return torch.stack(images)
