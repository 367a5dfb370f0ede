"""How does a computer hold a grey image, and how a colour one?

Files and cameras give bytes, pixel by pixel. A network wants floats, channel by channel.
"""

import torch
from jaxtyping import Float32, UInt8
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["to_grey", "to_tensor"]


def to_tensor(
    pixels: UInt8[Tensor, "height width"] | UInt8[Tensor, "height width 3"],
) -> Float32[Tensor, "channels height width"]:
    """Return a picture as floats from 0 to 1, channel by channel: byte 0 is 0, byte 255 exactly 1.

    A picture of rank 2 is grey, whatever its size, and gets one channel. A picture of rank 3 holds
    three numbers a pixel, which become three channels in the same order.

    The result is on the device of pixels, which are left as they are.

    Raises:
        ValueError: pixels are not uint8 (the message gives their dtype), or are of neither of the
            two shapes (it gives their shape); (height, width, 1) is refused, too.
    """
    if pixels.dtype != torch.uint8:
        raise ValueError(f"pixels are {pixels.dtype}: give uint8, from 0 to 255")
    if pixels.ndim == 2:
        return pixels.unsqueeze(0) / 255
    if pixels.ndim == 3 and pixels.shape[2] == 3:
        return pixels.permute(2, 0, 1) / 255
    shape = tuple(pixels.shape)
    raise ValueError(f"pixels have shape {shape}: give (height, width) or (height, width, 3)")


def to_grey(image: Float32[Tensor, "3 height width"]) -> Float32[Tensor, "1 height width"]:
    """Return a colour picture in grey: 0.299 of its red, 0.587 of its green, 0.114 of its blue.

    The channels of image are red, green and blue, in this order. The result is on the device of
    image, which is left as it is.

    Raises:
        ValueError: image is not of shape (3, height, width); the message gives its shape.
    """
    if image.ndim != 3 or image.shape[0] != 3:
        raise ValueError(f"image has shape {tuple(image.shape)}: give (3, height, width)")
    red, green, blue = image
    return (0.299 * red + 0.587 * green + 0.114 * blue).unsqueeze(0)


HINTS = (
    "What tells a grey picture from a colour one: its rank, or the size of its last axis?",
    "reshape keeps the numbers in their order and cuts them anew; permute moves whole axes.",
    "Check dtype and shape first. Then pixels.unsqueeze(0) or pixels.permute(2, 0, 1), over 255; "
    "for the grey, take the channels apart, weigh each, add up, and put the first axis back.",
)
ANSWER = """
A grey picture is a matrix with one number a pixel, a colour picture has three: red, green and blue.
A byte holds 0 to 255, 0 for black and 255 for white, also where a plot shows them the other way
round, as it likes to do with digits. Divide by 255: by 256, white is 0.996.

Files keep the three numbers of a pixel side by side, torch wants all the red, then all the green,
then all the blue. These are the same numbers in another order, so permute is meant. A reshape gives
the right shape too, and a scrambled picture that no error points to. The weights of the grey follow
the eye, to which green is far lighter than blue: a plain mean makes a blue sky too light.
"""


@alternative(replaces="to_tensor")
def stacks_the_channels(pixels):
    if pixels.dtype is not torch.uint8:
        raise ValueError(f"dtype {pixels.dtype} is not uint8")
    if pixels.dim() not in (2, 3) or (pixels.dim() == 3 and pixels.size(-1) != 3):
        raise ValueError(f"no picture has shape {tuple(pixels.shape)}")
    channels = pixels.unbind(-1) if pixels.dim() == 3 else [pixels]
    return torch.stack(channels).float() * (1 / 255)


@alternative(replaces="to_tensor")
def fills_a_prepared_tensor(pixels):
    _refuse_other_dtypes(pixels)
    _refuse_other_shapes(pixels)
    grey = pixels.ndim == 2
    image = torch.empty(1 if grey else 3, *pixels.shape[:2], device=pixels.device)
    image[:] = pixels if grey else pixels.movedim(-1, 0)
    return image.div_(255)


@alternative(replaces="to_tensor")
def exchanges_axes_twice(pixels):
    _refuse_other_dtypes(pixels)
    _refuse_other_shapes(pixels)
    colour = pixels[:, :, None] if pixels.ndim == 2 else pixels
    return colour.to(torch.float32).div(255).transpose(0, 2).transpose(1, 2).contiguous()


@alternative(replaces="to_grey")
def multiplies_by_a_tensor_of_weights(image):
    if image.dim() != 3 or len(image) != 3:
        raise ValueError(f"three channels are wanted, not shape {tuple(image.shape)}")
    weights = image.new_tensor([0.299, 0.587, 0.114])
    return (image * weights[:, None, None]).sum(0, keepdim=True)


