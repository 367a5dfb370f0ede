"""The assertions that tests of katas are written with: what they accept, refuse and say."""

import pytest
import torch
from torch.testing._comparison import default_tolerances

from dojo.checks import answer_of, assert_refused, assert_same, unchanged
from dojo.comparison import tolerances


def message_of(got, expected, meaning=""):
    with pytest.raises(AssertionError) as caught:
        assert_same(got, expected, meaning)
    return str(caught.value)


def test_equal_tensors_pass(device):
    assert_same(
        torch.tensor([1.0, float("nan")], device=device),
        torch.tensor([1.0, float("nan")], device=device),
    )


@pytest.mark.parametrize(
    ("got", "said"),
    [
        ([1.0, 2.0], "expected a tensor, got list [1.0, 2.0]"),
        (None, "expected a tensor, got NoneType None"),
        (torch.ones(1), "expected shape (2,), got (1,)"),
        (torch.ones(2, 1), "expected shape (2,), got (2, 1)"),
        (torch.ones(2, dtype=torch.float64), "expected dtype float32, got float64"),
        (torch.tensor([1, 1]), "expected dtype float32, got int64"),
        (torch.tensor([1.0, 3.0]), "expected [1, 1], got [1, 3]"),
    ],
)
def test_type_shape_and_dtype_come_before_values(got, said):
    assert message_of(got, torch.ones(2)) == said
    assert message_of(got, torch.ones(2), "a slip") == f"{said}: a slip"


def test_many_values_are_counted_and_the_first_is_shown():
    got = torch.zeros(10, 10)
    got[3, 4] = 7
    got[5, 5] = -1
    expected = "2 of 100 values differ: at [3, 4] expected 0, got 7"
    assert message_of(got, torch.zeros(10, 10)) == expected


def test_the_device_counts(device):
    if device.type == "cpu":
        pytest.skip("it takes a second device")
    assert message_of(torch.ones(1), torch.ones(1, device=device)) == (
        f"expected a tensor on {device.type}, got one on cpu"
    )


def test_rounding_is_forgiven_and_a_tolerance_of_zero_is_not():
    got, expected = torch.tensor([1.0 + 1e-6]), torch.tensor([1.0])
    assert_same(got, expected)
    with pytest.raises(AssertionError):
        assert_same(got, expected, rtol=0, atol=0)


def raises(error):
    def call():
        raise error

    return call


def test_the_promised_error_passes():
    assert_refused(raises(ValueError("size 3 of (2, 3)")), ValueError, "why", mentions=(2, 3))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: torch.ones(2, 3), "why: expected ValueError, got no error but a tensor of shape"),
        (lambda: None, "why: expected ValueError, got no error but NoneType None"),
        (raises(TypeError("no")), "why: expected ValueError, got TypeError: no"),
        (raises(ValueError("bad")), "why: the ValueError must name 3, and says only 'bad'"),
    ],
)
def test_anything_else_is_told(call, said):
    with pytest.raises(AssertionError) as caught:
        assert_refused(call, ValueError, "why", mentions=(3,))
    assert str(caught.value).startswith(said)


def test_what_is_not_written_yet_is_no_wrong_error():
    for promised in (ValueError, RuntimeError):
        with pytest.raises(NotImplementedError):
            assert_refused(raises(NotImplementedError()), promised, "why")


def test_a_tensor_that_is_written_to_is_found(device):
    x, y = torch.zeros(3, device=device), torch.zeros(2, device=device)
    with unchanged(x, y):
        y + 1
    with pytest.raises(AssertionError, match=r"input 2 of 2 was changed"), unchanged(x, y):
        y += 1
    with pytest.raises(AssertionError, match=r"expected shape \(3,\)"), unchanged(x):
        x.unsqueeze_(0)


@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64]
)
def test_the_tolerances_are_those_of_torch_testing(dtype):
    t = torch.ones((), dtype=dtype)
    assert tolerances(dtype) == default_tolerances(t)


def test_infinities_and_nan_are_compared_as_such():
    values = torch.tensor([float("inf"), -float("inf"), float("nan")])
    assert_same(values.clone(), values)
    for wrong in (values.flip(0), values.nan_to_num()):
        with pytest.raises(AssertionError):
            assert_same(wrong, values)


def test_an_answer_comes_back_and_an_error_is_told():
    assert answer_of(lambda: 3, "three") == 3
    with pytest.raises(AssertionError, match="it is 3, got KeyError: 'x'"):
        answer_of(raises(KeyError("x")), "it is 3")
    with pytest.raises(NotImplementedError):
        answer_of(raises(NotImplementedError()), "it is 3")
