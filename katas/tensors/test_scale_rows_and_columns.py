import math

import pytest
import torch

from dojo.checks import assert_refused, assert_same, unchanged
from dojo.counting import count
from katas.tensors.scale_rows_and_columns import scale_columns, scale_rows


def test_each_row_has_its_factor(device):
    m = torch.tensor([[1.0, 2.0, -3.0], [4.0, 5.0, 6.0]], device=device)
    s = torch.tensor([10.0, -2.0], device=device)
    expected = torch.tensor([[10.0, 20.0, -30.0], [-8.0, -10.0, -12.0]], device=device)
    assert_same(scale_rows(m, s), expected, "row 0 times 10, row 1 times -2")


def test_each_column_has_its_factor(device):
    m = torch.tensor([[1.0, 2.0, -3.0], [4.0, 5.0, 6.0]], device=device)
    s = torch.tensor([10.0, -2.0, 0.0], device=device)
    expected = torch.tensor([[10.0, -4.0, 0.0], [40.0, -10.0, 0.0]], device=device)
    assert_same(scale_columns(m, s), expected, "column 0 times 10, column 1 times -2, 2 times 0")


def test_a_square_matrix_has_its_rows_scaled_by_the_one(device):
    m = torch.tensor([[1.0, 2.0], [3.0, 4.0]], device=device)
    s = torch.tensor([10.0, -2.0], device=device)
    expected = torch.tensor([[10.0, 20.0], [-6.0, -8.0]], device=device)
    assert_same(
        scale_rows(m, s), expected, "[[10, -4], [30, -8]] would mean that columns were scaled"
    )


def test_a_square_matrix_has_its_columns_scaled_by_the_other(device):
    m = torch.tensor([[1.0, 2.0], [3.0, 4.0]], device=device)
    s = torch.tensor([10.0, -2.0], device=device)
    expected = torch.tensor([[10.0, -4.0], [30.0, -8.0]], device=device)
    assert_same(
        scale_columns(m, s), expected, "[[10, 20], [-6, -8]] would mean that rows were scaled"
    )


def test_a_matrix_with_gaps_in_memory_is_scaled_too(device):
    s = torch.tensor([1.0, -2.0], device=device)
    expected = torch.tensor([[0.0, 4.0, 8.0], [-4.0, -12.0, -20.0]], device=device)
    m = torch.arange(12.0, device=device).reshape(3, 4).T[::2]
    assert_same(scale_rows(m, s), expected, "m is every other row of a transposed matrix")
    m = torch.arange(12.0, device=device).reshape(3, 4)[:, ::2]
    assert_same(scale_columns(m, s), expected.T, "m is every other column of a matrix")


def test_infinity_stays_in_its_place(device):
    m = torch.tensor([[1.0, math.inf, 4.0], [2.0, -4.0, 1e38]], device=device)
    s = torch.tensor([-2.0, 3.0], device=device)
    expected = torch.tensor([[-2.0, -math.inf, -8.0], [6.0, -12.0, 3e38]], device=device)
    meaning = "NaN would mean that infinity was multiplied by a zero and added to its neighbours"
    assert_same(scale_rows(m.clone(), s), expected, meaning)
    assert_same(scale_columns(m.T, s), expected.T, meaning)


def test_the_dtype_stays(device, float64):
    m = torch.tensor([[1 / 3, 1.0, 2 / 3]] * 2, dtype=float64, device=device)
    ones = torch.ones(2, dtype=float64, device=device)
    assert_same(scale_rows(m, ones), m)
    assert_same(scale_columns(m.T, ones), m.T)


def test_the_inputs_stay_as_they_are(device):
    m = torch.tensor([[1.0, 2.0], [3.0, 4.0]], device=device)
    s = torch.tensor([5.0, -1.0], device=device)
    for scale in (scale_rows, scale_columns):
        with unchanged(m, s):
            result = scale(m, s)
            result.zero_()  # a result that shares memory with m or s shows here


def test_a_single_row_or_column_takes_a_single_factor(device):
    m = torch.tensor([[1.0, -2.0, 3.0]], device=device)
    s = torch.tensor([-4.0], device=device)
    expected = torch.tensor([[-4.0, 8.0, -12.0]], device=device)
    for scale, given, right in ((scale_rows, m, expected), (scale_columns, m.T, expected.T)):
        try:
            got = scale(given.clone(), s)
        except ValueError as error:
            pytest.fail(f"a factor for the only one of {tuple(given.shape)} fits, got {error!r}")
        assert_same(got, right)