@alternative(replaces="to_grey")
def contracts_the_channels(image):
    _refuse_other_images(image)
    weights = torch.tensor([[0.299, 0.587, 0.114]], device=image.device)
    return torch.einsum("gc,chw->ghw", weights, image)


@misconception(
    caught_by=(
        "test_the_numbers_of_a_pixel_stay_together",
        "test_three_digits_in_three_colours_come_apart",
    ),
    replaces="to_tensor",
)
def reshapes(pixels):
    "reshape puts the channels in front: the shape is what counts."
    _refuse_other_dtypes(pixels)
    _refuse_other_shapes(pixels)
    return pixels.reshape(-1, *pixels.shape[:2]) / 255


@misconception(caught_by="test_height_comes_before_width", replaces="to_tensor")
def exchanges_height_and_width(pixels):
    "Width comes before height, as x comes before y."
    return _scaled(pixels).mT / 1.0


@misconception(caught_by="test_white_is_exactly_one", replaces="to_tensor")
def divides_by_256(pixels):
    "A byte has 256 values, so 256 is what to divide by."
    return _floats(pixels) / 256


@misconception(caught_by="test_digits_lie_from_0_to_1", replaces="to_tensor")
def leaves_bytes_unscaled(pixels):
    "As floats the bytes are ready for a network."
    return _floats(pixels)


