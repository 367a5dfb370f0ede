from math import exp, tanh

import pytest
import torch
from torch import nn

from dojo.checks import answer_of, assert_same, unchanged
from dojo.counting import count
from katas.sequences.lstm_cell import LSTMCell

OPEN, SHUT = 100.0, -100.0
# Parts of the names under which torch runs a product.
PRODUCTS = {"mm", "bmm", "addmm", "baddbmm", "addbmm", "matmul", "mv", "addmv", "linear"}


def test_parameters_are_those_of_torch(device):
    mine, theirs = LSTMCell(3, 5).to(device), nn.LSTMCell(3, 5)
    got = {name: tuple(param.shape) for name, param in mine.named_parameters()}
    expected = {name: tuple(param.shape) for name, param in theirs.named_parameters()}
    assert got == expected, f"the parameters of torch.nn.LSTMCell are {expected}, got {got}"


def test_parameters_start_small(device):
    for name, param in LSTMCell(2, 25).to(device).named_parameters():
        largest = param.abs().max().item()
        assert largest <= 0.2001, (
            f"{name} reaches {largest:.3f}, not 1 / sqrt(25 hidden), 0.2: 0.7 would be by 2 inputs"
        )


def test_parameters_are_on_both_sides_of_zero(device):
    for name, param in LSTMCell(2, 25).to(device).named_parameters():
        low, high = param.min().item(), param.max().item()
        # A hundred uniform draws leave the outer half of either side empty once in 1e12 times.
        assert low < -0.1 < 0.1 < high, (
            f"{name} goes from {low:.3f} to {high:.3f}: uniform draws would reach from nearly -0.2 "
            "to nearly 0.2"
        )


def test_agrees_with_torch_over_five_steps(device, generator):
    mine, theirs = a_pair(device)
    steps = torch.randn(5, 4, 3, generator=generator)
    state = [2 * torch.randn(4, 5, generator=generator) for _ in range(2)]
    got, expected = [part.to(device) for part in state], state
    for number, x in enumerate(steps, 1):
        got = answer_of(lambda x=x, now=got: mine(x.to(device), tuple(now)), "4 rows of 3 inputs")
        expected = theirs(x, expected)
        for name, one, other in zip(("h", "c"), got, expected, strict=True):
            assert_same(one.detach().cpu(), other.detach(), f"{name} after step {number}, by torch")


def test_gradients_agree_with_torch(device, generator):
    mine, theirs = a_pair(device)
    steps = torch.randn(3, 4, 3, generator=generator)
    state = torch.randn(2, 4, 5, generator=generator)
    weights = torch.randn(2, 4, 5, generator=generator)
    slopes = []
    for cell, where in ((mine, device), (theirs, "cpu")):
        x = steps.to(where).requires_grad_()
        h, c = start = [part.to(where).requires_grad_() for part in state]
        for each in x.unbind():
            h, c = cell(each, (h, c))
        ((h * weights[0].to(where)).sum() + (c * weights[1].to(where)).sum()).backward()
        named = {name: param.grad for name, param in cell.named_parameters()}
        slopes.append(named | {"x": x.grad, "h": start[0].grad, "c": start[1].grad})
    for name, expected in slopes[1].items():
        got = slopes[0][name]
        assert got is not None, f"no gradient has reached {name}"
        assert_same(got.cpu(), expected, f"the gradient of {name} after three steps, by torch")


def test_each_block_has_its_place(device):
    # Three units, so that blocks and units can't be taken for each other.
    blocks = {"i": (-2.0, 0.5, 1.0), "f": (3.0, -1.0, 0.0), "g": (0.7, -0.3, 2.0)}
    cell = with_bias(device, **blocks, o=(1.5, -0.5, -3.0))
    _, c = step(cell, c=(1.0, -2.0, 4.0))
    expected = [
        gate(f) * old + gate(i) * tanh(g)
        for i, f, g, old in zip(*blocks.values(), (1.0, -2.0, 4.0), strict=True)
    ]
    assert_same(
        c,
        torch.tensor([expected], device=device),
        "blocks of rows are input, forget, candidate, output; three units have a row in each",
    )


def test_a_gate_is_never_below_zero(device):
    _, c = step(with_bias(device, i=-2.0, f=SHUT, g=1.0, o=OPEN))
    assert_numbers(c, gate(-2) * tanh(1), "the candidate 0.76 times a gate of 0.12; -0.73: tanh")


def test_a_candidate_may_be_below_zero(device):
    _, c = step(with_bias(device, i=OPEN, f=SHUT, g=-2.0, o=OPEN))
    assert_numbers(c, tanh(-2), "the candidate at -2, let in; 0.12 would be a sigmoid")


def test_a_candidate_has_a_bound(device):
    _, c = step(with_bias(device, i=OPEN, f=SHUT, g=5.0, o=OPEN))
    assert_numbers(c, tanh(5), "a candidate lies between -1 and 1; 5 would mean no activation")


