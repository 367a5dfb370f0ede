"""What is gained by a 3×3 convolution that turns a grey picture into eight channels?

Nine numbers go into each output. How many weighted sums of them are worth having can be measured.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dojo import alternative, misconception

__all__ = ["patches", "sensible_channels", "variance_kept"]


def patches(
    images: Float[Tensor, "images channels height width"], kernel: int
) -> Float[Tensor, "patches numbers"]:
    """Return all that a convolution with a square kernel sees: a row for each place that it visits.

    The kernel moves by one pixel at a time, and stays within the picture: no padding. It is at
    least 1 and at most as large as the picture, which need not be square. The rows go picture by
    picture, and within a picture as one reads: from left to right, then the next line. A row holds
    the pixels as they are, in the order that makes patches(images, kernel) @ weight.flatten(1).T
    the convolution's outputs, for its weight of shape (channels out, channels, kernel, kernel).
    The dtype stays, float32 or float64, and the images are not changed.
    """
    columns = nn.functional.unfold(images, kernel)
    return columns.mT.reshape(-1, columns.shape[1])


def variance_kept(patches: Float[Tensor, "patches numbers"]) -> Float[Tensor, " numbers"]:
    """Return which share of the patches' variance the best 1, 2, ... linear channels can keep.

    A linear channel is a weighted sum of a patch's numbers, with any weights, the same for all
    patches. From the values of k channels one rebuilds each number of the patch as well as one can,
    by a weighted sum of them and a constant. The variance is each number's variance over the
    patches, added up over the numbers. The share kept is 1 less what is lost: the mean square of
    the errors, added up likewise, as a share of the variance. It is 1 where all can be rebuilt.

    Entry 0 is the share that one channel keeps if its weights are the best there are, entry 1 is
    for the best two channels together, and so on: as many entries as a patch has numbers, even
    where there are fewer patches than that. The patches are not all equal; they are left as they
    are, and the result has their dtype, float32 or float64.
    """
    centred = patches - patches.mean(0)
    variances = torch.linalg.eigvalsh(centred.mT @ centred).flip(0)
    return variances.cumsum(0) / variances.sum()


def sensible_channels(c_in: int, kernel: int) -> int:
    """Return a number of output channels for a convolution with a square kernel, by rule of thumb.

    It is the largest power of two that is at most half of how many numbers go into one number of
    the output, the bias not counted; 1 is a power of two.

    Raises:
        ValueError: there is none, as half is less than 1; the message gives c_in and kernel.
    """
    half = c_in * kernel**2 // 2
    if half < 1:
        raise ValueError(f"c_in is {c_in}, kernel {kernel}: one number in is not to be made fewer")
    return 2 ** (half.bit_length() - 1)


HINTS = (
    "unfold, torch's function or a tensor's method, cuts out all patches; print the shape that it "
    "gives, and ask which axes belong together in a row. For the variance: if you could turn the "
    "axes of the space of all patches, which way would the first one point?",
    "The best channels are the directions along which the patches vary most, each at a right angle "
    "to the others: those of a principal component analysis. Their variances are the eigenvalues "
    "of the covariance matrix.",
    "columns = unfold(images, kernel) has the rows on its last axis: columns.mT.reshape(-1, "
    "columns.shape[1]). Take the mean patch away, then torch.linalg.eigvalsh(centred.mT @ centred) "
    "from the largest to the smallest, cumsum, over the sum. Half of the numbers is "
    "c_in * kernel**2 // 2.",
)
ANSWER = """
A 3×3 convolution on one channel sees nine numbers. With eight channels it writes eight for them, at
every pixel: that merely reorders what was there, and the layer is not made to choose. On the
digits here four well chosen channels keep 81% of the variance and eight keep 98.6%; even eight
channels with random weights allow 91 to 97%. Fewer channels than numbers force the layer to find
what is useful; hence a rule of thumb, at most half as many out as in. 4 for a 3×3 on one channel,
8 for a 5×5, and 64 for the 7×7 on three channels that ResNet begins with.

It is no law. Variance counts linear information only: behind a relu two channels with opposite
weights tell more than one, and many networks go the other way. XResNet's stem makes 32 channels of
27 numbers. The course that the question is from uses a 5×5 kernel for its eight channels on MNIST,
for this reason, while a formula of its own gives 8 for a 3×3 as well.

