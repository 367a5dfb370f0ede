import pytest
import torch
from torch import nn

from dojo.checks import answer_of
from katas.gradients.zero_the_gradients import step


def test_a_step_goes_downhill(device):
    x = parameter(6.0, device)
    backward_through(x)
    take_step([x], lr=0.5)
    assert x.item() == 4.0, (
        f"(x - 2)² / 2 has slope 4 at 6, so half of that down is 4, got {x.item()}: 8 is uphill, 6 "
        "would mean that the gradient was gone, or a copy moved, 0 that x itself was zeroed"
    )


def test_a_parameter_with_a_gradient_moves(device):
    x = parameter(6.0, device)
    backward_through(x)
    take_step([x], lr=0.5)
    assert x.item() != 6.0, "x has a slope of 4 and did not move: was .grad cleared too early?"


def test_the_step_is_the_other_way_than_the_slope(device):
    x = parameter([6.0, -6.0], device)
    backward_through(x)  # slopes 4 and -8
    take_step([x], lr=0.125)
    got = x.tolist()
    assert got[0] < 6, f"6 goes down, got {got[0]}: up would be uphill"
    assert got[1] > -6, f"-6 goes up, got {got[1]}: down would be uphill"


def test_on_the_flat_nothing_moves(device):
    x = parameter(2.0, device)
    backward_through(x)
    take_step([x], lr=0.5)
    assert x.item() == 2.0, f"(x - 2)² / 2 is flat at 2, so x stays there, got {x.item()}"


def test_the_learning_rate_counts(device):
    x = parameter(6.0, device)
    backward_through(x)
    take_step([x], lr=0.25)
    assert x.item() == 5.0, f"6 - 0.25 times 4 is 5, got {x.item()}: 2 would mean a rate of 1"


def test_the_second_step_ignores_the_first(device):
    x = parameter(6.0, device)
    for _ in range(2):  # slopes 4 and 2: from 6 to 4, then from 4 to 3
        backward_through(x)
        take_step([x], lr=0.5)
    assert x.item() == 3.0, f"expected 3.0, got {x.item()}: 1.0 would mean that step 2 used 4 + 2"


def test_every_parameter_is_made_ready(device):
    params = [parameter(value, device) for value in (6.0, 8.0, 10.0)]
    backward_through(*params)
    take_step(params, lr=0.5)
    left = [0.0 if param.grad is None else param.grad.item() for param in params]
    assert left == [0.0, 0.0, 0.0], f"gradients are to be None or zeros after a step, got {left}"


def test_a_step_at_rate_zero_makes_ready_too(device):
    x = parameter(6.0, device)
    backward_through(x)
    take_step([x], lr=0.0)
    left = 0.0 if x.grad is None else x.grad.item()
    assert left == 0.0, (
        f"a warm-up may start at rate 0: nothing moves, and .grad is None or zeros, got {left}: "
        "the next step would use it"
    )


def test_two_steps_equal_two_fresh_steps(device):
    once, anew = (linear(device) for _ in range(2))
    for number in (1.0, -2.0):
        train_on(once, number, device)
        take_step(once.parameters(), lr=0.1)
        fresh = linear(device)
        fresh.load_state_dict(anew.state_dict())
        train_on(fresh, number, device)
        take_step(fresh.parameters(), lr=0.1)
        anew = fresh
    for name, expected in anew.named_parameters():
        got = once.get_parameter(name)
        assert torch.allclose(got, expected), (
            f"after two steps {name} is {got.tolist()}, and {expected.tolist()} where each step "
            "began with no gradients"
        )


def test_a_generator_of_parameters_is_walked_once(device):
    params = [parameter(6.0, device), parameter(8.0, device)]
    backward_through(*params)
    take_step((param for param in params), lr=0.5)
    got = [(param.item(), param.grad is None or param.grad.item() == 0) for param in params]
    assert got == [(4.0, True), (5.0, True)], (
        f"two parameters from a generator move to 4 and 5 and are made ready, got {got}: a "
        "generator is empty the second time"
    )


def test_an_unused_parameter_stays_as_it_is(device):
    used, unused = parameter(6.0, device), parameter(8.0, device)
    backward_through(used)
    take_step([used, unused], lr=0.5)
    assert unused.item() == 8.0, f"no gradient, no move: it was 8, got {unused.item()}"


def test_what_follows_an_unused_parameter_moves(device):
    unused, used = parameter(8.0, device), parameter(6.0, device)
    backward_through(used)
    take_step([unused, used], lr=0.5)
    assert used.item() == 4.0, f"the one behind it has a gradient and moves to 4, got {used.item()}"


def test_the_parameter_is_moved_in_place(device):
    x = parameter([6.0, 2.0], device)
    view = x.detach()[:1]
    backward_through(x)
    take_step([x], lr=0.5)
    assert view.item() == 4.0, (
        f"a view of the parameter shows the move to 4, got {view.item()}: new memory is unknown to "
        "whoever holds the old"
    )


def test_memory_in_another_order_is_moved(device):
    x = torch.tensor([[6.0, 2.0, 4.0], [0.0, 8.0, 2.0]], device=device).T.requires_grad_()
    backward_through(x)
    take_step([x], lr=0.5)
    got = x.tolist()
    assert got == [[4.0, 1.0], [2.0, 5.0], [3.0, 2.0]], (
        f"each number of a transposed matrix comes half-way to 2, got {got}: unchanged would mean "
        "that a copy moved"
    )


def test_it_still_requires_grad(device):
    x = parameter(6.0, device)
    backward_through(x)
    take_step([x], lr=0.5)
    assert x.requires_grad, "the parameter does not require grad any more"
    assert x.is_leaf, "the parameter is no leaf any more: its next gradient goes elsewhere"


@pytest.mark.parametrize("weights", [100, 10_000, 1_000_000])
def test_benchmark(bench, device, generator, weights):
    """Gradients filled with zeros (here called loop) against yours: is None any faster?"""

    def made(program):
        def four_steps(start, slopes):
            param = start.clone().requires_grad_()
            for _ in range(4):
                (param @ slopes).backward()
                program([param], 0.5)
            return param.detach()

        return four_steps

    def inputs():
        return tuple(torch.randn(weights, generator=generator).to(device) for _ in range(2))

    bench(made(fill_with_zeros), step, inputs, made=made)


def fill_with_zeros(params, lr):
    with torch.no_grad():
        for param in params:
            param -= lr * param.grad
            param.grad.zero_()


def take_step(params, lr):
    answer_of(lambda: step(params, lr), "a step can be taken")


def backward_through(*params):
    """The sum of (x - 2)² / 2, whose slope is x - 2."""
    sum(((x - 2) ** 2 / 2).sum() for x in params).backward()


def linear(device):
    model = nn.Linear(2, 1).to(device)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[1.0, -2.0]]))
        model.bias.fill_(0.5)
    return model


def train_on(model, number, device):
    inputs = torch.tensor([[number, 1.0], [0.5, -number]], device=device)
    model(inputs).square().mean().backward()


def parameter(value, device):
    return torch.tensor(value, device=device, requires_grad=True)
