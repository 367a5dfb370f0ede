"""Do you need to work out gradients by hand?

No: write down the function, and the gradient comes with it. Here that becomes a function you can
call without a thought for what it leaves behind.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["gradient"]


def gradient(f: Callable[..., Tensor], *inputs: Tensor) -> tuple[Tensor, ...]:
    """Return the gradient of f at the inputs, as autograd finds it: one tensor for each input.

    f(*inputs) is a scalar, a tensor of shape (). f is called once. There is at least one input, all
    are floating point, and whether they require grad makes no difference. Each gradient has its
    input's shape, dtype and device and does not require grad itself. An input that f makes no use
    of has a gradient of zeros; where f makes use of none, all have. The same tensor given twice is
    two inputs, each with a gradient of its own.

    Nothing else changes: neither numbers, requires_grad nor .grad of the inputs, nor .grad of any
    other tensor, be it one that f makes use of or one that an input was calculated from. It works
    inside torch.no_grad() too, and leaves the mode as it was. All this holds where f raises as
    well, and its error comes out as it is.

    Raises:
        ValueError: f gives a tensor of another shape than (); the message gives that shape.
    """
    own = [x.detach().requires_grad_() for x in inputs]
    with torch.enable_grad():
        result = f(*own)
    _refuse_other_than_scalar(result)
    if not result.requires_grad:
        return tuple(torch.zeros_like(x) for x in inputs)
    return torch.autograd.grad(result, own, materialize_grads=True)


def _refuse_other_than_scalar(result):
    if result.shape != ():
        raise ValueError(f"f gives shape {tuple(result.shape)}: sum it up, or take a mean, to ()")


HINTS = (
    "backward() writes into .grad of whatever it reaches. Which function of torch.autograd hands "
    "the gradients over instead, and which tensors should it be asked for?",
    "Give f tensors of your own, one for each input: x.detach() has x's numbers and none of its "
    "history. In which mode must f run, and what if its result depends on none of them?",
    "own = [x.detach().requires_grad_() for x in inputs]; result = f(*own) under "
    "torch.enable_grad(); zeros if result does not require grad, and otherwise "
    "torch.autograd.grad(result, own, materialize_grads=True).",
)
ANSWER = """
No. Every operation knows its own derivative, and autograd multiplies them along the way that the
numbers took, whatever loops and branches led there. It is exact but for rounding, and one walk back
serves all inputs, where nudging them one by one takes two calls of f for each number.

