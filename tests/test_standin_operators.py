"""The stand-in agrees with the CPU on the sample inputs of torch's own database of operators.

As a rule only the operators that the katas use are tried; DOJO_OPERATORS=all tries every operator
that takes float32, which takes a minute.
"""

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map

from dojo import standin

torch.set_num_threads(1)

pytestmark = pytest.mark.filterwarnings("ignore")  # the database has deprecated operators, too

# fmt: off
KATAS = (
    "add", "sub", "mul", "div.no_rounding_mode", "remainder", "neg", "abs", "exp", "log", "sqrt",
    "square", "pow", "sign", "tanh", "sigmoid", "clamp", "maximum", "minimum", "round", "lerp",
    "eq", "ne", "gt", "ge", "lt", "logical_and", "logical_not", "isnan", "isfinite", "where",
    "sum", "mean", "prod", "var", "std", "median", "amax", "argmax", "argmin", "all", "any",
    "max.reduction_with_dim", "cumsum", "logsumexp", "norm", "linalg.vector_norm", "cov",
    "matmul", "mm", "bmm", "addmm", "mv", "dot", "einsum", "outer", "linalg.qr", "linalg.eigvalsh",
    "view", "reshape", "expand", "permute", "transpose", "t", "unsqueeze", "squeeze", "flatten",
    "diagonal", "unfold", "as_strided", "chunk", "split", "unbind", "stack", "cat", "roll", "flip",
    "gather", "take_along_dim", "index_select", "index_add", "index_put", "scatter", "scatter_add",
    "masked_fill", "masked_select", "nonzero", "sort", "argsort", "topk", "addcmul", "addcdiv",
    "zeros", "ones", "full", "arange", "linspace", "eye", "clone", "zeros_like", "ones_like",
    "randn", "randint", "bernoulli", "multinomial", "softmax", "log_softmax",
    "nn.functional.relu", "nn.functional.softplus", "nn.functional.linear",
    "nn.functional.embedding", "nn.functional.conv1d", "nn.functional.conv2d",
    "nn.functional.avg_pool2d", "nn.functional.pad.constant", "nn.functional.pad.reflect",
    "nn.functional.dropout", "nn.functional.batch_norm", "nn.functional.layer_norm",
    "nn.functional.cross_entropy", "nn.functional.nll_loss", "nn.functional.mse_loss",
    "nn.functional.l1_loss", "nn.functional.binary_cross_entropy_with_logits",
    "nn.functional.interpolate.bilinear", "nn.functional.interpolate.linear",
)
# fmt: on

NO_SPARSE = "the stand-in has no sparse tensors"
CUDA_ONLY = "compiled for a GPU from a string of C++: no sample of it runs on the CPU"
WRONG = {
    "jiterator_2inputs_2outputs": CUDA_ONLY,
    "jiterator_4inputs_with_extra_args": CUDA_ONLY,
    "jiterator_binary": CUDA_ONLY,
    "jiterator_binary_return_by_ref": CUDA_ONLY,
    "jiterator_unary": CUDA_ONLY,
    "sparse.mm.reduce": NO_SPARSE,
    "sparse.sampled_addmm": NO_SPARSE,
    "tensor_split": "torch wants its indices on the CPU, and the test moves all tensors",
    "to_sparse": NO_SPARSE,
}

# The CPU has a kernel for the whole of attention, which adds up in another order than the formula
# that torch gives other devices.
TOLERANCE = {"nn.functional.scaled_dot_product_attention": {"rtol": 1e-4, "atol": 1e-4}}


class Outcome(NamedTuple):
    """What is wrong with an operator's values and gradients; gradients are "" where it has none."""

    values: str | None
    gradients: str | None


@pytest.fixture(scope="module")
def database():
    pytest.importorskip("expecttest", reason="torch's database of operators imports expecttest")
    from torch.testing._internal.common_methods_invocations import op_db

    return {op.full_name: op for op in op_db if op.supports_dtype(torch.float32, "cpu")}


@pytest.fixture
def place():
    if reason := standin.why_unavailable():
        pytest.skip(reason)
    with standin.activate() as device:
        yield device


def moved(value: Any, place: torch.device) -> Any:
    """The same argument for the device; a tensor keeps its layout, whatever it is a view of."""
    if isinstance(value, Tensor) and value.layout == torch.strided:
        whole = torch.empty(0, dtype=value.dtype).set_(value.untyped_storage()).to(place)
        there = whole.as_strided(value.shape, value.stride(), value.storage_offset())
        return there.detach().requires_grad_(value.requires_grad)
    if isinstance(value, Tensor):
        return value.to(place)
    return place if value in ("cpu", torch.device("cpu")) else value


def tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


def result(operator: Any, arguments: Any) -> Any:
    inputs, args, kwargs = arguments
    torch.manual_seed(0)  # the stand-in draws from the CPU's generator
    return operator(inputs, *args, **kwargs)


def gradients(output: Any, arguments: Any) -> tuple[Tensor | None, ...]:
    inputs = [leaf for leaf in tensors(arguments) if leaf.requires_grad]
    outputs = [leaf for leaf in tensors(output) if leaf.requires_grad]
    if not inputs or not outputs:
        return ()
    total = sum((leaf.abs() if leaf.is_complex() else leaf).sum() for leaf in outputs)
    return torch.autograd.grad(total, inputs, allow_unused=True)


def assert_agree(actual: Any, expected: Any, place: torch.device, name: str) -> None:
    assert {leaf.device.type for leaf in tensors(actual)} <= {place.type}
    if "empty" in name:  # the memory is what it was before: there are no values to compare
        layouts = [[(t.shape, t.stride(), t.dtype) for t in tensors(v)] for v in (actual, expected)]
        assert layouts[0] == layouts[1]
        return
    back = tree_map(lambda v: v.detach().cpu() if isinstance(v, Tensor) else v, actual)
    there = tree_map(lambda v: v.detach() if isinstance(v, Tensor) else v, expected)
    torch.testing.assert_close(back, there, equal_nan=True, **TOLERANCE.get(name, {}))


def differences(operator: Any, place: torch.device) -> Iterator[Outcome]:
    """One outcome for each sample that the CPU can run."""
    name = operator.full_name
    samples = operator.sample_inputs("cpu", torch.float32, requires_grad=operator.supports_autograd)
    for sample in samples:
        on_cpu = (sample.input, sample.args, sample.kwargs)
        try:
            there = tree_map(lambda value: moved(value, place), on_cpu)
        except Exception as error:
            yield Outcome(str(error), None)
            return
        try:
            expected = result(operator, on_cpu)
        except (RuntimeError, AssertionError):
            continue
        try:
            actual = result(operator, there)
            if any(leaf.is_cpu for leaf in tensors(actual)):  # a factory has to be told where
                there[2]["device"] = place
                actual = result(operator, there)
            assert_agree(actual, expected, place, name)
        except Exception as error:
            yield Outcome(str(error), None)
            return
        wanted = gradients(sample.output_process_fn_grad(expected), on_cpu)
        if not wanted:
            yield Outcome(None, "")
            continue
        try:
            given = gradients(sample.output_process_fn_grad(actual), there)
            assert_agree(given, wanted, place, name)
            yield Outcome(None, None)
        except Exception as error:
            yield Outcome(None, str(error))


def outcome(operator: Any, place: torch.device) -> Outcome:
    found = list(differences(operator, place))
    if not found:
        return Outcome("no sample of it runs on the CPU", None)
    values = next((one.values for one in found if one.values), None)
    failed = next((one.gradients for one in found if one.gradients), None)
    has_gradients = any(one.gradients != "" for one in found)
    return Outcome(values, failed if has_gradients else "")


@pytest.mark.parametrize("name", KATAS)
def test_an_operator_of_the_katas_gives_the_values_and_gradients_of_the_cpu(database, place, name):
    found = outcome(database[name], place)
    assert not found.values
    assert not found.gradients


@pytest.mark.skipif(
    os.environ.get("DOJO_OPERATORS") != "all",
    reason="takes a minute; DOJO_OPERATORS=all runs it",
)
@pytest.mark.timeout(600)
def test_nearly_all_operators_of_torch_give_the_values_and_gradients_of_the_cpu(database, place):
    found = {name: outcome(operator, place) for name, operator in database.items()}
    wrong = {name: one.values for name, one in found.items() if one.values}
    with_gradients = {
        name: one.gradients
        for name, one in found.items()
        if name not in wrong and one.gradients != ""
    }
    wrong_gradients = {name: text for name, text in with_gradients.items() if text}
    right = len(found) - len(wrong)
    right_gradients = len(with_gradients) - len(wrong_gradients)
    print(f"values {right} of {len(found)}, gradients {right_gradients} of {len(with_gradients)}")

    assert wrong.keys() == WRONG.keys(), wrong
    assert not wrong_gradients
    assert right >= 650
    assert right_gradients >= 0.95 * len(with_gradients)