Variance is not what matters for telling digits apart, either. A channel that keeps little of it may
be the one that is needed.
"""


@alternative(replaces="patches")
def walks_over_the_kernel(images, kernel):
    n, c, height, width = images.shape
    down, across = height - kernel + 1, width - kernel + 1
    parts = [
        images[:, :, i : i + down, j : j + across] for i in range(kernel) for j in range(kernel)
    ]
    return torch.stack(parts, 2).view(n, c * kernel**2, -1).transpose(1, 2).flatten(0, 1)


@alternative(replaces="patches")
def slides_windows(images, kernel):
    windows = images.unfold(2, kernel, 1).unfold(3, kernel, 1)
    return windows.permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(0, 2)


@alternative(replaces="patches")
def convolves_with_ones_in_one_place(images, kernel):
    numbers = images.shape[1] * kernel**2
    weight = torch.eye(numbers, dtype=images.dtype).view(numbers, -1, kernel, kernel)
    return nn.functional.conv2d(images, weight).movedim(1, -1).reshape(-1, numbers)


@alternative(replaces="variance_kept")
def squares_singular_values(patches):
    squares = torch.linalg.svdvals(patches - patches.mean(0, keepdim=True)) ** 2
    shares = torch.ones(patches.shape[1], dtype=patches.dtype)
    shares[: len(squares)] = (squares / squares.sum()).cumsum(0)
    return shares


@alternative(replaces="variance_kept")
def goes_by_what_is_lost(patches):
    variances = torch.linalg.eigh(torch.cov(patches.double().T)).eigenvalues.clamp(min=0)
    lost = torch.cat([torch.zeros(1), variances.cumsum(0)[:-1]]).flip(0)
    return (1 - lost / variances.sum()).to(patches.dtype)


@alternative(replaces="sensible_channels")
def doubles_while_it_can(c_in, kernel):
    channels = 1
    while 4 * channels <= c_in * kernel * kernel:
        channels *= 2
    if 2 * channels > c_in * kernel * kernel:
        raise ValueError(f"{c_in} channels and a kernel of {kernel} leave nothing to halve")
    return channels


def _windows(images, kernel, step=1):
    """Axes: images, down, across, channels, kernel, kernel."""
    return images.unfold(2, kernel, step).unfold(3, kernel, step).permute(0, 2, 3, 1, 4, 5)


def _variances(patches):
    """Along the best directions, the largest first."""
    centred = patches - patches.mean(0)
    return torch.linalg.eigvalsh(centred.mT @ centred).flip(0).clamp(min=0)


def _shares(variances):
    return variances.cumsum(0) / variances.sum()


def _half(c_in, kernel):
    if c_in * kernel**2 < 2:
        raise ValueError(f"c_in is {c_in}, kernel {kernel}: half is less than 1")
    return c_in * kernel**2 // 2


def _largest_power(number):
    return 2 ** (int(number).bit_length() - 1)


@misconception(caught_by="test_neighbouring_patches_overlap", replaces="patches")
def lays_tiles(images, kernel):
    "To cut a picture into patches is to lay it out in tiles, so that no pixel comes twice."
    return _windows(images, kernel, step=kernel).flatten(3).flatten(0, 2)


@misconception(caught_by="test_the_kernel_stays_within_the_picture", replaces="patches")
def pads_the_picture(images, kernel):
    "A convolution visits each pixel of the picture, those at the edge with zeros around."
    padded = nn.functional.pad(images, [kernel // 2] * 4)
    return _windows(padded, kernel).flatten(3).flatten(0, 2)


@misconception(caught_by="test_a_row_holds_one_patch", replaces="patches")
def reshapes_without_moving_the_axis(images, kernel):
    "The numbers are all there, so a reshape to the right size gives the rows."
    columns = nn.functional.unfold(images, kernel)
    return columns.reshape(-1, columns.shape[1])


@misconception(caught_by="test_a_row_holds_all_channels", replaces="patches")
def gives_each_channel_rows_of_its_own(images, kernel):
    "A patch is a square of kernel by kernel numbers, so each channel has its own."
    return _windows(images, kernel).movedim(3, 1).reshape(-1, kernel**2)


@misconception(caught_by="test_no_channel_is_left_out", replaces="patches")
def looks_at_the_first_channel(images, kernel):
    "The patch is what is seen of the picture, and that is the same in all channels."
    return _windows(images[:, :1], kernel).flatten(3).flatten(0, 2)


@misconception(caught_by="test_channels_stand_in_one_row", replaces="patches")
def puts_the_channels_last(images, kernel):
    "A row goes pixel by pixel, and each pixel has its channels side by side."
    return _windows(images, kernel).movedim(3, -1).flatten(3).flatten(0, 2)


@misconception(caught_by="test_a_row_holds_one_patch", replaces="patches")
def reads_patches_downwards(images, kernel):
    "Within a patch the order is free, so down each column is as good."
    return _windows(images, kernel).mT.flatten(3).flatten(0, 2)


@misconception(caught_by="test_rows_go_picture_by_picture", replaces="patches")
def goes_place_by_place(images, kernel):
    "All pictures are visited at one place, then all at the next."
    return _windows(images, kernel).flatten(3).flatten(1, 2).transpose(0, 1).flatten(0, 1)


@misconception(caught_by="test_the_kernel_moves_as_one_reads", replaces="patches")
def visits_places_downwards(images, kernel):
    "The kernel goes down the picture first, since height comes before width."
    return _windows(images, kernel).transpose(1, 2).flatten(3).flatten(0, 2)


@misconception(caught_by="test_the_last_place_is_visited", replaces="patches")
def stops_one_early(images, kernel):
    "A kernel fits into a side as often as the side is longer than the kernel."
    return _windows(images, kernel)[:, :-1, :-1].flatten(3).flatten(0, 2)


@misconception(caught_by="test_pictures_need_not_be_square", replaces="patches")
def takes_pictures_for_squares(images, kernel):
    "Pictures are square, so one side tells how far the kernel goes."
    side = images.shape[2]
    return _windows(images[..., :side], kernel).flatten(3).flatten(0, 2)


@misconception(caught_by="test_pixels_are_as_they_were", replaces="patches")
def takes_the_brightness_away(images, kernel):
    "What counts in a patch is its pattern, so its mean goes first."
    rows = _windows(images, kernel).flatten(3).flatten(0, 2)
    return rows - rows.mean(1, keepdim=True)


@misconception(caught_by="test_patches_keep_the_dtype", replaces="patches")
def cuts_in_float32(images, kernel):
    "Pictures are float32, as all that goes into a network is."
    return _windows(images, kernel).flatten(3).flatten(0, 2).float()


@misconception(caught_by="test_brightness_common_to_all_does_not_count", replaces="variance_kept")
def forgets_the_mean(patches):
    "Variance is the mean square of the numbers."
    return _shares(torch.linalg.svdvals(patches.T @ patches))


@misconception(caught_by="test_one_brightness_each_needs_one_channel", replaces="variance_kept")
def takes_each_patchs_mean_away(patches):
    "Centring means that each patch gets a mean of 0."
    return _shares(_variances(patches - patches.mean(1, keepdim=True)))


@misconception(caught_by="test_shares_are_of_the_variance", replaces="variance_kept")
def leaves_singular_values_unsquared(patches):
    "The singular values say how much each channel keeps."
    return _shares(_variances(patches).sqrt())


@misconception(caught_by="test_channels_add_up", replaces="variance_kept")
def gives_each_share_alone(patches):
    "Entry k is what channel k keeps."
    variances = _variances(patches)
    return variances / variances.sum()


@misconception(caught_by="test_each_further_channel_adds_less", replaces="variance_kept")
def begins_with_the_worst(patches):
    "Eigenvalues come with the most important first."
    return _shares(_variances(patches).flip(0))


@misconception(caught_by="test_the_best_channel_comes_first", replaces="variance_kept")
def takes_numbers_as_they_stand(patches):
    "Channel k is the patch's number k."
    return _shares(patches.var(0))


@misconception(caught_by="test_a_channel_may_mix_numbers", replaces="variance_kept")
def picks_the_best_numbers(patches):
    "The best channels are the numbers that vary most, one number each."
    return _shares(patches.var(0).sort(descending=True).values)


@misconception(caught_by="test_numbers_that_vary_more_count_more", replaces="variance_kept")
def makes_all_numbers_count_alike(patches):
    "Numbers are standardised before one asks for components."
    centred = patches - patches.mean(0)
    return _shares(_variances(centred / centred.std(0).clamp(min=1e-6)))


@misconception(caught_by="test_all_channels_keep_all", replaces="variance_kept")
def compares_with_the_best_channel(patches):
    "A share is of the largest, which is 1."
    variances = _variances(patches)
    return variances.cumsum(0) / variances[0]


@misconception(caught_by="test_channels_add_up", replaces="variance_kept")
def begins_with_no_channel(patches):
    "Entry k is for k channels, so entry 0 is 0."
    return torch.cat([torch.zeros(1, dtype=patches.dtype), _shares(_variances(patches))[:-1]])


@misconception(caught_by="test_the_best_channel_comes_first", replaces="variance_kept")
def shares_out_evenly(patches):
    "Nine numbers carry a ninth each, so k channels keep k ninths."
    numbers = patches.shape[1]
    return (torch.arange(numbers, dtype=patches.dtype) + 1) / numbers


@misconception(caught_by="test_each_number_has_an_entry", replaces="variance_kept")
def ends_with_the_patches(patches):
    "There are as many entries as singular values."
    return _shares(torch.linalg.svdvals(patches - patches.mean(0)) ** 2)


@misconception(caught_by="test_each_number_has_an_entry", replaces="variance_kept")
def turns_the_matrix_round(patches):
    "Each column of the data is a patch, as torch.cov has it."
    return _shares(_variances(patches.T))


@misconception(caught_by="test_patches_stay_as_they_are", replaces="variance_kept")
def centres_in_place(patches):
    "Only the differences matter from here on, so the mean can go for good."
    patches -= patches.mean(0)
    return _shares(_variances(patches))


@misconception(caught_by="test_shares_keep_the_dtype", replaces="variance_kept")
def answers_in_float64(patches):
    "A decomposition is worked out in float64, and so are its shares."
    return _shares(_variances(patches.double()))


@misconception(caught_by="test_half_of_the_numbers_is_the_limit", replaces="sensible_channels")
def goes_up_to_the_numbers_in(c_in, kernel):
    "Eight channels out of nine numbers are fewer than before, and that will do."
    _half(c_in, kernel)
    return _largest_power(c_in * kernel**2 - 1)


@misconception(caught_by="test_a_kernel_has_two_sides", replaces="sensible_channels")
def counts_one_side_of_the_kernel(c_in, kernel):
    "A kernel of 3 sees 3 numbers in each channel."
    _half(c_in, kernel)
    return _largest_power(max(1, c_in * kernel // 2))


@misconception(caught_by="test_each_input_channel_counts", replaces="sensible_channels")
def forgets_the_input_channels(c_in, kernel):
    "A kernel sees kernel by kernel numbers, whatever there is in depth."
    return _largest_power(max(1, kernel**2 // 2)) if _half(c_in, kernel) else 0


@misconception(caught_by="test_exactly_half_is_allowed", replaces="sensible_channels")
def stays_below_half(c_in, kernel):
    "Half is the limit, and a limit is not reached."
    _half(c_in, kernel)
    return _largest_power(max(1, (c_in * kernel**2 - 1) // 2))


@misconception(caught_by="test_it_is_a_power_of_two", replaces="sensible_channels")
def takes_half_as_it_is(c_in, kernel):
    "Half of the numbers, rounded down, is the number of channels."
    return _half(c_in, kernel)


@misconception(caught_by="test_it_rounds_down", replaces="sensible_channels")
def rounds_to_the_nearest_power(c_in, kernel):
    "The power of two that is nearest to half is the sensible one."
    low = _largest_power(_half(c_in, kernel))
    return 2 * low if 2 * (c_in * kernel**2 / 2) > 3 * low else low


@misconception(caught_by="test_one_number_in_is_refused", replaces="sensible_channels")
def always_gives_one_channel(c_in, kernel):
    "There is always room for one channel."
    return _largest_power(max(1, c_in * kernel**2 // 2))


@misconception(caught_by="test_one_number_in_is_refused", replaces="sensible_channels")
def gives_no_channel(c_in, kernel):
    "Where nothing fits, the answer is 0."
    half = c_in * kernel**2 // 2
    return _largest_power(half) if half else 0


@misconception(caught_by="test_the_error_gives_both_numbers", replaces="sensible_channels")
def only_says_that_it_is_too_small(c_in, kernel):
    "Which numbers they were the caller knows."
    if c_in * kernel**2 < 2:
        raise ValueError("too few numbers go in")
    return _largest_power(_half(c_in, kernel))


@misconception(caught_by="test_it_is_an_int", replaces="sensible_channels")
def gives_a_float(c_in, kernel):
    "A power of two is a power of two, 4 or 4.0."
    return 2.0 ** (_half(c_in, kernel).bit_length() - 1)
