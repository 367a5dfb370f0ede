import pytest
import torch

from dojo.checks import answer_of, assert_refused, assert_same, unchanged
from dojo.counting import count
from katas.tensors.matrix_product import matmul

# Parts of the names under which torch runs a product, whatever it is called by: einsum runs bmm.
PRODUCTS = {
    *("mm", "bmm", "addmm", "baddbmm", "addbmm", "matmul", "mv", "addmv", "dot", "vdot"),
    *("linear", "tensordot", "einsum", "trilinear", "convolution"),
}


def test_each_row_meets_each_column(device):
    a = torch.tensor([[1.0, -2.0, 3.0], [0.0, 300.0, -1.0]], device=device)
    b = [[1.0, 0.0, 2.0, -1.0], [2.0, 1.0, 0.0, 1.0], [0.0, -3.0, 1.0, 2.0]]
    expected = [[-3.0, -11.0, 5.0, 3.0], [600.0, 303.0, -1.0, 298.0]]
    assert_same(
        product(a, torch.tensor(b, device=device)),
        torch.tensor(expected, device=device),
        "[0, 0] is 1·1 - 2·2 + 3·0 = -3; a row of the result for each row of a",
    )


def test_square_matrices_are_no_exception(device):
    a = torch.tensor([[1.0, 2.0], [3.0, 4.0]], device=device)
    b = torch.tensor([[5.0, 6.0], [7.0, 8.0]], device=device)
    assert_same(
        product(a, b),
        torch.tensor([[19.0, 22.0], [43.0, 50.0]], device=device),
        "5 first would mean element by element, 17 rows with rows, 20 or 11 the wrong axis summed",
    )


def test_a_single_row_or_column_keeps_its_axis(device):
    a, b = torch.tensor([[2.0, -3.0]], device=device), torch.tensor([[5.0], [7.0]], device=device)
    meaning = "one row by one column is a matrix of one number, one column by one row of four"
    assert_same(product(a, b), torch.tensor([[-11.0]], device=device), meaning)
    expected = torch.tensor([[10.0, -15.0], [14.0, -21.0]], device=device)
    assert_same(product(b, a), expected, meaning)


def test_empty_axes_stay(device):
    for n, k, m in ((0, 3, 2), (4, 3, 0), (0, 3, 0)):
        got = product(torch.ones(n, k, device=device), torch.ones(k, m, device=device))
        assert_same(got, torch.zeros(n, m, device=device), f"({n}, {k}) by ({k}, {m})")


def test_no_inner_size_gives_zeros(device):
    got = product(torch.ones(2, 0, device=device), torch.ones(0, 3, device=device))
    assert_same(got, torch.zeros(2, 3, device=device), "a sum of no products is 0")


def test_unequal_inner_sizes_are_refused(device):
    for left, right in (((2, 3), (4, 5)), ((2, 4), (3, 5)), ((3, 5), (3, 5)), ((2, 0), (3, 5))):
        assert_refused(
            lambda: matmul(torch.zeros(left, device=device), torch.zeros(right, device=device)),
            ValueError,
            f"{left} by {right} has the inner sizes {left[1]} and {right[0]}",
            mentions=(left[1], right[0]),
        )


def test_an_inner_size_of_1_is_refused_against_another(device):
    for left, right in (((4, 1), (3, 5)), ((4, 3), (1, 5)), ((1, 1), (7, 1)), ((2, 1), (0, 5))):
        assert_refused(
            lambda: matmul(torch.zeros(left, device=device), torch.zeros(right, device=device)),
            ValueError,
            f"{left} by {right}: 1 is no match for {max(left[1], right[0])}, though it broadcasts",
            mentions=(left[1], right[0]),
        )


def test_float32_is_exact_to_a_millionth(device, generator):
    off = largest_error(device, generator, torch.float32)
    assert off <= 1e-6, (
        f"off by {off:.2g} of |a| @ |b|, at most 1e-6 is right for float32: "
        "about 1e-3 would mean 16 bits on the way"
    )


