"""Are byte or float tensors faster to work on, and what is the price?

A pixel comes as one byte, and float32 would make it four. Here all work is done on 16 bits at most.
"""

import torch
from jaxtyping import UInt8
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["blend", "brighten"]


def brighten(image: UInt8[Tensor, "..."], amount: int) -> UInt8[Tensor, "..."]:
    """Add amount, from -255 to 255, to every pixel of an image of any shape.

    A sum above 255 becomes 255, one below 0 becomes 0. On the way no tensor is made with more than
    16 bits an element (rank 0 aside), no number leaves torch, by tolist(), numpy() or the like, and
    there is no loop over pixels, rows or channels. The image is left as it is.
    """
    return (image.to(torch.int16) + amount).clamp(0, 255).to(torch.uint8)


def blend(a: UInt8[Tensor, "*shape"], b: UInt8[Tensor, "*shape"]) -> UInt8[Tensor, "*shape"]:
    """Return the mean of two images, pixel by pixel, with halves rounded up: 0 and 1 give 1.

    The same holds as for brighten: 16 bits an element at most, no number leaves torch, no loop.
    Both images are left as they are.
    """
    return ((a.to(torch.int16) + b + 1) >> 1).to(torch.uint8)


HINTS = (
    "What is torch.tensor([250], dtype=torch.uint8) + 10? And what can clamp still do about it?",
    "Which is the smallest type that holds every sum of two bytes, and the negative ones too?",
    "Go to torch.int16, add, clamp to 0 and 255, go back to torch.uint8. For the mean add 1 to the "
    "sum, so that halving (>> 1) rounds up.",
)
ANSWER = """
Bytes are faster as far as one waits for memory, and by how much depends on the size. Adding float32
takes 1.4 times as long as adding bytes at 10,000 elements, 2.8 times at 100,000, 4.4 times at a
million and 9 times at ten million (medians on one CPU thread); the benchmark of this kata shows
what your machine gains. So "bytes are faster", without a size, is half an answer.

The price: a byte has no halves, nothing below 0 and nothing above 255, and torch wraps round
without a word, so 250 + 10 is 4 and a bright sky gets black spots. A clamp comes too late by then:
widen before the sum, 16 bits will do, and narrow after the clamp. Nor are fewer bits always fewer
microseconds: the mean of 100,000 pairs took 36 µs by >> 1, 200 by // 2, and 110 in float32.
"""


@alternative(replaces="brighten")
def adds_what_there_is_room_for(image, amount):
    if amount < 0:
        return image - image.clamp(max=-amount)
    return image + (255 - image).clamp(max=amount)


@alternative(replaces="brighten")
def replaces_what_would_wrap(image, amount):
    if amount < 0:
        return torch.where(image < -amount, 0, image + amount)
    return torch.where(image > 255 - amount, 255, image + amount)


@alternative(replaces="brighten")
def mends_what_has_wrapped(image, amount):
    moved = image + amount
    if amount < 0:
        moved[moved > image] = 0
    else:
        moved[moved < image] = 255
    return moved


@alternative(replaces="brighten")
def works_on_half_floats(image, amount):
    return image.half().add_(amount).clamp_(0, 255).byte()


@alternative(replaces="brighten")
def adds_a_tensor_of_rank_zero(image, amount):
    wide = image.short() + torch.tensor(amount, device=image.device)
    return wide.clamp(min=0).clamp(max=255).byte()


@alternative(replaces="blend")
def adds_the_bits(a, b):
    return (a | b) - ((a ^ b) >> 1)


@alternative(replaces="blend")
def adds_halves_and_what_they_lose(a, b):
    return a // 2 + b // 2 + (a % 2 | b % 2)


@alternative(replaces="blend")
def divides_on_half_floats(a, b):
    return ((a.half() + b) / 2).add(0.5).floor().byte()


@alternative(replaces="blend")
def divides_rounding_down(a, b):
    both = torch.stack([a, b]).to(torch.int16)
    return both.sum(0, dtype=torch.int16).add(1).div(2, rounding_mode="floor").to(a.dtype)


@misconception(
    caught_by=("test_sums_above_255_stay_at_255", "test_differences_below_0_stay_at_0"),
    replaces="brighten",
)
def wraps(image, amount):
    "An image stays an image: what is too bright is shown as white."
    return image + amount


