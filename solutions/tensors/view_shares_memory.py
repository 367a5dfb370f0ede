"""What does view do?

A linear layer wants each picture as one row of numbers. Does giving it rows take new memory?
"""

from jaxtyping import Shaped
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["flatten_images", "same_storage"]


def flatten_images(x: Shaped[Tensor, "images ..."]) -> Shaped[Tensor, "images values"]:
    """Return x with one row for each image, as a view: on x's memory, with nothing copied.

    A row has the image's values in the order of x[i].flatten(), the last axis running fastest. x
    holds at least one image, and an image at least one value; it may have any number of axes, none
    included: (images,) gives (images, 1). x itself is left as it is, its shape too.

    Raises:
        RuntimeError: x lies in memory in such a way that rows would need a copy.
    """
    return x.view(len(x), -1)


def same_storage(a: Tensor, b: Tensor) -> bool:
    """Tell whether a and b keep their values in the same block of memory.

    A tensor and its views do, and so do two views of one tensor, also where they have no element in
    common; x.detach() does with x. A copy does not, however equal. Each holds at least one value,
    and both are left as they are. Tested on the CPU alone.
    """
    return a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()


HINTS = (
    "x.stride() says how far apart neighbours lie in memory. Compare that of x, x.mT and x[::2].",
    "reshape copies where it has to. Which method refuses there? And where does a tensor keep what "
    "it shares with its slices?",
    "x.view(len(x), -1) works out the length of a row. untyped_storage() is the whole block of "
    "memory, and its data_ptr() the address where that block begins.",
)
ANSWER = """
view reads the same memory under another shape: it makes a new tensor of other sizes and strides,
and no number moves. So it costs the same for ten numbers as for ten million, and whatever is
written to the view shows in the original.

That view reshapes is half of the answer. It never copies, and raises RuntimeError where no strides
describe the shape: a transposed picture, one cropped to some columns. Being contiguous is enough
for it, but not needed: x[::2] has gaps between its images, and an even step from one row to the
next. reshape and flatten give a view where they can and a copy where they can't, without a word, so
whether writing to their result reaches the original depends on how x came about. Comparing the
addresses of storages works for tensors with something in them: those of empty tensors are all 0.
"""


@alternative(replaces="flatten_images")
def multiplies_the_sizes(x):
    values = 1
    for size in x.shape[1:]:
        values *= size
    return x.view(x.shape[0], values)


@alternative(replaces="flatten_images")
def reshapes_and_refuses_copies(x):
    rows = x.reshape(len(x), -1)
    if not rows._is_view():
        raise RuntimeError(f"shape {tuple(x.shape)} with strides {x.stride()} needs a copy")
    return rows


@alternative(replaces="flatten_images")
def merges_axis_by_axis(x):
    if x.ndim == 1:
        return x[:, None]
    if x.ndim == 2:
        return x
    return merges_axis_by_axis(x.view(*x.shape[:-2], x.shape[-2] * x.shape[-1]))


@alternative(replaces="same_storage")
def compares_the_storage_itself(a, b):
    return a.untyped_storage()._cdata == b.untyped_storage()._cdata


@alternative(replaces="same_storage")
def compares_where_the_first_element_would_be(a, b):
    first, other = (t.data_ptr() - t.storage_offset() * t.element_size() for t in (a, b))
    return first == other


@misconception(
    caught_by=(
        "test_a_transposed_picture_is_refused",
        "test_a_picture_cropped_to_some_columns_is_refused",
    ),
    replaces="flatten_images",
)
def reshapes(x):
    "reshape and view are two names for one thing."
    return x.reshape(len(x), -1)


@misconception(caught_by="test_writing_to_the_rows_shows_in_the_images", replaces="flatten_images")
def copies(x):
    "A tensor of another shape has memory of its own."
    return x.clone().view(len(x), -1)


@misconception(caught_by="test_every_second_image_is_viewed", replaces="flatten_images")
def makes_contiguous_first(x):
    "contiguous() makes any tensor ready for view, so it belongs before it."
    return x.contiguous().view(len(x), -1)


@misconception(caught_by="test_every_second_image_is_viewed", replaces="flatten_images")
def refuses_what_is_not_contiguous(x):
    "A view needs a contiguous tensor."
    if not x.is_contiguous():
        raise RuntimeError(f"strides {x.stride()} are not contiguous")
    return x.view(len(x), -1)


