"""How do you apply one calculation to thousands of numbers, thousands of times faster than a loop?

The calculation here is how far each image of a batch is from a template, such as the mean of all
3s: enough to tell most 3s from 7s.
"""

from jaxtyping import Float32, UInt8
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["distances"]


def distances(
    images: UInt8[Tensor, "images height width"] | Float32[Tensor, "images height width"],
    template: UInt8[Tensor, "height width"] | Float32[Tensor, "height width"],
) -> Float32[Tensor, " images"]:
    """Return how far each image is from the template: the mean absolute difference of its pixels.

    images and template are of one dtype, uint8 (0 to 255) or float32 (any numbers); the values are
    taken as they are. There may be any number of images, none included; an image has at least one
    pixel. The result is float32, on the device of the inputs, which are left as they are.

    It takes as many operations for thousands of images as for two, and as many for large images as
    for small ones. No number is read out on the way (item, tolist, numpy, a boolean mask). It is
    more than 15 times as fast as a loop over the images: 1,797 of them, of 3 by 5 bytes each.
    """
    return (images.float() - template.float()).abs().mean(dim=(1, 2))


HINTS = (
    "Subtract a template of shape (2, 3) from images of shape (5, 2, 3) and look at the shape. Do "
    "it again in uint8, with a template that is brighter than the images.",
    "Convert to float32, subtract and take abs() of all images at once. Then only the axes of an "
    "image must go: which are they, and what does mean(dim=...) take?",
    "(images.float() - template.float()).abs().mean(dim=(1, 2))",
)
ANSWER = """
Write the calculation for whole tensors, and the loop runs inside torch, in compiled code. The
template is broadcast over the images, and the mean over the last two axes leaves one number each.
Two things go wrong quietly. uint8 arithmetic wraps round, so 3 - 5 is 254: convert first. And
abs() comes before the mean, or brighter and darker pixels cancel.

"Thousands of times" takes a GPU, or a loop that reads a tensor one element at a time. On one CPU
thread, with 1,797 pictures of 8 by 8, a loop over images was 100 to 220 times as slow, one over
plain Python numbers 60 to 95 times; with 256 pictures of 28 by 28 the loop over images lost by 14
to 17 only, because there was more to do in a call. What a vectorised program saves is calls; once
each of them has enough to do, there is little left to save.
"""


@alternative
def flattens_each_image(images, template):
    rows = images.flatten(start_dim=1).float()
    return (rows - template.flatten().float()).abs().sum(dim=1) / template.numel()


@alternative
def asks_for_the_loss(images, template):
    from torch.nn.functional import l1_loss

    images, template = images.float(), template.float()
    return l1_loss(images, template.expand_as(images), reduction="none").mean((-1, -2))


@alternative
def measures_city_blocks(images, template):
    import torch

    pairs = torch.cdist(images.float().flatten(1), template.float().view(1, -1), p=1)
    return pairs.squeeze(1) / template.numel()


@alternative
def takes_the_smaller_from_the_larger(images, template):
    larger, smaller = images.maximum(template), images.minimum(template)
    return (larger - smaller).float().mean((1, 2))


@alternative
def subtracts_where_it_is_larger(images, template):
    import torch

    return torch.where(images > template, images - template, template - images).float().mean((1, 2))


@alternative
def works_in_float64(images, template):
    return (images.double() - template.double()).abs().mean(dim=(1, 2)).float()


@alternative
def takes_the_norm(images, template):
    import torch

    difference = images.float() - template.float()
    return torch.linalg.vector_norm(difference, ord=1, dim=(1, 2)) / template.numel()


@alternative
def maps_over_the_batch(images, template):
    import torch

    if not len(images):  # vmap refuses an empty axis
        return images.new_zeros(0, dtype=torch.float32)
    return torch.vmap(lambda image: (image.float() - template.float()).abs().mean())(images)


@misconception(caught_by=("test_the_operations_do_not_grow_with_the_images", "test_beats_the_loop"))
def loops_over_the_images(images, template):
    "A function of one image has to be called once for each image."
    import torch

    if not len(images):
        return images.new_zeros(0, dtype=torch.float32)
    return torch.stack([_distance(image, template) for image in images])


@misconception(caught_by="test_the_operations_do_not_grow_with_the_size_of_an_image")
def loops_over_the_pixels(images, template):
    "A loop over pixels is none over images, and that is what counts."
    total = images.new_zeros(len(images), dtype=template.float().dtype)
    for row in range(template.shape[0]):
        for column in range(template.shape[1]):
            total += (images[:, row, column].float() - template[row, column].float()).abs()
    return total / template.numel()


