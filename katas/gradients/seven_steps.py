"""What are the seven steps of SGD for machine learning?

Initialise, predict, calculate the loss, calculate the gradient, step, repeat, stop. The steps come
in as functions here; their order is yours.
"""

from collections.abc import Callable
from typing import Any


def train(
    init: Callable[[], Any],
    predict: Callable[[Any], Any],
    loss: Callable[[Any], Any],
    gradient: Callable[[Any, Any], Any],
    step: Callable[[Any, Any], Any],
    stop: Callable[[Any], bool],
    limit: int,
) -> Any:
    """Train by the seven steps and return the parameters.

    init() gives the first parameters. Then come rounds, each of which makes these calls, in this
    order, every argument by position:

    - predict(parameters) gives predictions,
    - loss(predictions) gives a value,
    - gradient(value, parameters) gives gradients,
    - step(parameters, gradients) gives new parameters, which replace the old ones,
    - stop(parameters), of the new ones, is truthy when training is over.

    There are at most limit rounds, 0 or more. What comes back are the parameters of the last step;
    those of init where there was no round. Parameters may be anything, and are only handed on.
    """
    raise NotImplementedError