What is left to you is bookkeeping. backward() adds to .grad of every leaf that it reaches, also
those you did not ask about: the model's weights get a gradient when you wanted that of an image.
torch.autograd.grad touches nobody's .grad. An input that was not used has None for a gradient,
unless materialize_grads says otherwise, and a result that depends on no input has no graph, which
is an error. It pays to know the derivative in one case all the same: where the formula is right and
its calculation is not, such as log(softmax(x)) far from zero.
"""


@alternative
def backward_to_the_copies_only(f, *inputs):
    own = [x.detach().clone().requires_grad_() for x in inputs]
    with torch.enable_grad():
        result = f(*own)
    _refuse_other_than_scalar(result)
    if result.requires_grad:
        result.backward(inputs=own)
    return tuple(torch.zeros_like(x) if x.grad is None else x.grad for x in own)


@alternative
def transforms_the_function(f, *inputs):
    def checked(*own):
        result = f(*own)
        _refuse_other_than_scalar(result)
        return result

    places = tuple(range(len(inputs)))
    own = [x.detach() for x in inputs]
    return tuple(g.detach() for g in torch.func.grad(checked, argnums=places)(*own))


@alternative
def pulls_one_back(f, *inputs):
    def checked(*own):
        result = f(*own)
        _refuse_other_than_scalar(result)
        return result

    _, found = torch.autograd.functional.vjp(checked, inputs)
    return found


@alternative
def asks_for_one_input_at_a_time(f, *inputs):
    own = [x.detach().clone().requires_grad_() for x in inputs]
    with torch.enable_grad():
        result = f(*own)
    _refuse_other_than_scalar(result)
    found = []
    for x in own:
        slope = None
        if result.requires_grad:
            [slope] = torch.autograd.grad(result, x, retain_graph=True, allow_unused=True)
        found.append(torch.zeros_like(x.detach()) if slope is None else slope)
    return tuple(found)


def _own(inputs):
    return [x.detach().requires_grad_() for x in inputs]


def _called(f, own):
    with torch.enable_grad():
        result = f(*own)
    _refuse_other_than_scalar(result)
    return result


def _asked(result, own, **options):
    if not result.requires_grad:
        return tuple(torch.zeros_like(x, requires_grad=False) for x in own)
    return torch.autograd.grad(result, own, materialize_grads=True, **options)


def _like_this(f, inputs):
    own = _own(inputs)
    return _asked(_called(f, own), own)


def _by_backward(result, own):
    for x in own:
        x.retain_grad()
    if result.requires_grad:
        result.backward()
    return tuple(torch.zeros_like(x.detach()) if x.grad is None else x.grad for x in own)


def _restore(inputs, required):
    for x, before in zip(inputs, required, strict=True):
        if x.is_leaf:
            x.requires_grad_(before)


@misconception(
    caught_by=("test_asked_twice_the_answer_is_the_same", "test_grad_of_an_input_stays_as_it_is")
)
def reads_grad_of_the_inputs(f, *inputs):
    "backward() puts the gradient into .grad, and there it is read."
    required = [x.requires_grad for x in inputs]
    for x in inputs:
        x.requires_grad_()
    found = _by_backward(_called(f, inputs), inputs)
    _restore(inputs, required)
    return found


@misconception(caught_by="test_grad_of_an_input_stays_as_it_is")
def clears_grad_first(f, *inputs):
    "With .grad cleared beforehand backward() does no harm."
    required = [x.requires_grad for x in inputs]
    for x in inputs:
        x.grad = None
        x.requires_grad_()
    found = _by_backward(_called(f, inputs), inputs)
    _restore(inputs, required)
    return found


@misconception(caught_by="test_inputs_do_not_start_to_require_grad")
def leaves_requires_grad_on(f, *inputs):
    "An input has to require grad, so it is told to."
    with torch.enable_grad():
        own = [x.requires_grad_().view_as(x) for x in inputs]
    return _asked(_called(f, own), own)


@misconception(caught_by="test_inputs_go_on_requiring_grad")
def turns_requires_grad_off(f, *inputs):
    "When the work is done, requires_grad is turned off again."
    found = _like_this(f, inputs)
    _restore(inputs, [False] * len(inputs))
    return found


@misconception(caught_by="test_inputs_are_as_before_when_f_raises")
def restores_only_on_success(f, *inputs):
    "What was switched on before the call of f is switched off after it."
    required = [x.requires_grad for x in inputs]
    with torch.enable_grad():
        own = [x.requires_grad_().view_as(x) for x in inputs]
    found = _asked(_called(f, own), own)
    _restore(inputs, required)
    return found


@misconception(caught_by="test_an_input_without_use_has_zeros")
def gives_none_for_unused(f, *inputs):
    "What a function does not depend on has no gradient, so None."
    own = _own(inputs)
    result = _called(f, own)
    if not result.requires_grad:
        return tuple(torch.zeros_like(x) for x in inputs)
    return torch.autograd.grad(result, own, allow_unused=True)


@misconception(caught_by="test_one_unused_input_does_not_make_f_constant")
def gives_zeros_to_all_if_one_is_unused(f, *inputs):
    "If autograd finds no way to an input, the function is constant."
    own = _own(inputs)
    result = _called(f, own)
    try:
        return torch.autograd.grad(result, own)
    except RuntimeError:
        return tuple(torch.zeros_like(x) for x in inputs)


@misconception(caught_by="test_a_constant_has_zeros_everywhere")
def expects_a_graph(f, *inputs):
    "What comes out of f has a graph behind it."
    own = _own(inputs)
    return torch.autograd.grad(_called(f, own), own, materialize_grads=True)


@misconception(
    caught_by=(
        "test_a_tensor_given_twice_is_two_inputs",
        "test_a_parameter_given_twice_is_two_inputs",
    )
)
def takes_one_object_for_one_input(f, *inputs):
    "A tensor is one thing, however often it is given."
    copies = {id(x): x.detach().requires_grad_() for x in inputs}
    own = [copies[id(x)] for x in inputs]
    return _asked(_called(f, own), own)


@misconception(caught_by="test_a_parameter_given_twice_is_two_inputs")
def copies_only_what_does_not_require_grad(f, *inputs):
    "A tensor that requires grad can be used as it is."
    own = [x if x.requires_grad else x.detach().requires_grad_() for x in inputs]
    return _asked(_called(f, own), own)


@misconception(caught_by="test_works_inside_no_grad")
def relies_on_the_mode(f, *inputs):
    "What is calculated with a tensor that requires grad is recorded."
    own = _own(inputs)
    result = f(*own)
    _refuse_other_than_scalar(result)
    return _asked(result, own)


@misconception(
    caught_by=("test_no_grad_is_still_on_afterwards", "test_no_grad_is_still_on_when_f_raises")
)
def leaves_recording_on(f, *inputs):
    "set_grad_enabled(True) holds until the function returns."
    torch.set_grad_enabled(True)
    return _like_this(f, inputs)


@misconception(caught_by="test_no_grad_is_still_on_when_f_raises")
def sets_the_mode_back_on_success(f, *inputs):
    "The mode is set, f is called, and the mode is set back."
    mode = torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    found = _like_this(f, inputs)
    torch.set_grad_enabled(mode)
    return found


@misconception(caught_by="test_gradients_do_not_require_grad")
def keeps_the_graph(f, *inputs):
    "A graph that is kept does no harm."
    own = _own(inputs)
    return _asked(_called(f, own), own, create_graph=True)


@misconception(caught_by="test_grad_of_a_weight_in_f_stays_as_it_is")
def reads_grad_of_copies(f, *inputs):
    "With copies of the inputs backward() touches nothing of the caller's."
    own = _own(inputs)
    return _by_backward(_called(f, own), own)


@misconception(caught_by="test_what_an_input_was_calculated_from_stays_as_it_is")
def takes_clone_for_detach(f, *inputs):
    "clone() gives a tensor without a past."
    with torch.enable_grad():
        own = [x.clone() for x in inputs]
    for x in own:
        x.requires_grad_()
    return _by_backward(_called(f, own), own)


@misconception(
    caught_by=(
        "test_several_numbers_have_no_gradient",
        "test_several_numbers_are_refused_by_their_shape",
        "test_one_number_in_brackets_is_refused",
    )
)
def sums_the_results(f, *inputs):
    "The gradient of several numbers is that of their sum."
    own = _own(inputs)
    with torch.enable_grad():
        result = f(*own).sum()
    return _asked(result, own)


@misconception(caught_by="test_one_number_in_brackets_is_refused")
def takes_one_number_for_a_scalar(f, *inputs):
    "A tensor that holds one number is a scalar."
    own = _own(inputs)
    with torch.enable_grad():
        result = f(*own)
    if result.numel() != 1:
        raise ValueError(f"f gives shape {tuple(result.shape)}")
    return _asked(result.sum(), own)


@misconception(caught_by="test_several_numbers_are_refused_by_their_shape")
def leaves_the_refusal_to_autograd(f, *inputs):
    "Autograd refuses what is no scalar, and that is enough."
    own = _own(inputs)
    with torch.enable_grad():
        result = f(*own)
    return _asked(result, own)


@misconception(caught_by="test_several_numbers_are_refused_by_their_shape")
def names_no_shape(f, *inputs):
    "Whoever wrote f knows what it gives."
    own = _own(inputs)
    with torch.enable_grad():
        result = f(*own)
    if result.ndim:
        raise ValueError("f must give a scalar")
    return _asked(result, own)


@misconception(caught_by="test_a_constant_of_several_numbers_is_refused")
def looks_at_the_shape_too_late(f, *inputs):
    "The gradient of a constant is zero, so there is nothing left to check."
    own = _own(inputs)
    with torch.enable_grad():
        result = f(*own)
    if not result.requires_grad:
        return tuple(torch.zeros_like(x) for x in inputs)
    _refuse_other_than_scalar(result)
    return _asked(result, own)


@misconception(caught_by="test_one_gradient_for_each_input")
def takes_the_first_input_only(f, *inputs):
    "The first argument is the variable, the others are constants."
    return _like_this(f, inputs)[:1]


@misconception(caught_by="test_one_input_has_a_tuple_of_one")
def unpacks_a_single_gradient(f, *inputs):
    "One input has one gradient, so no tuple is needed."
    found = _like_this(f, inputs)
    return found if len(found) > 1 else found[0]


@misconception(caught_by=("test_inputs_need_not_require_grad", "test_one_gradient_for_each_input"))
def leaves_out_what_does_not_require_grad(f, *inputs):
    "Only a tensor that requires grad has a gradient."
    own = [x.detach().requires_grad_(x.requires_grad) for x in inputs]
    wanted = [x for x in own if x.requires_grad]
    result = _called(f, own)
    found = iter(_asked(result, wanted) if wanted else ())
    return tuple(next(found) if x.requires_grad else torch.zeros_like(x) for x in own)


@misconception(caught_by="test_gradients_have_the_dtype_of_their_inputs")
def calculates_in_float32(f, *inputs):
    "Gradients are calculated in float32."
    return _like_this(f, [x.float() for x in inputs])


@misconception(caught_by="test_one_gradient_for_each_input", only_on="accelerator")
def calculates_on_the_cpu(f, *inputs):
    "A few numbers are best looked after by the CPU."
    own = [x.detach().cpu().requires_grad_() for x in inputs]
    result = _called(
        lambda *args: f(*(a.to(x.device) for a, x in zip(args, inputs, strict=True))), own
    )
    return _asked(result, own)


@misconception(caught_by="test_f_is_called_once")
def calls_f_for_each_input(f, *inputs):
    "Each gradient wants a forward and a backward of its own."
    found = []
    for place in range(len(inputs)):
        own = _own(inputs)
        found.append(_asked(_called(f, own), own)[place])
    return tuple(found)


@misconception(caught_by="test_an_error_of_f_comes_out")
def takes_an_error_for_a_constant(f, *inputs):
    "Where f cannot be calculated there is no slope, so 0."
    own = _own(inputs)
    try:
        with torch.enable_grad():
            result = f(*own)
    except (ArithmeticError, LookupError):
        return tuple(torch.zeros_like(x) for x in inputs)
    _refuse_other_than_scalar(result)
    return _asked(result, own)


@misconception(caught_by="test_f_is_called_once")
def measures_the_slope(f, *inputs):
    "A gradient is found by nudging the inputs."
    found = []
    for place, x in enumerate(inputs):
        slopes = []
        for unit in torch.eye(x.numel()).to(x):
            nudge = 1e-2 * unit.view(x.shape)
            above, below = list(inputs), list(inputs)
            above[place], below[place] = x.detach() + nudge, x.detach() - nudge
            rise = _called(f, above) - _called(f, below)
            slopes.append(rise.detach() / 2e-2)
        found.append(torch.stack(slopes).view(x.shape) if slopes else torch.zeros_like(x))
    return tuple(found)


@misconception(caught_by="test_numbers_of_the_inputs_stay_as_they_are")
def takes_a_step_as_well(f, *inputs):
    "The gradient is there for the next step, so the step is taken."
    found = _like_this(f, inputs)
    for x, slope in zip(inputs, found, strict=True):
        x.detach().sub_(0.1 * slope)
    return found
