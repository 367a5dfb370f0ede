"""What are the seven steps of SGD for machine learning?

Initialise, predict, calculate the loss, calculate the gradient, step, repeat, stop. The steps come
in as functions here; their order is yours.
"""

from collections.abc import Callable
from typing import Any

from dojo import alternative, misconception

__all__ = ["train"]


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
    params = init()
    for _ in range(limit):
        value = loss(predict(params))
        params = step(params, gradient(value, params))
        if stop(params):
            break
    return params


HINTS = (
    "Which of the seven steps happens once, and which in every round? What does each of the calls "
    "need that another has given?",
    "Predictions, loss and gradients belong to the parameters that they were made with: after a "
    "step all three are old. When is the earliest that stop can see the new parameters?",
    "params = init(); then limit times: value = loss(predict(params)); params = step(params, "
    "gradient(value, params)); leave the loop if stop(params).",
)
ANSWER = """
Initialise, predict, loss, gradient, step, repeat, stop. The first happens once, the next four in
every round, and the order within a round is fixed by what each one needs: a gradient belongs to the
loss of these predictions with these parameters. A step with last round's gradient still learns, and
worse, which is why such a bug can live for a long time.

Nothing in the loop knows what a model is: a parabola with three numbers and a network with a
billion are trained alike, and a library's fit() is this loop with more places to look in. When to
stop is a choice of its own: a number of rounds, a loss that no longer falls on a validation set, or
the end of patience.
"""


@alternative
def counts_down(init, predict, loss, gradient, step, stop, limit):
    params, left = init(), limit
    while left > 0:
        predictions = predict(params)
        value = loss(predictions)
        gradients = gradient(value, params)
        params = step(params, gradients)
        left = 0 if stop(params) else left - 1
    return params


@alternative
def returns_from_within(init, predict, loss, gradient, step, stop, limit):
    params = init()
    for _ in range(limit):
        params = step(params, gradient(loss(predict(params)), params))
        if stop(params):
            return params
    return params


@misconception(caught_by="test_each_gradient_is_of_this_round")
def steps_with_the_last_rounds_gradient(init, predict, loss, gradient, step, stop, limit):
    "The step may come first, with the gradient that is there."
    params, gradients = init(), None
    for number in range(limit):
        value = loss(predict(params))
        if number == 0:
            gradients = gradient(value, params)
            params = step(params, gradients)
        else:
            old, gradients = gradients, gradient(value, params)
            params = step(params, old)
        if stop(params):
            break
    return params


@misconception(caught_by="test_init_runs_once")
def initialises_in_the_loop(init, predict, loss, gradient, step, stop, limit):
    "Every round begins at the first step."
    params = init()
    for _ in range(limit):
        params = init()
        params = step(params, gradient(loss(predict(params)), params))
        if stop(params):
            break
    return params


@misconception(caught_by="test_a_round_has_five_calls_in_order")
def asks_before_the_step(init, predict, loss, gradient, step, stop, limit):
    "Whether to stop is asked before more work is done."
    params = init()
    for _ in range(limit):
        if stop(params):
            break
        params = step(params, gradient(loss(predict(params)), params))
    return params


@misconception(caught_by="test_stop_gets_the_new_parameters")
def stops_by_the_old_parameters(init, predict, loss, gradient, step, stop, limit):
    "stop judges the parameters that the round was made with."
    params = init()
    for _ in range(limit):
        old = params
        params = step(params, gradient(loss(predict(params)), params))
        if stop(old):
            break
    return params


@misconception(caught_by="test_each_round_predicts_anew")
def predicts_once(init, predict, loss, gradient, step, stop, limit):
    "The model predicts, and then it is trained."
    params = init()
    predictions = predict(params) if limit else None
    for _ in range(limit):
        params = step(params, gradient(loss(predictions), params))
        if stop(params):
            break
    return params


@misconception(caught_by="test_the_parameters_of_the_last_step_come_back")
def returns_those_before_the_last_step(init, predict, loss, gradient, step, stop, limit):
    "The parameters that have a loss are the ones to return."
    params = before = init()
    for _ in range(limit):
        before = params
        params = step(params, gradient(loss(predict(params)), params))
        if stop(params):
            break
    return before


@misconception(caught_by="test_there_are_no_more_rounds_than_the_limit")
def ignores_the_limit(init, predict, loss, gradient, step, stop, limit):
    "stop says when it is over."
    params = init()
    while limit:
        params = step(params, gradient(loss(predict(params)), params))
        if stop(params):
            break
    return params


@misconception(caught_by="test_there_are_no_more_rounds_than_the_limit")
def makes_one_round_more(init, predict, loss, gradient, step, stop, limit):
    "Counting from 0 to limit takes limit + 1."
    params = init()
    for _ in range(limit + 1 if limit else 0):
        params = step(params, gradient(loss(predict(params)), params))
        if stop(params):
            break
    return params


@misconception(caught_by="test_without_rounds_init_comes_back")
def makes_a_round_in_any_case(init, predict, loss, gradient, step, stop, limit):
    "Training begins with a round."
    params = init()
    while True:
        params = step(params, gradient(loss(predict(params)), params))
        limit -= 1
        if limit <= 0 or stop(params):
            return params


@misconception(caught_by="test_training_goes_on_until_stop_says_so")
def never_asks_to_stop(init, predict, loss, gradient, step, stop, limit):
    "More rounds never hurt."
    params = init()
    for _ in range(limit):
        params = step(params, gradient(loss(predict(params)), params))
        stop(params)
    return params


@misconception(caught_by="test_training_goes_on_until_stop_says_so")
def goes_on_while_stop_says_so(init, predict, loss, gradient, step, stop, limit):
    "stop tells whether training goes on."
    params = init()
    for _ in range(limit):
        params = step(params, gradient(loss(predict(params)), params))
        if not stop(params):
            break
    return params


@misconception(caught_by="test_a_truthy_answer_stops")
def waits_for_true_itself(init, predict, loss, gradient, step, stop, limit):
    "stop answers True or False, and nothing else."
    params = init()
    for _ in range(limit):
        params = step(params, gradient(loss(predict(params)), params))
        if stop(params) is True:
            break
    return params


@misconception(caught_by="test_loss_and_gradient_get_what_came_before")
def hands_the_predictions_to_gradient(init, predict, loss, gradient, step, stop, limit):
    "The gradient is that of the predictions."
    params = init()
    for _ in range(limit):
        predictions = predict(params)
        loss(predictions)
        params = step(params, gradient(predictions, params))
        if stop(params):
            break
    return params


@misconception(caught_by="test_a_step_gets_parameters_and_gradients")
def hands_the_loss_to_step(init, predict, loss, gradient, step, stop, limit):
    "A step needs to know how wrong the model was."
    params = init()
    for _ in range(limit):
        value = loss(predict(params))
        gradient(value, params)
        params = step(params, value)
        if stop(params):
            break
    return params


@misconception(caught_by="test_new_parameters_replace_the_old_ones")
def trusts_step_to_work_in_place(init, predict, loss, gradient, step, stop, limit):
    "A step moves the parameters where they are."
    params = init()
    for _ in range(limit):
        step(params, gradient(loss(predict(params)), params))
        if stop(params):
            break
    return params


@misconception(caught_by="test_parameters_that_are_falsy_are_parameters")
def takes_falsy_parameters_for_none(init, predict, loss, gradient, step, stop, limit):
    "step returns nothing where it has changed nothing."
    params = init()
    for _ in range(limit):
        params = step(params, gradient(loss(predict(params)), params)) or params
        if stop(params):
            break
    return params
