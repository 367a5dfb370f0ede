"""What is mixup?

Training on blends of two pictures, with a loss that asks for both labels in the same shares.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int64
from torch import Tensor


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
    raise NotImplementedError


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
    raise NotImplementedError