@misconception(
    caught_by=("test_sums_above_255_stay_at_255", "test_differences_below_0_stay_at_0"),
    replaces="brighten",
)
def clamps_after_it_has_wrapped(image, amount):
    "clamp(0, 255) brings back whatever the sum has done."
    return (image + amount).clamp(0, 255)


@misconception(caught_by="test_differences_below_0_stay_at_0", replaces="brighten")
def clamps_above_only(image, amount):
    "Brightening can only go too far at the bright end."
    return (image.short() + amount).clamp(max=255).byte()


@misconception(caught_by="test_sums_above_255_stay_at_255", replaces="brighten")
def clamps_below_only(image, amount):
    "A conversion to bytes cuts off at 255 by itself."
    return (image.short() + amount).clamp(min=0).byte()


@misconception(caught_by="test_sums_above_255_stay_at_255", replaces="brighten")
def clamps_to_256(image, amount):
    "A byte has 256 values, so 256 is the largest."
    return (image.short() + amount).clamp(0, 256).byte()


@misconception(caught_by="test_a_bright_neighbour_changes_nothing", replaces="brighten")
def adds_no_more_than_the_brightest_can_take(image, amount):
    "Saturating means that the amount is cut to what the brightest and darkest pixel have room for."
    wide = image.short()
    return (wide + wide.new_tensor(amount).clamp(-wide.min(), 255 - wide.max())).byte()


@misconception(caught_by="test_a_negative_amount_darkens", replaces="brighten")
def never_darkens(image, amount):
    "To brighten is to add, so an amount below 0 adds nothing."
    return (image.short() + max(amount, 0)).clamp(0, 255).byte()


@misconception(caught_by="test_a_negative_amount_darkens", replaces="brighten")
def takes_the_amount_without_its_sign(image, amount):
    "In bytes there are no negative numbers, so the sign of the amount goes."
    return (image.short() + abs(amount)).clamp(0, 255).byte()


@misconception(
    caught_by=("test_a_negative_amount_darkens", "test_differences_below_0_stay_at_0"),
    replaces="brighten",
)
def whitens_what_came_out_smaller(image, amount):
    "A sum that is smaller than the pixel has wrapped round, so it should be 255."
    moved = image + amount
    return moved.masked_fill(moved < image, 255)


@misconception(caught_by="test_the_amount_is_added", replaces="brighten")
def scales(image, amount):
    "Brightness is a factor: the amount says by how many 255ths."
    return (image.half() * (1 + amount / 255)).clamp(0, 255).byte()


@misconception(caught_by="test_the_amount_is_added", replaces="brighten")
def takes_bytes_as_signed(image, amount):
    "A byte holds -128 to 127."
    return (image.to(torch.int8).to(torch.int16) + amount).clamp(0, 255).byte()


@misconception(caught_by="test_a_brightened_image_is_of_bytes", replaces="brighten")
def stays_at_16_bits(image, amount):
    "The values are those of bytes, and that is what matters."
    return (image.short() + amount).clamp(0, 255)


@misconception(caught_by="test_brightening_keeps_every_pixel_in_its_place", replaces="brighten")
def flattens(image, amount):
    "An image is a row of bytes."
    return (image.flatten().short() + amount).clamp(0, 255).byte()


@misconception(caught_by="test_brightening_stays_within_16_bits", replaces="brighten")
def brightens_in_float32(image, amount):
    "Calculations are made on floats; bytes are for files."
    return (image.float() + amount).clamp(0, 255).byte()


@misconception(caught_by="test_brightening_stays_within_16_bits", replaces="brighten")
def looks_it_up(image, amount):
    "A table of 256 answers spares the sums, and looking up costs no memory."
    table = (torch.arange(256, device=image.device, dtype=torch.int16) + amount).clamp(0, 255)
    return table.byte()[image.long()]


@misconception(caught_by="test_no_number_leaves_torch_when_brightening", replaces="brighten")
def takes_pixel_by_pixel(image, amount):
    "Python's numbers never wrap, so the sums are made there."
    pixels = [min(max(pixel + amount, 0), 255) for pixel in image.flatten().tolist()]
    return torch.tensor(pixels, dtype=torch.uint8, device=image.device).reshape(image.shape)