@misconception(caught_by="test_every_second_column_is_viewed", replaces="flatten_images")
def refuses_images_that_are_not_contiguous(x):
    "There may be gaps between the images, but not inside one."
    if not x[0].is_contiguous():
        raise RuntimeError(f"strides {x.stride()}: an image is not contiguous")
    return x.view(len(x), -1)


@misconception(
    caught_by="test_a_picture_cropped_to_some_columns_is_refused", replaces="flatten_images"
)
def refuses_another_order_of_axes_only(x):
    "Only a transposed picture needs a copy: a cropped one still has its axes in order."
    if list(x.stride()) != sorted(x.stride(), reverse=True):
        raise RuntimeError(f"strides {x.stride()} do not fall")
    return x.reshape(len(x), -1)


@misconception(caught_by="test_a_transposed_picture_is_refused", replaces="flatten_images")
def sets_the_strides_by_force(x):
    "A row begins where its image begins, and its values come one after the other."
    return x.as_strided((len(x), _values(x)), (x.stride(0), 1))


@misconception(caught_by="test_each_image_becomes_a_row", replaces="flatten_images")
def flattens_the_images_as_well(x):
    "view(-1) flattens; a row of numbers is a row of numbers."
    return x.view(-1)


@misconception(caught_by="test_each_image_becomes_a_row", replaces="flatten_images")
def one_column_for_each_image(x):
    "The -1 is worked out by torch, so it does not matter where the images go."
    return x.view(-1, len(x))


@misconception(caught_by="test_pictures_of_any_size_become_rows", replaces="flatten_images")
def counts_on_the_size_of_mnist(x):
    "A picture has 28 times 28 values."
    return x.view(-1, 28 * 28)


@misconception(caught_by="test_colour_pictures_become_rows", replaces="flatten_images")
def merges_the_last_two_axes(x):
    "An image is its height and its width."
    return x.view(*x.shape[:-2], -1)


@misconception(caught_by="test_a_single_image_is_one_row", replaces="flatten_images")
def drops_the_batch_of_one(x):
    "One image is one row, and one row needs no axis for the images."
    return x.view(len(x), -1) if len(x) > 1 else x.view(-1)


@misconception(caught_by="test_images_without_axes_become_rows_of_one", replaces="flatten_images")
def leaves_rank_one(x):
    "What has only one axis is flat already."
    return x if x.ndim == 1 else x.view(len(x), -1)


@misconception(caught_by="test_the_images_stay_as_they_are", replaces="flatten_images")
def reshapes_the_images_themselves(x):
    "A view is x itself under another shape."
    x.data = x.view(len(x), -1)
    return x


@misconception(
    caught_by=("test_overlapping_slices_share", "test_slices_that_do_not_overlap_share"),
    replaces="same_storage",
)
def compares_the_first_elements(a, b):
    "Tensors share memory if they begin at the same address."
    return a.data_ptr() == b.data_ptr()


@misconception(caught_by="test_slices_that_do_not_overlap_share", replaces="same_storage")
def looks_for_a_common_element(a, b):
    "Without an element in common there is nothing to share."
    starts = [t.data_ptr() for t in (a, b)]
    ends = [start + _span(t) for start, t in zip(starts, (a, b), strict=True)]
    return max(starts) < min(ends)


@misconception(caught_by="test_a_copy_does_not_share", replaces="same_storage")
def compares_values(a, b):
    "Equal values are in the same memory."
    return a.numel() == b.numel() and a.flatten().tolist() == b.flatten().tolist()


@misconception(caught_by="test_a_copy_does_not_share", replaces="same_storage")
def compares_devices(a, b):
    "Tensors on one device share its memory."
    return a.device == b.device


@misconception(caught_by="test_a_tensor_shares_with_its_views", replaces="same_storage")
def compares_objects(a, b):
    "Two variables share memory if they are the same object."
    return a is b


@misconception(caught_by="test_a_detached_tensor_shares", replaces="same_storage")
def asks_for_the_base(a, b):
    "Every tensor on somebody else's memory knows it as its base."
    first, other = (t if t._base is None else t._base for t in (a, b))
    return first is other


@misconception(caught_by="test_both_stay_as_they_are", replaces="same_storage")
def writes_to_one_and_looks_at_the_other(a, b):
    "Change one, and see whether the other changes too."
    before = b.clone()
    a += 1
    return not before.equal(b)


def _values(x):
    return x.numel() // len(x)


def _span(t):
    """The bytes from a tensor's first element to the end of its last."""
    steps = sum((size - 1) * stride for size, stride in zip(t.shape, t.stride(), strict=True))
    return (steps + 1) * t.element_size()