@misconception(
    caught_by=("test_a_dim_picture_stays_dim", "test_the_bytes_of_digits_can_be_had_back"),
    replaces="to_tensor",
)
def divides_whole_numbers(pixels):
    "Bytes are divided as whole numbers."
    return (_floats(pixels) // 255).float()


@misconception(caught_by="test_a_dim_picture_stays_dim", replaces="to_tensor")
def divides_by_the_brightest(pixels):
    "From 0 to 1 means that the brightest pixel is 1."
    floats = _floats(pixels)
    return floats / floats.max().clamp(min=1)


@misconception(caught_by="test_black_is_zero", replaces="to_tensor")
def takes_255_for_ink(pixels):
    "A digit is dark ink on white paper, so 255 is black."
    return 1 - _scaled(pixels)


@misconception(caught_by="test_bytes_become_float32", replaces="to_tensor")
def gives_float64(pixels):
    "The more digits the better: double it is."
    return (_floats(pixels) / 255).to(torch.float16 if pixels.is_mps else torch.float64)


@misconception(caught_by="test_a_picture_is_of_rank_3", replaces="to_tensor")
def no_channel_on_grey(pixels):
    "A grey picture has no colours, so it needs no channel."
    return _scaled(pixels).squeeze(0) if pixels.ndim == 2 else _scaled(pixels)


@misconception(caught_by="test_a_grey_picture_gets_one_channel", replaces="to_tensor")
def three_equal_channels(pixels):
    "A picture has three channels, which are equal where it is grey."
    return _scaled(pixels).expand(3, -1, -1)


@misconception(caught_by="test_a_grey_picture_gets_one_channel", replaces="to_tensor")
def channel_at_the_end(pixels):
    "The channel of a grey picture comes last, where files have it."
    return _scaled(pixels).squeeze(0).unsqueeze(-1) if pixels.ndim == 2 else _scaled(pixels)


@misconception(caught_by="test_a_grey_picture_three_pixels_wide_is_grey", replaces="to_tensor")
def three_at_the_end_is_colour(pixels):
    "A last axis of size 3 means colour."
    if pixels.ndim == 2 and pixels.shape[-1] == 3:
        return pixels.movedim(-1, 0) / 255
    return _scaled(pixels)


@misconception(
    caught_by="test_a_colour_picture_three_pixels_high_has_its_channels_last", replaces="to_tensor"
)
def three_in_front_is_done(pixels):
    "A first axis of size 3 means that the channels are in front already."
    if pixels.dtype == torch.uint8 and pixels.ndim == 3 and pixels.shape[0] == 3:
        return pixels / 255
    return _scaled(pixels)


@misconception(caught_by="test_channels_in_front_are_refused", replaces="to_tensor")
def takes_channels_in_front(pixels):
    "Three channels may come first or last; the size of the axes tells which."
    if pixels.dtype == torch.uint8 and pixels.ndim == 3 and pixels.shape[-1] != 3:
        _refuse_other_shapes(pixels.movedim(0, -1))
        return pixels / 255
    return _scaled(pixels)


@misconception(caught_by="test_two_four_or_five_channels_are_refused", replaces="to_tensor")
def any_number_of_channels(pixels):
    "Whatever lies on the last axis is a channel."
    _refuse_other_dtypes(pixels)
    if pixels.ndim == 3 and pixels.shape[-1] != 1:
        return pixels.movedim(-1, 0) / 255
    return _scaled(pixels)


@misconception(caught_by="test_two_four_or_five_channels_are_refused", replaces="to_tensor")
def drops_transparency(pixels):
    "A fourth channel is transparency, which can go."
    if pixels.ndim == 3 and pixels.shape[-1] == 4:
        return _scaled(pixels[..., :3])
    return _scaled(pixels)


@misconception(caught_by="test_one_channel_at_the_end_is_refused", replaces="to_tensor")
def takes_one_channel_at_the_end(pixels):
    "(height, width, 1) is a grey picture too."
    return _scaled(pixels.squeeze(-1) if pixels.ndim == 3 else pixels)


@misconception(caught_by="test_a_batch_is_refused", replaces="to_tensor")
def takes_batches(pixels):
    "A batch of pictures is converted as one picture is."
    _refuse_other_dtypes(pixels)
    return pixels.movedim(-1, -3) / 255 if pixels.ndim == 4 else _scaled(pixels)


@misconception(caught_by="test_a_row_of_numbers_is_refused", replaces="to_tensor")
def takes_a_row(pixels):
    "A row of numbers is a picture one pixel high."
    return _scaled(torch.atleast_2d(pixels))


@misconception(caught_by="test_floats_are_refused", replaces="to_tensor")
def passes_floats_on(pixels):
    "A picture in floats is done already: it needs a channel axis and nothing else."
    if pixels.is_floating_point():
        _refuse_other_shapes(pixels)
        return pixels.unsqueeze(0) if pixels.ndim == 2 else pixels.movedim(-1, 0)
    return _scaled(pixels)


@misconception(caught_by="test_whole_numbers_other_than_bytes_are_refused", replaces="to_tensor")
def takes_any_whole_numbers(pixels):
    "Whole numbers are bytes as long as they lie from 0 to 255."
    if pixels.is_floating_point():
        raise ValueError(f"{pixels.dtype}")
    return _scaled(pixels.to(torch.uint8))


@misconception(
    caught_by=("test_floats_are_refused", "test_whole_numbers_other_than_bytes_are_refused"),
    replaces="to_tensor",
)
def checks_no_dtype(pixels):
    "Dividing by 255 is right for numbers of any dtype."
    _refuse_other_shapes(pixels)
    return (pixels.unsqueeze(0) if pixels.ndim == 2 else pixels.movedim(-1, 0)) / 255


@misconception(caught_by="test_the_inputs_stay_as_they_are", replaces="to_tensor")
def adds_the_axis_in_place(pixels):
    "unsqueeze_ saves a copy, and the picture's numbers stay."
    _refuse_other_dtypes(pixels)
    _refuse_other_shapes(pixels)
    return pixels.unsqueeze_(0) / 255 if pixels.ndim == 2 else _scaled(pixels)


@misconception(
    caught_by="test_the_numbers_of_a_pixel_stay_together",
    replaces="to_tensor",
    only_on="accelerator",
)
def leaves_the_device(pixels):
    "Pictures are prepared on the CPU, wherever they came from."
    return _scaled(pixels).cpu()


@misconception(
    caught_by=("test_red_weighs_0_299", "test_green_looks_lighter_than_red_and_red_than_blue"),
    replaces="to_grey",
)
def plain_mean(image):
    "Grey is the mean of the three colours."
    _refuse_other_images(image)
    return image.mean(0, keepdim=True)


@misconception(caught_by="test_blue_weighs_0_114", replaces="to_grey")
def blue_green_red(image):
    "The channels come in the order blue, green, red."
    return _weighed(image.flip(0))


@misconception(caught_by="test_green_weighs_0_587", replaces="to_grey")
def weights_of_another_standard(image):
    "0.2126, 0.7152 and 0.0722 are the weights of grey, as for today's screens."
    _refuse_other_images(image)
    red, green, blue = image
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue).unsqueeze(0)


@misconception(caught_by="test_a_light_grey_stays_as_light", replaces="to_grey")
def plain_sum(image):
    "White is red, green and blue added up, and no more than 1."
    _refuse_other_images(image)
    return image.sum(0, keepdim=True).clamp(max=1)


@misconception(caught_by="test_white_stays_white", replaces="to_grey")
def weighs_and_averages(image):
    "Three weighed colours have to be divided by three."
    return _weighed(image) / 3


