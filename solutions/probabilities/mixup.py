"""What is mixup?

Training on blends of two pictures, with a loss that asks for both labels in the same shares.
"""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["mixup", "mixup_loss"]


def mixup(
    x: Float[Tensor, "items ..."],
    y: Int64[Tensor, " items"],
    alpha: float,
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Blend each item with a partner: return (mixed, y_a, y_b, share).

    The partners are the items themselves in a random order: each is the partner of exactly one, by
    chance of itself, and every order is as likely. y_a is y, and y_b holds the partners' labels,
    int64 both. share has one number for each item, drawn for it alone from Beta(alpha, alpha), with
    alpha above 0; one below 0.5 is folded, s becoming 1 - s. mixed is share of x and 1 - share of
    the partner.

    x has at least one item, of any rank from 1 on, and is float32 or float64; mixed and share are
    of its dtype and on its device, y_a and y_b on that of y, which is the same. rng is the only
    source of chance: equal seeds give equal results, and the next call with the same rng others.
    x and y are left as they are.
    """
    order = torch.from_numpy(rng.permutation(len(x))).to(x.device)
    drawn = rng.beta(alpha, alpha, len(x))
    share = torch.from_numpy(np.maximum(drawn, 1 - drawn)).to(x.dtype).to(x.device)
    return _blend(x, x[order], share), y, y[order], share


def mixup_loss(
    loss_func: Callable[[Tensor, Tensor], Tensor],
    predictions: Float[Tensor, "items ..."],
    y_a: Int64[Tensor, " items"],
    y_b: Int64[Tensor, " items"],
    share: Float[Tensor, " items"],
) -> Float[Tensor, ""]:
    """Return the mean over items of share times the loss for y_a, 1 - share times that for y_b.

    loss_func(predictions, labels) gives one loss for each item, and takes labels as they are in y_a
    and y_b. The result is of rank 0, and carries the graph of predictions.
    """
    return _blend(loss_func(predictions, y_a), loss_func(predictions, y_b), share).mean()


def _blend(a: Tensor, b: Tensor, share: Tensor) -> Tensor:
    """Share of a and the rest of b, item by item."""
    share = share.reshape(-1, *[1] * (a.ndim - 1))
    return share * a + (1 - share) * b


HINTS = (
    "A blend of two pictures has two labels. Labels are names: half of 3 and half of 7 is not 5. "
    "What can be blended in their place?",
    "One random order serves the pictures and the labels. Shape share as (items, 1, ...), with as "
    "many axes as x. In the loss, weight each item's two losses before the mean is taken.",
    "order = rng.permutation(len(x)); s = rng.beta(alpha, alpha, len(x)); np.maximum(s, 1 - s). "
    "share * x + (1 - share) * x[order]; the loss is the same blend of two losses, and its mean.",
)
ANSWER = """
mixup trains on share of one item and 1 - share of another, and asks for both labels in the same
shares. With cross-entropy that is the loss for a blend of the two one-hot targets, so no table is
needed: two losses, weighted item by item, will do. The model learns to change its mind evenly on
the way from one picture to another, and is less sure of itself.

Folding keeps each item the larger part of its blend. Without it, a little of j in i and much of i
in j are near copies of one another, and a batch has fewer different blends than items.

It is often said that Beta makes even blends rare. That holds for alpha below 1: at 0.4 most shares
are near 1. At alpha = 1 every share is as likely, above 1 even blends are the rule. The draws come
from NumPy because torch's Beta takes no generator, so that it cannot be seeded by itself.
"""


@alternative(replaces="mixup")
def sorts_by_chance(x, y, alpha, rng):
    order = torch.from_numpy(rng.random(len(x)).argsort()).to(x.device)
    share = torch.tensor([0.5 + abs(rng.beta(alpha, alpha) - 0.5) for _ in y]).to(x)
    weight = share[(...,) + (None,) * (x.ndim - 1)]
    return torch.lerp(x[order], x, weight.expand_as(x)), y.clone(), y[order], share


@alternative(replaces="mixup")
def draws_until_half_is_passed(x, y, alpha, rng):
    shares = []
    while len(shares) < len(x):
        share = rng.beta(alpha, alpha)
        if share >= 0.5:
            shares.append(share)
    share = torch.tensor(shares, dtype=x.dtype).to(x.device)
    order = rng.permutation(len(x)).tolist()
    rows = [s * x[i] + (1 - s) * x[j] for i, (s, j) in enumerate(zip(share, order, strict=True))]
    return torch.stack(rows), y, y[order], share


@alternative(replaces="mixup")
def moves_towards_the_partner(x, y, alpha, rng):
    a, b = rng.gamma(alpha, size=(2, len(x)))
    share = torch.from_numpy(np.fmax(a, b) / (a + b)).nan_to_num(1.0).to(x.dtype).to(x.device)
    order = np.arange(len(x))
    rng.shuffle(order)
    order = torch.from_numpy(order).to(x.device)
    step = ((1 - share) * (x.index_select(0, order) - x).movedim(0, -1)).movedim(-1, 0)
    return x + step, y, y.index_select(0, order), share


@alternative(replaces="mixup_loss")
def weighs_a_stack(loss_func, predictions, y_a, y_b, share):
    losses = torch.stack([loss_func(predictions, y_a), loss_func(predictions, y_b)])
    return (torch.stack([share, 1 - share]) * losses).sum() / len(share)


@alternative(replaces="mixup_loss")
def takes_two_dot_products(loss_func, predictions, y_a, y_b, share):
    a, b = loss_func(predictions, y_a), loss_func(predictions, y_b)
    return (a.mul(share).sum() + b.mul(1 - share).sum()).div(a.numel())


@alternative(replaces="mixup_loss")
def one_call_for_both(loss_func, predictions, y_a, y_b, share):
    losses = loss_func(torch.cat([predictions, predictions]), torch.cat([y_a, y_b]))
    return (losses * torch.cat([share, 1 - share])).mean() * 2


@misconception(caught_by="test_y_b_names_the_partner", replaces="mixup")
def mixes_the_images_only(x, y, alpha, rng):
    "The item is still what it was, with some noise on top."
    order, share = _chance(x, alpha, rng)
    return _blend(x, x[order], share), y, y, share


@misconception(
    caught_by=("test_y_b_names_the_partner", "test_pictures_are_mixed_with_their_partners"),
    replaces="mixup",
)
def another_order_for_labels(x, y, alpha, rng):
    "Pictures and labels are each put into a random order."
    order, share = _chance(x, alpha, rng)
    return _blend(x, x[order], share), y, y[_order(x, rng)], share


@misconception(caught_by="test_y_b_is_read_from_y", replaces="mixup")
def returns_the_order(x, y, alpha, rng):
    "y_b says which item the partner is."
    order, share = _chance(x, alpha, rng)
    return _blend(x, x[order], share), y, order, share


@misconception(caught_by="test_labels_stay_whole_numbers", replaces="mixup")
def blends_the_labels(x, y, alpha, rng):
    "The label of a blend is the blend of the labels."
    order, share = _chance(x, alpha, rng)
    return _blend(x, x[order], share), y, _blend(y, y[order], share), share


@misconception(
    caught_by=("test_the_item_is_the_larger_part", "test_a_whole_share_keeps_the_item"),
    replaces="mixup",
)
def share_of_the_partner(x, y, alpha, rng):
    "The share is how much of the partner comes in."
    order, share = _chance(x, alpha, rng)
    return _blend(x[order], x, share), y, y[order], share


@misconception(caught_by="test_y_b_names_the_partner", replaces="mixup")
def shares_in_the_partners_order(x, y, alpha, rng):
    "What is put into another order is everything, the shares too."
    order, share = _chance(x, alpha, rng)
    return _blend(x, x[order], share[order]), y, y[order], share


@misconception(caught_by="test_partners_are_every_item_once", replaces="mixup")
def draws_partners_again_and_again(x, y, alpha, rng):
    "A random partner is a random index for each item."
    _, share = _chance(x, alpha, rng)
    order = torch.from_numpy(rng.integers(0, len(x), len(x))).to(x.device)
    return _blend(x, x[order], share), y, y[order], share


@misconception(caught_by="test_the_order_is_random", replaces="mixup")
def the_neighbour_is_the_partner(x, y, alpha, rng):
    "Batches are shuffled already, so the next item will do."
    _, share = _chance(x, alpha, rng)
    return _blend(x, x.roll(-1, 0), share), y, y.roll(-1), share


@misconception(caught_by="test_partners_need_not_be_mutual", replaces="mixup")
def back_to_front(x, y, alpha, rng):
    "The batch from its end is another order of the batch."
    _, share = _chance(x, alpha, rng)
    return _blend(x, x.flip(0), share), y, y.flip(0), share


@misconception(caught_by="test_the_order_is_random", replaces="mixup")
def nobody_keeps_himself(x, y, alpha, rng):
    "An item can't be its own partner, so the order is turned by a random step."
    _, share = _chance(x, alpha, rng)
    step = int(rng.integers(1, max(len(x), 2)))
    return _blend(x, x.roll(step, 0), share), y, y.roll(step), share


@misconception(
    caught_by=("test_each_item_has_its_own_share", "test_shares_at_alpha_one_half"),
    replaces="mixup",
)
def one_share_for_the_batch(x, y, alpha, rng):
    "The share is drawn once for a batch."
    order, share = _chance(x, alpha, rng)
    share = share[:1].expand(len(x))
    return _blend(x, x[order], share), y, y[order], share


@misconception(caught_by="test_no_share_is_below_one_half", replaces="mixup")
def does_not_fold(x, y, alpha, rng):
    "A share may be any number from 0 to 1."
    return _mixed_by(x, y, rng, rng.beta(alpha, alpha, len(x)))


@misconception(caught_by="test_no_share_is_below_one_half", replaces="mixup")
def folds_downwards(x, y, alpha, rng):
    "The smaller part is the share."
    drawn = rng.beta(alpha, alpha, len(x))
    return _mixed_by(x, y, rng, np.minimum(drawn, 1 - drawn))


@misconception(
    caught_by=("test_shares_at_alpha_one_half", "test_shares_at_alpha_1"), replaces="mixup"
)
def cuts_off_at_a_half(x, y, alpha, rng):
    "A share below 0.5 is raised to 0.5."
    return _mixed_by(x, y, rng, np.maximum(rng.beta(alpha, alpha, len(x)), 0.5))


@misconception(caught_by="test_the_item_is_the_larger_part", replaces="mixup")
def folds_after_mixing(x, y, alpha, rng):
    "Folding is for the loss, the pictures may be mixed as drawn."
    drawn = rng.beta(alpha, alpha, len(x))
    mixed, y_a, y_b, share = _mixed_by(x, y, rng, drawn)
    return mixed, y_a, y_b, share.maximum(1 - share)


@misconception(caught_by="test_y_a_is_y", replaces="mixup")
def folds_by_exchanging_labels(x, y, alpha, rng):
    "Where the partner has the larger share, the item and its partner change places."
    order, share = _chance(x, alpha, rng)
    turned = torch.from_numpy(rng.random(len(x)) < 0.5).to(x.device)
    numbers = torch.arange(len(x), device=x.device)
    first, second = torch.where(turned, order, numbers), torch.where(turned, numbers, order)
    return _blend(x[first], x[second], share), y[first], y[second], share


@misconception(caught_by="test_shares_at_alpha_one_half", replaces="mixup")
def a_normal_for_beta(x, y, alpha, rng):
    "Beta(alpha, alpha) is a bell around 0.5, so a normal of its deviation will do."
    deviation = (4 * (2 * alpha + 1)) ** -0.5
    drawn = rng.normal(0.5, deviation, len(x)).clip(0, 1)
    return _mixed_by(x, y, rng, np.maximum(drawn, 1 - drawn))


@misconception(
    caught_by=("test_shares_at_alpha_one_half", "test_the_mean_share_at_alpha_0_4"),
    replaces="mixup",
)
def a_uniform_for_beta(x, y, alpha, rng):
    "Every share is as likely."
    return _mixed_by(x, y, rng, rng.uniform(0.5, 1, len(x)))


@misconception(caught_by=("test_shares_at_alpha_1", "test_shares_at_alpha_2"), replaces="mixup")
def alpha_is_0_4(x, y, alpha, rng):
    "alpha = 0.4 is what mixup uses."
    return _mixed_by(x, y, rng, _folded(rng.beta(0.4, 0.4, len(x))))


@misconception(
    caught_by=("test_a_larger_alpha_mixes_more", "test_shares_at_alpha_2"), replaces="mixup"
)
def alpha_upside_down(x, y, alpha, rng):
    "The larger alpha is, the purer the blends."
    return _mixed_by(x, y, rng, _folded(rng.beta(1 / alpha, 1 / alpha, len(x))))


@misconception(
    caught_by=("test_the_mean_share_at_other_alphas", "test_shares_at_alpha_2"), replaces="mixup"
)
def beta_of_alpha_and_1(x, y, alpha, rng):
    "Beta has a parameter to choose, and the other is 1."
    return _mixed_by(x, y, rng, _folded(rng.beta(alpha, 1, len(x))))


@misconception(caught_by="test_one_seed_gives_one_result", replaces="mixup")
def order_from_torch(x, y, alpha, rng):
    "torch.randperm draws the order; rng is for the shares."
    _, share = _chance(x, alpha, rng)
    order = torch.randperm(len(x)).to(x.device)
    return _blend(x, x[order], share), y, y[order], share


@misconception(caught_by="test_one_seed_gives_one_result", replaces="mixup")
def shares_from_the_global_generator(x, y, alpha, rng):
    "np.random.beta is as good a source as rng."
    return _mixed_by(x, y, rng, _folded(np.random.beta(alpha, alpha, len(x))))


@misconception(
    caught_by=(
        "test_the_next_call_draws_another_order",
        "test_the_next_call_draws_other_shares",
    ),
    replaces="mixup",
)
def seeds_itself(x, y, alpha, rng):
    "A fixed seed makes it reproducible."
    order, share = _chance(x, alpha, np.random.default_rng(0))
    return _blend(x, x[order], share), y, y[order], share


@misconception(caught_by="test_it_works_in_the_dtype_of_x", replaces="mixup")
def always_float32(x, y, alpha, rng):
    "Pictures are float32."
    order, share = _chance(x.float(), alpha, rng)
    return _blend(x.float(), x[order].float(), share), y, y[order], share


@misconception(caught_by="test_pictures_are_mixed_with_their_partners", replaces="mixup")
def tables_only(x, y, alpha, rng):
    "share[:, None] spreads a share over its item."
    order, share = _chance(x, alpha, rng)
    part = share[:, None] if x.ndim > 1 else share
    return part * x + (1 - part) * x[order], y, y[order], share


@misconception(
    caught_by=("test_y_b_names_the_partner", "test_items_of_any_rank_are_mixed"),
    replaces="mixup",
)
def pictures_only(x, y, alpha, rng):
    "Items are pictures, so share has the shape (items, 1, 1, 1)."
    order, share = _chance(x, alpha, rng)
    part = share.reshape(-1, 1, 1, 1)
    return part * x + (1 - part) * x[order], y, y[order], share


@misconception(caught_by="test_each_item_has_its_own_share", replaces="mixup")
def share_keeps_its_axes(x, y, alpha, rng):
    "share is returned in the shape in which it was used."
    order, share = _chance(x, alpha, rng)
    mixed = _blend(x, x[order], share)
    return mixed, y, y[order], share.reshape(-1, *[1] * (x.ndim - 1))


@misconception(caught_by="test_x_and_y_stay_as_they_are", replaces="mixup")
def mixes_in_place(x, y, alpha, rng):
    "The batch is used once, so it can be overwritten."
    order, share = _chance(x, alpha, rng)
    return x.copy_(_blend(x, x[order], share)), y, y[order], share


@misconception(caught_by="test_y_b_names_the_partner", replaces="mixup", only_on="accelerator")
def share_stays_on_the_host(x, y, alpha, rng):
    "What comes from NumPy goes where it is needed."
    order, share = _chance(x, alpha, rng)
    return _blend(x, x[order], share), y, y[order], share.cpu()


@misconception(caught_by="test_two_losses_by_hand", replaces="mixup_loss")
def weighs_means(loss_func, predictions, y_a, y_b, share):
    "The mean of the losses, weighted with the mean share, is the mean of the weighted losses."
    a, b = loss_func(predictions, y_a).mean(), loss_func(predictions, y_b).mean()
    return (share * a + (1 - share) * b).mean()


@misconception(
    caught_by=("test_labels_reach_the_loss_as_they_are", "test_it_is_the_loss_of_mixed_targets"),
    replaces="mixup_loss",
)
def blends_integer_labels(loss_func, predictions, y_a, y_b, share):
    "The loss is taken for the blend of the labels, rounded to a class."
    return loss_func(predictions, _blend(y_a, y_b, share).round().long()).mean()


@misconception(caught_by="test_the_second_label_counts", replaces="mixup_loss")
def the_larger_share_decides(loss_func, predictions, y_a, y_b, share):
    "The item is the larger part of its blend, so its label is the label."
    return loss_func(predictions, y_a).mean()


@misconception(caught_by="test_a_whole_share_is_the_plain_loss", replaces="mixup_loss")
def both_count_alike(loss_func, predictions, y_a, y_b, share):
    "Both labels are right, so the two losses are averaged."
    return (loss_func(predictions, y_a) + loss_func(predictions, y_b)).mean() / 2


@misconception(caught_by="test_the_first_label_has_the_larger_share", replaces="mixup_loss")
def weights_exchanged(loss_func, predictions, y_a, y_b, share):
    "share belongs to the partner's label."
    return _blend(loss_func(predictions, y_b), loss_func(predictions, y_a), share).mean()


@misconception(
    caught_by=("test_two_losses_by_hand", "test_a_whole_share_is_the_plain_loss"),
    replaces="mixup_loss",
)
def sums_over_items(loss_func, predictions, y_a, y_b, share):
    "The loss of a batch is the sum of its losses."
    return _blend(loss_func(predictions, y_a), loss_func(predictions, y_b), share).sum()


@misconception(
    caught_by="test_shares_do_not_matter_where_both_labels_cost_the_same", replaces="mixup_loss"
)
def weighs_each_item_by_its_share(loss_func, predictions, y_a, y_b, share):
    "A purer item counts more, as in any weighted mean."
    losses = _blend(loss_func(predictions, y_a), loss_func(predictions, y_b), share)
    return (share * losses).sum() / share.sum()


@misconception(caught_by="test_the_loss_is_one_number", replaces="mixup_loss")
def keeps_the_items_apart(loss_func, predictions, y_a, y_b, share):
    "One loss for each item goes in, one for each item comes out."
    return _blend(loss_func(predictions, y_a), loss_func(predictions, y_b), share)


@misconception(
    caught_by=("test_another_loss_is_heeded", "test_labels_reach_the_loss_as_they_are"),
    replaces="mixup_loss",
)
def always_cross_entropy(loss_func, predictions, y_a, y_b, share):
    "The loss of a classifier is the cross-entropy."
    from torch.nn.functional import cross_entropy

    a, b = (cross_entropy(predictions, y, reduction="none") for y in (y_a, y_b))
    return _blend(a, b, share).mean()


@misconception(caught_by="test_the_loss_leads_back_to_the_predictions", replaces="mixup_loss")
def a_number_to_look_at(loss_func, predictions, y_a, y_b, share):
    "A loss is a number."
    a, b = loss_func(predictions, y_a), loss_func(predictions, y_b)
    return _blend(a, b, share).mean().detach()


def _order(x, rng):
    return torch.from_numpy(rng.permutation(len(x))).to(x.device)


def _folded(drawn):
    return np.maximum(drawn, 1 - drawn)


def _chance(x, alpha, rng):
    order = _order(x, rng)
    share = torch.from_numpy(_folded(rng.beta(alpha, alpha, len(x))))
    return order, share.to(x.dtype).to(x.device)


def _mixed_by(x, y, rng, drawn):
    order, share = _order(x, rng), torch.from_numpy(drawn).to(x.dtype).to(x.device)
    return _blend(x, x[order], share), y, y[order], share