def test_float64_is_exact_to_its_own_precision(device, generator, float64):
    off = largest_error(device, generator, float64)
    assert off <= 2e-15, (
        f"off by {off:.2g} of |a| @ |b|, at most 2e-15 is right for float64: "
        "about 1e-8 would mean float32 on the way"
    )


def test_float64_stays_float64(device, float64):
    a = torch.tensor([[1.0, -2.0, 300.0]], device=device, dtype=float64)
    identity = torch.eye(3, device=device, dtype=float64)
    assert_same(product(a, identity), a, "a times the identity matrix is a")


def test_no_product_of_torchs_runs(device):
    counts = counted(device, 7, 5, 6)
    found = [name for name in counts.operations if PRODUCTS.intersection(name.split("_"))]
    assert not found, f"torch ran {', '.join(found)}, a product of its own: multiply with * and sum"


def test_the_numbers_stay_in_torch(device):
    counts = counted(device, 7, 5, 6)
    waits = counts.synchronisations
    assert not waits, f"the numbers leave torch by {', '.join(sorted(set(waits)))}: keep them there"


def test_the_work_does_not_grow_with_the_rows(device):
    assert_same_work(device, (13, 3, 4))


def test_the_work_does_not_grow_with_the_inner_size(device):
    assert_same_work(device, (2, 17, 4))


def test_the_work_does_not_grow_with_the_columns(device):
    assert_same_work(device, (2, 3, 19))


def test_the_inputs_stay_as_they_are(device):
    a, b = torch.ones(2, 3, device=device), torch.ones(3, 3, device=device)
    with unchanged(a, b):
        product(a, b)


def test_beats_three_loops(race, device, generator):
    race(three_loops, matmul, inputs_of(generator, device, 32, 40, 48), at_least=50)


@pytest.mark.parametrize("size", [4, 16, 64])
def test_benchmark(bench, device, generator, size):
    bench(three_loops, matmul, inputs_of(generator, device, size, size, size))


def three_loops(a, b):
    left, right = a.tolist(), b.tolist()
    rows = []
    for i in range(len(left)):
        row = []
        for j in range(len(right[0])):
            total = 0.0
            for k in range(len(right)):
                total += left[i][k] * right[k][j]
            row.append(total)
        rows.append(row)
    return torch.tensor(rows, dtype=a.dtype, device=a.device)


def inputs_of(generator, device, n, k, m):
    def inputs():
        a, b = torch.randn(n, k, generator=generator), torch.randn(k, m, generator=generator)
        return a.to(device), b.to(device)

    return inputs


def product(a, b):
    """The learner's product of matrices that fit each other."""
    (n, _), (_, m) = a.shape, b.shape
    return answer_of(
        lambda: matmul(a, b), f"{tuple(a.shape)} by {tuple(b.shape)} gives a matrix {(n, m)}"
    )


def counted(device, n, k, m):
    a, b = torch.ones(n, k, device=device), torch.ones(k, m, device=device)
    with count(device) as counts:
        product(a, b)
    return counts


def assert_same_work(device, sizes):
    small, large = (counted(device, *each).launches for each in ((2, 3, 4), sizes))
    n, k, m = sizes
    assert large == small, (
        f"(2, 3) by (3, 4) takes {small} operations, ({n}, {k}) by ({k}, {m}) takes {large}: "
        "is there a loop over one of the axes?"
    )


def largest_error(device, generator, dtype):
    """How far off a product is at most, as a share of the sum of its summands' sizes."""
    a = torch.randn(7, 300, generator=generator, dtype=dtype)
    b = torch.randn(300, 5, generator=generator, dtype=dtype)
    got = product(a.to(device, copy=True), b.to(device, copy=True)).cpu().double()
    a, b = a.double(), b.double()
    assert got.shape == (7, 5), f"(7, 300) by (300, 5) is (7, 5), got {tuple(got.shape)}"
    return ((got - a @ b).abs() / (a.abs() @ b.abs())).max().item()