@misconception(caught_by="test_grey_is_still_of_rank_3", replaces="to_grey")
def drops_the_channel_axis(image):
    "With one channel left the axis is of no use."
    return _weighed(image).squeeze(0)


@misconception(caught_by="test_grey_is_one_channel", replaces="to_grey")
def stays_in_three_channels(image):
    "Grey has three equal channels, so that it is still a picture."
    return _weighed(image).repeat(3, 1, 1)


@misconception(caught_by="test_weights_go_to_channels_and_not_to_columns", replaces="to_grey")
def weighs_columns(image):
    "Three weights times a picture: each colour gets its own."
    if image.shape[-1] != 3:
        return _weighed(image)
    weights = image.new_tensor([0.299, 0.587, 0.114])
    return (image * weights).sum(0, keepdim=True)


@misconception(caught_by="test_every_pixel_gets_its_own_grey", replaces="to_grey")
def one_grey_for_all(image):
    "The grey of a picture is the grey of its mean colour."
    grey = _weighed(image)
    return torch.ones_like(grey) * grey.mean()


@misconception(caught_by="test_grey_is_no_input", replaces="to_grey")
def leaves_grey_pictures(image):
    "A picture with one channel is grey already: it may pass."
    return image if image.ndim == 3 and len(image) == 1 else _weighed(image)


@misconception(caught_by="test_grey_is_no_input", replaces="to_grey")
def leaves_the_check_to_torch(image):
    "torch refuses a multiplication by three weights unless there are three channels."
    if image.ndim != 3:
        raise ValueError(f"{tuple(image.shape)}")
    weights = image.new_tensor([0.299, 0.587, 0.114])
    return (image * weights[:, None, None]).sum(0, keepdim=True)


@misconception(caught_by="test_other_numbers_of_colours_are_refused", replaces="to_grey")
def ignores_further_channels(image):
    "Only the first three channels matter, however many there are."
    return _weighed(image[:3])


@misconception(caught_by="test_channels_at_the_end_are_refused", replaces="to_grey")
def takes_channels_at_the_end(image):
    "Colours on the last axis can be told by its size, and moved."
    if image.ndim == 3 and image.shape[0] != 3 and image.shape[-1] == 3:
        return _weighed(image.movedim(-1, 0))
    return _weighed(image)


@misconception(caught_by="test_an_image_of_another_rank_is_refused", replaces="to_grey")
def three_of_anything(image):
    "Three in front are the three colours, whatever follows."
    if image.ndim == 0 or image.shape[0] != 3:
        raise ValueError(f"{tuple(image.shape)}")
    return (0.299 * image[0] + 0.587 * image[1] + 0.114 * image[2]).unsqueeze(0)


@misconception(caught_by="test_a_batch_of_images_is_refused", replaces="to_grey")
def grey_batches(image):
    "A batch of pictures turns grey as one picture does."
    if image.ndim == 4 and image.shape[1] == 3:
        return torch.stack([_weighed(one) for one in image])
    return _weighed(image)


@misconception(caught_by="test_the_inputs_stay_as_they_are", replaces="to_grey")
def weighs_in_place(image):
    "The colours are not needed once they are weighed."
    _refuse_other_images(image)
    for channel, weight in zip(image, (0.299, 0.587, 0.114), strict=True):
        channel *= weight
    return image.sum(0, keepdim=True)


@misconception(
    caught_by="test_grey_stays_on_the_device",
    replaces="to_grey",
    only_on="accelerator",
)
def weights_on_the_cpu(image):
    "torch.tensor puts the weights where they are needed."
    _refuse_other_images(image)
    return (image * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(0, keepdim=True)


def _refuse_other_dtypes(pixels):
    if pixels.dtype != torch.uint8:
        raise ValueError(f"{pixels.dtype} is not uint8")


def _refuse_other_shapes(pixels):
    shape = tuple(pixels.shape)
    if not (len(shape) == 2 or (len(shape) == 3 and shape[-1] == 3)):
        raise ValueError(f"{shape} is neither (height, width) nor (height, width, 3)")


def _refuse_other_images(image):
    if image.ndim != 3 or image.shape[0] != 3:
        raise ValueError(f"{tuple(image.shape)} is not (3, height, width)")


def _floats(pixels):
    _refuse_other_dtypes(pixels)
    _refuse_other_shapes(pixels)
    channels = pixels.unsqueeze(0) if pixels.ndim == 2 else pixels.movedim(-1, 0)
    return channels.float()


def _scaled(pixels):
    return _floats(pixels) / 255


def _weighed(image):
    _refuse_other_images(image)
    red, green, blue = image
    return (0.299 * red + 0.587 * green + 0.114 * blue).unsqueeze(0)