def test_no_rows_or_columns_take_no_factors(device):
    s = torch.zeros(0, device=device)
    for scale, shape in ((scale_rows, (0, 3)), (scale_columns, (3, 0))):
        m = torch.zeros(shape, device=device)
        try:
            got = scale(m, s)
        except ValueError as error:
            pytest.fail(f"no factors fit shape {shape}, got {error!r}")
        assert_same(got, m)


def assert_factors_refused(device, scale, m_shape, s_shape, mentions=()):
    m, s = torch.ones(m_shape, device=device), torch.ones(s_shape, device=device)
    assert_refused(
        lambda: scale(m, s),
        ValueError,
        f"{scale.__name__}, m of shape {m_shape}: s of shape {s_shape} is not a factor for each",
        mentions=mentions,
    )


def test_a_single_factor_for_several_rows_is_refused(device):
    for shape in ((3, 4), (3, 1), (2, 2)):
        assert_factors_refused(device, scale_rows, shape, (1,))


def test_a_single_factor_for_several_columns_is_refused(device):
    for shape in ((4, 3), (1, 3), (2, 2)):
        assert_factors_refused(device, scale_columns, shape, (1,))


def test_factors_of_another_length_are_refused(device):
    for m_shape, length in (((3, 4), 4), ((3, 4), 2), ((1, 4), 4), ((1, 5), 2), ((6, 2), 0)):
        assert_factors_refused(device, scale_rows, m_shape, (length,))
        assert_factors_refused(device, scale_columns, m_shape[::-1], (length,))


def test_factors_of_another_rank_are_refused(device):
    for m_shape in ((3, 5), (3, 3)):
        for s_shape in ((), (3, 1), (1, 3), (3, 3), (3, 1, 1)):
            assert_factors_refused(device, scale_rows, m_shape, s_shape)
            assert_factors_refused(device, scale_columns, m_shape[::-1], s_shape)


def test_a_refusal_names_both_shapes(device):
    for scale in (scale_rows, scale_columns):
        for s_shape in ((4,), (6, 8)):
            assert_factors_refused(device, scale, (3, 5), s_shape, mentions=(3, 5, *s_shape))


def test_scaling_makes_one_new_tensor(device):
    for rows, columns in ((40, 5), (5, 40)):
        m = torch.ones(rows, columns, device=device)
        for scale, length in ((scale_rows, rows), (scale_columns, columns)):
            s = torch.ones(length, device=device)
            with count() as counts:
                scale(m, s)
            large = [f"{new.operation} {new.shape}" for new in counts.new if new.elements >= 200]
            assert len(large) == 1, (
                f"{scale.__name__} of ({rows}, {columns}): expected one new tensor of 200 or more "
                f"numbers, the result, got {large}"
            )


def test_the_number_of_operations_stays_the_same(device):
    for scale in (scale_rows, scale_columns):
        launches = []
        for size in (4, 40):
            m, s = torch.ones(size, size, device=device), torch.ones(size, device=device)
            with count() as counts:
                scale(m, s)
            launches.append(counts.launches)
        small, large = launches
        assert small == large, (
            f"{scale.__name__} takes {small} operations for (4, 4) and {large} for (40, 40): is "
            "there a loop?"
        )


def loop_over_rows(m, s):
    return torch.stack([row * factor for row, factor in zip(m, s, strict=True)])


def loop_over_columns(m, s):
    return torch.stack([column * factor for column, factor in zip(m.T, s, strict=True)], dim=1)


def test_scaling_rows_beats_the_loop(race, device, generator):
    def inputs():
        m = torch.randn(1_000, 16, generator=generator)
        return m.to(device), torch.randn(1_000, generator=generator).to(device)

    race(loop_over_rows, scale_rows, inputs, at_least=50)


def test_scaling_columns_beats_the_loop(race, device, generator):
    def inputs():
        m = torch.randn(16, 1_000, generator=generator)
        return m.to(device), torch.randn(1_000, generator=generator).to(device)

    race(loop_over_columns, scale_columns, inputs, at_least=50)


@pytest.mark.parametrize("rows", [10, 100, 1_000, 10_000])
def test_benchmark(bench, device, generator, rows):
    def inputs():
        m = torch.randn(rows, 16, generator=generator)
        return m.to(device), torch.randn(rows, generator=generator).to(device)

    bench(loop_over_rows, scale_rows, inputs)


@pytest.mark.parametrize("columns", [10, 100, 1_000, 10_000])
def test_benchmark_columns(bench, device, generator, columns):
    def inputs():
        m = torch.randn(16, columns, generator=generator)
        return m.to(device), torch.randn(columns, generator=generator).to(device)

    bench(loop_over_columns, scale_columns, inputs)