def test_what_comes_out_has_a_bound(device):
    h, _ = step(with_bias(device, i=SHUT, f=OPEN, g=0.0, o=OPEN), c=(7.0,) * 3)
    largest = h.abs().max().item()
    assert largest <= 1, (
        f"a cell of 7 comes out through tanh, which is below 1, got {largest:.3f}: as it is"
    )


def test_what_comes_out_keeps_its_sign(device):
    h, _ = step(with_bias(device, i=SHUT, f=OPEN, g=0.0, o=OPEN), c=(-2.0,) * 3)
    largest = h.max().item()
    assert largest < 0, (
        f"a cell of -2 comes out through tanh, below 0, got {largest:.3f}: 0.12 is a sigmoid"
    )


def test_what_comes_out_is_tanh_of_the_cell(device):
    h, _ = step(with_bias(device, i=SHUT, f=OPEN, g=0.0, o=OPEN), c=(0.5,) * 3)
    assert_numbers(h, tanh(0.5), "a cell of 0.5, all of it put out")


def test_the_output_gate_can_be_shut(device):
    h, _ = step(with_bias(device, i=SHUT, f=OPEN, g=0.0, o=SHUT), c=(3.0,) * 3)
    assert_numbers(h, 0.0, "the output gate is shut; 0.995 would be tanh of the cell")


def test_both_gates_can_be_open(device):
    _, c = step(with_bias(device, i=OPEN, f=OPEN, g=1.0, o=OPEN), c=(2.0,) * 3)
    assert_numbers(c, 2 + tanh(1), "all of the cell, 2, and of the candidate; 2: one gate for two")


def test_both_gates_can_be_shut(device):
    _, c = step(with_bias(device, i=SHUT, f=SHUT, g=1.0, o=OPEN), c=(2.0,) * 3)
    assert_numbers(c, 0.0, "nothing kept, nothing let in; 0.76 would mean one gate for two")


def test_the_hidden_state_counts(device):
    cell = with_bias(device, i=OPEN, f=SHUT, g=0.0, o=OPEN)
    with torch.no_grad():
        cell.weight_hh[6:9] = 0.5 * torch.eye(3, device=device)  # the candidate's rows
    _, c = step(cell, h=(2.0,) * 3)
    assert_numbers(c, tanh(1), "half of a hidden state of 2 is the candidate's 1; 0: not looked at")


def test_the_input_counts(device):
    cell = with_bias(device, i=OPEN, f=SHUT, g=0.0, o=OPEN)
    with torch.no_grad():
        cell.weight_ih[6:9, 1] = 0.25
    _, c = step(cell, x=(9.0, 4.0))
    assert_numbers(c, tanh(1), "a quarter of the second input, 4, is 1; 0: it was not looked at")


def test_the_bias_of_the_input_counts(device):
    assert_bias_counts("bias_ih", device)


def test_the_bias_of_the_hidden_state_counts(device):
    assert_bias_counts("bias_hh", device)


def test_the_hidden_state_comes_first(device):
    first, second = step(with_bias(device, i=SHUT, f=OPEN, g=0.0, o=SHUT), c=(2.0,) * 3)
    assert first[0, 0].item() != 2, "the first of the pair is 2, the cell: h comes first"
    assert_numbers(second, 2.0, "the second of the pair is the cell, carried on")


def test_the_state_comes_as_h_and_c(device):
    _, c = step(with_bias(device, i=SHUT, f=OPEN, g=0.0, o=OPEN), h=(5.0,) * 3, c=(2.0,) * 3)
    assert_numbers(c, 2.0, "the cell that came is 2, beside a hidden state of 5")


def test_each_row_is_its_own(device, generator):
    cell, _ = a_pair(device)
    x, h, c = (torch.randn(4, size, generator=generator).to(device) for size in (3, 5, 5))
    together = cell(x, (h, c))
    for row in range(4):
        one = slice(row, row + 1)
        alone = answer_of(lambda one=one: cell(x[one], (h[one], c[one])), "a batch of one row")
        for name, got, expected in zip("hc", alone, together, strict=True):
            assert_same(got, expected[one], f"{name} of row {row}, alone and among four")


def test_the_cell_is_carried_over_a_thousand_steps(device):
    cell = with_bias(device, i=SHUT, f=OPEN, g=1.0, o=0.0)
    c = start = torch.tensor([[0.3, -1.7, 12.5]], device=device)
    h, x = torch.zeros_like(c), torch.ones(1, 2, device=device)
    with torch.no_grad():
        for _ in range(1000):
            h, c = cell(x, (h, c))
    meaning = "forget gate open, input gate shut: a thousand steps carry the cell"
    assert_same(c, start, meaning, rtol=0, atol=1e-6)


