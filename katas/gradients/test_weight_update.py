import pytest
import torch
from torch import nn

from dojo.checks import answer_of, assert_same
from katas.gradients.weight_update import update


def test_each_parameter_moves_downhill(device):
    params = trained(device)
    move(params, lr=0.5)
    assert_same(
        params[0].detach(),
        torch.tensor([1.0, -1.0], device=device),
        "(3, -2) with gradients (4, -2) at rate 0.5; (5, -3) would mean that they were added",
    )


def test_something_moves(device):
    params = trained(device)
    before = params[0].detach().clone()
    move(params, lr=0.5)
    assert not torch.equal(params[0].detach(), before), (
        f"the parameter is still {before.tolist()}: a new tensor was made and nobody holds it"
    )


def test_the_rate_counts(device):
    params = trained(device)
    move(params, lr=0.25)
    expected = torch.tensor([2.0, -1.5], device=device)
    assert_same(params[0].detach(), expected, "a quarter of (4, -2) off (3, -2)")


def test_the_size_of_the_gradient_counts(device):
    params = trained(device)
    move(params, lr=0.5)
    first, second = (3 - params[0][0].item()), (params[0][1].item() + 2)
    assert first == 2 * second, (
        f"gradients 4 and -2 move by 2 and by 1, got {first} and {second}: equal moves would mean "
        "that only the sign was used"
    )


def test_all_of_them_move(device):
    params = trained(device)
    move(params, lr=0.5)
    expected = torch.tensor([[2.0]], device=device)
    assert_same(params[1].detach(), expected, "the second one, 5, has a gradient of 6")


def test_a_third_one_moves(device):
    params = trained(device)
    move(params, lr=0.5)
    expected = torch.tensor(-3.0, device=device)
    assert_same(params[2].detach(), expected, "the third one, a scalar -1, has a gradient of 4")


def test_memory_in_another_order_is_moved(device):
    param = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], device=device).T.requires_grad_()
    param.grad = torch.ones(2, 3, device=device)
    move([param], lr=0.5)
    expected = torch.tensor([[0.5, 2.5, 4.5], [1.5, 3.5, 5.5]], device=device)
    meaning = "0.5 off every number of a transposed matrix; unchanged would mean that a copy moved"
    assert_same(param.detach(), expected, meaning)


def test_the_grad_mode_stays(device):
    for recording in (True, False):
        with torch.set_grad_enabled(recording):
            move(trained(device), lr=0.5)
            got = torch.is_grad_enabled()
        assert got == recording, (
            f"recording was {recording} around the call, and {got} after it: a with statement "
            "puts back what was"
        )


def test_a_rate_of_zero_moves_nothing(device):
    params = trained(device)
    before = [param.detach().clone() for param in params]
    move(params, lr=0.0)
    for param, old in zip(params, before, strict=True):
        assert_same(param.detach(), old, "0 times the gradient is 0")


def test_the_list_stays_as_it_is(device):
    params = trained(device)
    held = list(params)
    move(params, lr=0.5)
    same = [mine is theirs for mine, theirs in zip(params, held, strict=True)]
    assert all(same), "the list holds other tensors than before: the model never hears of them"


def test_the_memory_stays_the_same(device):
    params = trained(device)
    views = [param.detach().flatten()[:1] for param in params]
    move(params, lr=0.5)
    got = [view.item() for view in views]
    assert got == [1.0, 2.0, -3.0], (
        f"views of the parameters show the move to 1, 2 and -3, got {got}: the values were put "
        "into new memory"
    )


def test_they_still_require_grad(device):
    params = trained(device)
    move(params, lr=0.5)
    assert all(param.requires_grad for param in params), (
        "a parameter does not require grad any more"
    )


def test_they_carry_no_graph(device):
    params = trained(device)
    move(params, lr=0.5)
    for param in params:
        assert param.is_leaf, f"a parameter is no leaf any more, its grad_fn is {param.grad_fn}"


def test_gradients_are_still_there(device):
    params = trained(device)
    move(list(params), lr=0.5)
    assert all(param.grad is not None for param in params), "a .grad is gone: clearing is not asked"


def test_gradients_keep_their_values(device):
    params = trained(device)
    move(list(params), lr=0.5)
    got = [None if param.grad is None else param.grad.flatten().tolist() for param in params]
    assert got == [[4.0, -2.0], [6.0], [4.0]], (
        f"the gradients were [4, -2], [6] and 4, got {got}: half of that would mean that they were "
        "scaled in place"
    )


def test_a_second_backward_works(device):
    model = nn.Linear(2, 1).to(device)
    inputs = torch.tensor([[1.0, -1.0], [2.0, 0.5]], device=device)
    losses = []
    for _ in range(3):
        model.zero_grad()
        loss = model(inputs).square().mean()
        answer_of(loss.backward, "after a step there is a next backward()")
        move(list(model.parameters()), lr=0.1)
        losses.append(loss.item())
    assert losses[0] > losses[1] > losses[2], f"three steps downhill, got losses {losses}"


@pytest.mark.parametrize("weights", [100, 10_000, 1_000_000])
def test_benchmark(bench, device, generator, weights):
    """torch.optim.SGD, made anew for its step (here called loop), against yours."""

    def made(program):
        def moved(weight, slope):
            param = weight.clone().requires_grad_()
            param.grad = slope
            program([param], 0.5)
            return param.detach()

        return moved

    def inputs():
        return tuple(torch.randn(weights, generator=generator).to(device) for _ in range(2))

    bench(made(lambda params, lr: torch.optim.SGD(params, lr).step()), update, inputs, made=made)


def trained(device):
    """Parameters with their gradients: (3, -2) with (4, -2), 5 with 6, and -1 with 4."""
    first = torch.tensor([3.0, -2.0], device=device, requires_grad=True)
    second = torch.tensor([[5.0]], device=device, requires_grad=True)
    first.grad = torch.tensor([4.0, -2.0], device=device)
    second.grad = torch.tensor([[6.0]], device=device)
    third = torch.tensor(-1.0, device=device, requires_grad=True)
    third.grad = torch.tensor(4.0, device=device)
    return [first, second, third]


def move(params, lr):
    answer_of(lambda: update(params, lr), "leaves with gradients can be moved")