@misconception(caught_by="test_no_number_is_read_out_on_the_way")
def loops_over_plain_numbers(images, template):
    "What makes a loop slow is torch; plain Python numbers are quick."
    import torch

    other = template.flatten().tolist()
    result = []
    for image in images.flatten(start_dim=1).tolist():
        result.append(sum(abs(a - b) for a, b in zip(image, other, strict=True)) / len(other))
    return torch.tensor(result, dtype=torch.float32, device=images.device)


@misconception(caught_by="test_no_number_is_read_out_on_the_way")
def goes_through_numpy(images, template):
    "For whole arrays of numbers one needs numpy."
    import torch

    one, other = images.cpu().numpy().astype("float32"), template.cpu().numpy().astype("float32")
    return torch.from_numpy(abs(one - other).mean((1, 2))).to(images.device)


@misconception(caught_by="test_each_image_gets_a_number_of_its_own")
def averages_over_the_images_too(images, template):
    "mean() gives the mean of each image."
    return (images.float() - template.float()).abs().mean()


@misconception(caught_by="test_the_size_of_an_image_does_not_matter")
def sums_up(images, template):
    "The distance is all differences added up."
    return (images.float() - template.float()).abs().sum((1, 2))


@misconception(caught_by="test_the_size_of_an_image_does_not_matter")
def counts_on_8_by_8(images, template):
    "A digit is 8 by 8, so the mean is the sum over 64."
    return (images.float() - template.float()).abs().sum((1, 2)) / 64


@misconception(caught_by="test_a_difference_counts_as_it_is")
def squares(images, template):
    "Squaring makes a difference positive, as abs() does."
    return ((images.float() - template.float()) ** 2).mean((1, 2))


@misconception(caught_by="test_a_difference_counts_as_it_is")
def takes_the_root_of_the_squares(images, template):
    "The root of the mean square is the mean absolute difference."
    return ((images.float() - template.float()) ** 2).mean((1, 2)).sqrt()


@misconception(caught_by="test_brighter_and_darker_pixels_do_not_cancel")
def takes_abs_after_the_mean(images, template):
    "Mean and absolute value can change places."
    return (images.float() - template.float()).mean((1, 2)).abs()


@misconception(caught_by="test_a_darker_pixel_counts_like_a_brighter_one")
def leaves_darker_pixels_out(images, template):
    "Below zero there is nothing to count."
    return (images.float() - template.float()).clamp(min=0).mean((1, 2))


@misconception(caught_by="test_a_darker_byte_does_not_wrap_round")
def subtracts_bytes(images, template):
    "It is soon enough to convert for the mean, which asks for floats."
    return (images - template).abs().float().mean((1, 2))


@misconception(caught_by="test_bytes_above_127_stay_positive")
def subtracts_signed_bytes(images, template):
    "A byte with a sign is all it takes for negative differences."
    if not images.is_floating_point():
        images, template = images.char(), template.char()
    return (images.float() - template.float()).abs().mean((1, 2))


@misconception(caught_by="test_float_images_keep_their_fractions")
def counts_in_whole_numbers(images, template):
    "Pixels are whole numbers, so int has room for all differences."
    return (images.int() - template.int()).abs().float().mean((1, 2))


@misconception(caught_by="test_bytes_are_taken_as_they_are")
def scales_bytes(images, template):
    "Pixels belong between 0 and 1, so bytes are divided by 255 first."
    scale = 1 if images.is_floating_point() else 255
    return (images.float() / scale - template.float() / scale).abs().mean((1, 2))


@misconception(caught_by="test_agrees_with_the_loop_on_the_digits")
def works_in_float16(images, template):
    "For bytes half a float is precise enough."
    return (images.half() - template.half()).abs().mean((1, 2)).float()


@misconception(caught_by="test_the_result_is_float32")
def returns_float64(images, template):
    "The more digits the better."
    return (images.double() - template.double()).abs().mean((1, 2))


@misconception(caught_by="test_there_may_be_no_images")
def refuses_an_empty_batch(images, template):
    "Without images there is nothing to measure."
    if not len(images):
        raise ValueError("no images")
    return (images.float() - template.float()).abs().mean((1, 2))


@misconception(caught_by="test_the_inputs_stay_as_they_are")
def subtracts_in_place(images, template):
    "float() gives a new tensor, so there is no harm in writing to it."
    return images.float().sub_(template.float()).abs_().mean((1, 2))


@misconception(caught_by="test_the_result_is_on_the_device", only_on="accelerator")
def fetches_the_result(images, template):
    "Results belong on the CPU, where they are read."
    return (images.float() - template.float()).abs().mean((1, 2)).to("cpu")


def _distance(image, template):
    return (image.float() - template.float()).abs().mean()