def test_gradients_go_back_through_the_cell(device):
    cell = with_bias(device, i=SHUT, f=OPEN, g=1.0, o=OPEN)
    c = torch.tensor([[2.0, -1.0, 0.5]], device=device, requires_grad=True)
    _, after = cell(torch.ones(1, 2, device=device), (torch.zeros(1, 3, device=device), c))
    assert after.requires_grad, "the cell has no graph: no gradient can go back through it"
    [slope] = torch.autograd.grad(after.sum(), c, allow_unused=True)
    assert slope is not None, "the cell that came in has no part in the graph: it was cut off"
    assert_numbers(slope, 1.0, "an open forget gate lets all of the gradient through")


def test_gradients_go_back_through_the_hidden_state(device):
    cell = with_bias(device, i=OPEN, f=SHUT, g=0.0, o=OPEN)
    with torch.no_grad():
        cell.weight_hh[6:9] = 0.5 * torch.eye(3, device=device)
    h = torch.zeros(1, 3, device=device, requires_grad=True)
    _, after = cell(torch.ones(1, 2, device=device), (h, torch.zeros(1, 3, device=device)))
    [slope] = torch.autograd.grad(after.sum(), h, allow_unused=True)
    assert slope is not None, "the hidden state has no part in the graph: it was cut off"
    assert_numbers(slope, 0.5, "the candidate rises by half of it, and tanh by 1 at 0")


def test_a_step_takes_two_products(device):
    cell, _ = a_pair(device)
    x, h = torch.ones(4, 3, device=device), torch.ones(4, 5, device=device)
    with count(device) as counts:
        cell(x, (h, h))
    found = {
        name: times
        for name, times in counts.operations.items()
        if PRODUCTS.intersection(name.split("_"))
    }
    assert sum(found.values()) <= 2, (
        f"four gates take two products at most, and took {sum(found.values())}: {found}"
    )


def test_the_callers_state_stays_as_it_is(device):
    cell, _ = a_pair(device)
    x, h, c = (torch.ones(4, size, device=device) for size in (3, 5, 5))
    with unchanged(x, h, c), torch.no_grad():
        cell(x, (h, c))


@pytest.mark.parametrize("hidden", [16, 128, 1024])
def test_benchmark(bench, device, generator, hidden):
    shapes = (32, 64), (32, hidden), (32, hidden)
    numbers = nn.LSTMCell(64, hidden).state_dict()

    def made(program):
        cell = program(64, hidden)
        cell.load_state_dict(numbers)
        cell.to(device)
        return lambda x, h, c: cell(x, (h, c))[1]

    def inputs():
        return tuple(torch.randn(shape, generator=generator).to(device) for shape in shapes)

    bench(made(EightProducts), LSTMCell, inputs, made=made)


class EightProducts(nn.LSTMCell):
    """A cell that asks gate by gate."""

    def forward(self, x, state):
        h, c = state
        i, f, g, o = (
            x @ of_input.T + h @ of_state.T + bias
            for of_input, of_state, bias in zip(
                self.weight_ih.chunk(4),
                self.weight_hh.chunk(4),
                (self.bias_ih + self.bias_hh).chunk(4),
                strict=True,
            )
        )
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c


def a_pair(device):
    """The learner's cell, 3 inputs and 5 hidden, and torch's on the CPU with the same numbers."""
    theirs, mine = nn.LSTMCell(3, 5), LSTMCell(3, 5)
    numbers = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for param in theirs.parameters():
            param.copy_(torch.randn(param.shape, generator=numbers))
    answer_of(lambda: mine.load_state_dict(theirs.state_dict()), "torch.nn.LSTMCell's state fits")
    return mine.to(device), theirs


def with_bias(device, **blocks):
    """2 inputs, 3 hidden units, weights of 0: the biases say what each block is."""
    cell = LSTMCell(2, 3)
    numbers = torch.cat([torch.tensor(blocks[name]).expand(3) for name in "ifgo"])
    with torch.no_grad():
        for param in cell.parameters():
            param.zero_()
        cell.bias_ih.copy_(numbers)
    return cell.to(device)


def step(cell, x=(1.0, 1.0), h=(0.0,) * 3, c=(0.0,) * 3):
    """One step of a batch of one, without gradients; (h, c) as they come."""
    on = cell.weight_ih.device
    x, h, c = (torch.tensor([numbers], device=on) for numbers in (x, h, c))
    with torch.no_grad():
        result = answer_of(lambda: cell(x, (h, c)), "one row of 2 inputs and 3 hidden units")
    assert isinstance(result, tuple), f"expected a pair (h, c), got {result!r}"
    assert len(result) == 2, f"expected a pair (h, c), got {len(result)} parts"
    return result


def assert_bias_counts(name, device):
    cell = with_bias(device, i=OPEN, f=SHUT, g=0.0, o=OPEN)
    with torch.no_grad():
        getattr(cell, name)[6:9] = 1.0
    _, c = step(cell)
    assert_numbers(c, tanh(1), f"{name} of the candidate is 1; 0 would mean it was left out")


def gate(number):
    return 1 / (1 + exp(-number))


def assert_numbers(got, expected, meaning):
    assert_same(got, torch.full((1, 3), expected, device=got.device), meaning)