@misconception(caught_by="test_brightening_is_no_loop", replaces="brighten")
def brightens_row_by_row(image, amount):
    "A loop over rows is as good as none: torch does the work."
    return torch.stack([(row.short() + amount).clamp(0, 255).byte() for row in image])


@misconception(caught_by="test_brightening_leaves_the_image_as_it_is", replaces="brighten")
def brightens_in_place(image, amount):
    "Least memory is used when the image itself is changed."
    return image.copy_((image.short() + amount).clamp(0, 255))


@misconception(caught_by="test_two_bright_pixels_have_a_bright_mean", replaces="blend")
def overflows(a, b):
    "The mean of two bytes fits into a byte, so the sum is halved there."
    return (a + b + 1) // 2


@misconception(caught_by="test_halves_are_rounded_up", replaces="blend")
def rounds_down(a, b):
    "A division of integers rounds."
    return ((a.short() + b) // 2).byte()


@misconception(caught_by="test_halves_are_rounded_up_above_an_even_number", replaces="blend")
def rounds_to_even(a, b):
    "round() rounds halves up."
    return ((a.half() + b) / 2).round().byte()


@misconception(caught_by="test_means_without_a_half_are_exact", replaces="blend")
def halves_each_then_adds(a, b):
    "Half of each, added, is the mean, and never overflows."
    return a // 2 + b // 2


@misconception(caught_by="test_means_without_a_half_are_exact", replaces="blend")
def halves_each_upwards(a, b):
    "Halves are rounded up, so each half is."
    return ((a.short() + 1) // 2 + (b.short() + 1) // 2).clamp(max=255).byte()


@misconception(caught_by="test_every_pair_of_bytes", replaces="blend")
def works_on_bfloat16(a, b):
    "Any type of 16 bits holds a sum of two bytes exactly."
    return ((a.bfloat16() + b + 1) / 2).floor().clamp(max=255).byte()


@misconception(caught_by="test_two_bright_pixels_have_a_bright_mean", replaces="blend")
def takes_the_brighter(a, b):
    "Laid over each other, the brighter pixel shows."
    return torch.maximum(a, b)


@misconception(caught_by="test_a_blended_image_is_of_bytes", replaces="blend")
def blend_stays_at_16_bits(a, b):
    "16 bits are allowed, so the result may have them."
    return (a.short() + b + 1) // 2


@misconception(caught_by="test_blending_keeps_every_pixel_in_its_place", replaces="blend")
def blends_a_row_of_pixels(a, b):
    "Pixel by pixel means that the images are laid out as rows of pixels."
    return ((a.flatten().short() + b.flatten() + 1) // 2).byte()


@misconception(caught_by="test_blending_stays_within_16_bits", replaces="blend")
def blends_in_float32(a, b):
    "A mean has halves, so it takes floats."
    return ((a.float() + b) / 2 + 0.5).floor().byte()


@misconception(caught_by="test_blending_stays_within_16_bits", replaces="blend")
def sums_at_64_bits(a, b):
    "sum() of 16-bit numbers stays at 16 bits."
    return ((torch.stack([a, b]).short().sum(0) + 1) // 2).byte()


@misconception(caught_by="test_no_number_leaves_torch_when_blending", replaces="blend")
def blends_in_python(a, b):
    "Exact arithmetic on integers is what Python is for."
    pairs = zip(a.flatten().tolist(), b.flatten().tolist(), strict=True)
    means = [(x + y + 1) // 2 for x, y in pairs]
    return torch.tensor(means, dtype=torch.uint8, device=a.device).reshape(a.shape)


@misconception(caught_by="test_blending_is_no_loop", replaces="blend")
def blends_row_by_row(a, b):
    "One row at a time takes less memory than a whole image."
    rows = zip(a, b, strict=True)
    return torch.stack([((one.short() + other + 1) >> 1).byte() for one, other in rows])


@misconception(caught_by="test_blending_leaves_both_images_as_they_are", replaces="blend")
def blends_into_the_first(a, b):
    "The first image is the one to be painted on."
    return a.copy_((a.short() + b + 1) // 2)
