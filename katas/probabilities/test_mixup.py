from math import asin, exp, lgamma, log, pi, sqrt

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from dojo.checks import answer_of, assert_same, unchanged
from katas.probabilities.mixup import mixup, mixup_loss

MANY = 2000


def test_y_b_names_the_partner(device, generator):
    x = torch.randn(9, 4, generator=generator).to(device)
    assert_blended(x, *mixed(x))


def test_pictures_are_mixed_with_their_partners(device, generator):
    for shape in ((7, 3, 5, 2), (3, 1, 3, 3)):
        x = torch.randn(shape, generator=generator).to(device)
        assert_blended(x, *mixed(x))


def test_items_of_any_rank_are_mixed(device, generator):
    for shape in ((8,), (6, 1), (5, 4, 3), (2, 3, 1, 2, 2)):
        x = torch.randn(shape, generator=generator).to(device)
        assert_blended(x, *mixed(x))


def test_a_whole_share_keeps_the_item(device, generator):
    x = torch.randn(40, 3, generator=generator).to(device)
    got, _, _, share = mixed(x, alpha=0.01)  # nearly all shares are 1 or next to it
    whole = (share > 1 - 1e-6).nonzero().squeeze(1)
    assert len(whole), "at alpha 0.01 nearly all shares are 1 to six digits, and none is"
    meaning = "a share of 1 keeps the item; its partner would mean that the share was the partner's"
    # The rest is at most 1e-6 of a partner.
    assert_same(got[whole], x[whole], meaning, rtol=1e-5, atol=1e-5)


def test_a_single_item_is_its_own_partner(device):
    x = torch.tensor([[3.0, -2.0]], device=device)
    got, y_a, y_b, share = answer_of(lambda: mixed(x), "a batch of one has one item to mix")
    assert_same(got, x, "x, blended with itself")
    assert_same(y_a, y_b, "the same item")
    assert tuple(share.shape) == (1,), f"one share, got shape {tuple(share.shape)}"


def test_y_a_is_y(device):
    y = torch.tensor([4, 0, 4, 2, 9, 1], device=device)
    for seed in range(3):
        _, y_a, _, _ = mixed(torch.zeros(6, 2, device=device), y, seed=seed)
        assert_same(y_a, y, "the items' own labels, in their order")


def test_y_b_is_read_from_y(device):
    x = torch.zeros(8, 2, device=device)
    y = torch.tensor([7, 3, 7, 5, 11, 30, 2, 7], device=device)
    _, _, partner, _ = mixed(x)
    _, _, y_b, _ = mixed(x, y)
    meaning = f"the labels of the partners {partner.tolist()}, which equal seeds give"
    assert_same(y_b, y[partner], meaning)


def test_labels_stay_whole_numbers(device):
    y = torch.tensor([3, 7, 7, 3, 3], device=device)
    _, y_a, y_b, _ = mixed(torch.zeros(5, 2, device=device), y)
    for name, got in (("y_a", y_a), ("y_b", y_b)):
        assert got.dtype == torch.int64, f"{name} is of {got.dtype}, labels are of int64"
        assert sorted(got.tolist()) == [3, 3, 3, 7, 7], (
            f"{name} holds three 3s and two 7s in some order, got {got.tolist()}"
        )


def test_partners_are_every_item_once(device):
    for seed in range(3):
        _, _, y_b, _ = mixed(torch.zeros(30, 1, device=device), seed=seed)
        assert sorted(y_b.tolist()) == list(range(30)), (
            f"each item is the partner of exactly one, got {sorted(y_b.tolist())}: repeats would "
            "mean that each partner was drawn by itself"
        )


def test_the_order_is_random(device):
    x = torch.zeros(4, 1, device=device)
    seen = {tuple(mixed(x, seed=seed)[2].tolist()) for seed in range(200)}
    # That 200 draws leave out more than four of 24 orders has a chance below 1 in a million.
    assert len(seen) >= 20, (
        f"four items have 24 orders, 200 seeds gave {len(seen)} of them: 1 would mean an order "
        "that is always the same, 3 or 4 neighbours at a random distance, 9 that no item could be "
        "its own partner"
    )


def test_partners_need_not_be_mutual(device):
    x = torch.zeros(6, 1, device=device)
    orders = [mixed(x, seed=seed)[2] for seed in range(20)]
    mutual = [order[order].tolist() == list(range(6)) for order in orders]
    assert not all(mutual), (
        "for 20 seeds each item was its partner's partner, as if items were mixed in pairs: of 720 "
        "orders of six items only 76 are like that"
    )


def test_the_item_is_the_larger_part(device):
    x = torch.randn(60, 5, generator=torch.Generator().manual_seed(3)).to(device)
    got, _, partner, _ = mixed(x)
    to_item, to_partner = ((got - each).norm(dim=1) for each in (x, x[partner]))
    nearer = (to_item <= to_partner + 1e-5).double().mean().item()  # a partner may be the item
    assert nearer == 1, (
        f"{nearer:.0%} of the blends are nearer to the item than to its partner, not all: 0% would "
        "mean that share went to the partner, half of them that it was folded after the mixing"
    )


def test_each_item_has_its_own_share(device):
    _, _, _, share = mixed(torch.zeros(50, 2, 3, device=device))
    assert tuple(share.shape) == (50,), f"one share an item is (50,), got {tuple(share.shape)}"
    different = len(set(share.tolist()))
    assert different > 10, (
        f"50 items have {different} shares: 1 would be a draw for the whole batch"
    )


def test_no_share_is_below_one_half(device):
    low, high = np.min(drawn(0.4, device)), np.max(drawn(0.4, device))
    assert low >= 0.5, f"the least share is {low:.3g}: shares below 0.5 are to be folded, to 1 - s"
    assert high <= 1, f"the largest share is {high:.3g}: no more than all of an item can be in it"


def test_the_mean_share_at_alpha_0_4(device):
    assert_mean(0.4, device)


def test_the_mean_share_at_other_alphas(device):
    for alpha in (0.2, 1.0, 3.0):
        assert_mean(alpha, device)


def test_a_larger_alpha_mixes_more(device):
    low, high = (float(np.mean(drawn(alpha, device))) for alpha in (0.2, 3.0))
    assert low > high - 0.05, (
        f"the mean share is {low:.2f} at alpha 0.2 and {high:.2f} at alpha 3: it is the small "
        "alpha that leaves items nearly as they are"
    )


def test_shares_at_alpha_one_half(device):
    meaning = "shares near 1 are the most likely; evenly spread ones would mean that alpha is 1"
    assert_distributed(lambda s: 4 / pi * asin(sqrt(s)) - 1, 0.5, meaning, device)


def test_shares_at_alpha_1(device):
    meaning = "every share from 0.5 to 1 is as likely"
    assert_distributed(lambda s: 2 * s - 1, 1.0, meaning, device)


def test_shares_at_alpha_2(device):
    meaning = "even blends are the most likely; shares near 1 would mean a smaller alpha"
    assert_distributed(lambda s: 2 * (3 * s**2 - 2 * s**3) - 1, 2.0, meaning, device)


def test_one_seed_gives_one_result(device, generator):
    x = torch.randn(20, 3, generator=generator).to(device)
    first, second = mixed(x), mixed(x)
    for name, a, b in zip(("mixed", "y_a", "y_b", "share"), first, second, strict=True):
        meaning = (
            f"{name} of two calls with equal seeds; another source of chance than rng was used"
        )
        assert_same(b, a, meaning, rtol=0, atol=0)


def test_the_next_call_draws_another_order(device):
    first, second = two_calls(device)
    assert first[2].tolist() != second[2].tolist(), (
        "two calls with one rng gave the same y_b: rng goes on where it was, and isn't reseeded"
    )


def test_the_next_call_draws_other_shares(device):
    first, second = two_calls(device)
    assert first[3].tolist() != second[3].tolist(), (
        "two calls with one rng gave the same share: rng goes on where it was, and isn't reseeded"
    )


def test_it_works_in_the_dtype_of_x(device, float64, generator):
    for dtype in (torch.float32, float64):
        x = torch.randn(6, 4, generator=generator, dtype=torch.float64).to(dtype).to(device)
        assert_blended(x, *mixed(x))


def test_x_and_y_stay_as_they_are(device, generator):
    x = torch.randn(6, 4, generator=generator).to(device)
    y = torch.arange(6).to(device)
    with unchanged(x, y):
        mixed(x, y)


def test_two_losses_by_hand(device):
    # Losses 2, 3 and 12 for y_a, 4, 1 and 8 for y_b.
    table = torch.tensor([[2.0, 4.0, 0.0], [1.0, 0.0, 3.0], [0.0, 12.0, 8.0]], device=device)
    y_a, y_b = (torch.tensor(y, device=device) for y in ([0, 2, 1], [1, 0, 2]))
    share = torch.tensor([0.75, 0.5, 1.0], device=device)
    got = loss_of(looks_up, table, y_a, y_b, share)
    meaning = (
        "2.5, 2 and 12 for the three items; 5.33 would mean that means were weighted, 16.5 the "
        "sum, 6.61 that purer items counted more, 5.67 the first label alone"
    )
    assert_same(got, torch.tensor(5.5, device=device), meaning)


def test_a_whole_share_is_the_plain_loss(device):
    table = torch.tensor([[2.0, 6.0], [5.0, 3.0]], device=device)
    y_a, y_b = (torch.tensor(y, device=device) for y in ([0, 0], [1, 1]))
    got = loss_of(looks_up, table, y_a, y_b, torch.ones(2, device=device))
    meaning = (
        "2 and 5, with nothing of 6 and 3; 4 would mean that both labels counted alike, 4.5 that "
        "share was the second label's, 7 a sum"
    )
    assert_same(got, torch.tensor(3.5, device=device), meaning)


def test_the_second_label_counts(device):
    table = torch.tensor([[0.0, 8.0]], device=device)
    y_a, y_b = torch.tensor([0], device=device), torch.tensor([1], device=device)
    got = loss_of(looks_up, table, y_a, y_b, torch.tensor([0.75], device=device))
    meaning = "a quarter of 8; 0 would mean that only the first label counted, 6 exchanged shares"
    assert_same(got, torch.tensor(2.0, device=device), meaning)


def test_the_first_label_has_the_larger_share(device):
    table = torch.tensor([[0.0, 8.0]], device=device)
    y_a, y_b = torch.tensor([0], device=device), torch.tensor([1], device=device)
    got = float(loss_of(looks_up, table, y_a, y_b, torch.tensor([0.75], device=device)))
    assert got <= 4.001, f"0 and 8, three quarters of the 0, got {got:.3g}: share belongs to y_a"


def test_shares_do_not_matter_where_both_labels_cost_the_same(device):
    table = torch.tensor([[2.0, 2.0], [8.0, 8.0]], device=device)
    y_a, y_b = (torch.tensor(y, device=device) for y in ([0, 0], [1, 1]))
    got = loss_of(looks_up, table, y_a, y_b, torch.tensor([0.5, 1.0], device=device))
    meaning = "2 for one item and 8 for the other; 6 would mean that purer items counted more"
    assert_same(got, torch.tensor(5.0, device=device), meaning)


def test_the_loss_is_one_number(device):
    table = torch.tensor([[0.0, 8.0], [4.0, 2.0]], device=device)
    y_a, y_b = (torch.tensor(y, device=device) for y in ([0, 1], [1, 0]))
    got = loss_of(looks_up, table, y_a, y_b, torch.full((2,), 0.5, device=device))
    assert tuple(got.shape) == (), f"the mean is of shape (), got {tuple(got.shape)}"


def test_labels_reach_the_loss_as_they_are(device):
    seen = []

    def remembers(predictions, labels):
        seen.append(labels)
        return predictions.sum(1) * 0 + 1

    y_a, y_b = (torch.tensor(y, device=device) for y in ([0, 2, 4], [4, 2, 0]))
    loss_of(remembers, torch.ones(3, 5, device=device), y_a, y_b, torch.full((3,), 0.6).to(device))
    dtypes = {labels.dtype for labels in seen}
    assert dtypes == {torch.int64}, f"labels of {dtypes or 'nothing'} came to loss_func, not int64"
    numbers = [number for labels in seen for number in labels.tolist()]
    assert sorted(set(numbers)) == [0, 2, 4], (
        f"loss_func was asked about the labels {numbers}: 0, 2 and 4 are there, and what lies "
        "between two labels is no label"
    )


def test_it_is_the_loss_of_mixed_targets(device, generator):
    for items, classes in ((12, 5), (3, 9)):
        logits = torch.randn(items, classes, generator=generator, dtype=torch.float64)
        y_a, y_b = torch.randint(classes, (2, items), generator=generator)
        share = 0.5 + torch.rand(items, generator=generator, dtype=torch.float64) / 2
        targets = torch.zeros(items, classes, dtype=torch.float64)
        for row, a, b, s in zip(targets, y_a, y_b, share, strict=True):
            row[a] += s
            row[b] += 1 - s
        expected = cross_entropy(logits, targets)
        given = (each.to(device) for each in (logits.float(), y_a, y_b, share.float()))
        got = loss_of(entropies, *given)
        meaning = "the cross-entropy against share at y_a and 1 - share at y_b"
        assert_same(got, expected.float().to(device), meaning)


def test_another_loss_is_heeded(device):
    def squares(predictions, labels):
        return (predictions - labels) ** 2

    y_a, y_b = (torch.tensor(y, device=device) for y in ([1, 2, 0], [3, 0, 1]))
    share = torch.full((3,), 0.5, device=device)
    got = loss_of(squares, torch.tensor([1.0, 0.0, -1.0], device=device), y_a, y_b, share)
    meaning = "0, 4 and 1 against 4, 0 and 4, in equal shares: loss_func need not be cross-entropy"
    assert_same(got, torch.tensor(13 / 6, device=device), meaning)


def test_the_loss_leads_back_to_the_predictions(device):
    logits = torch.tensor([[0.0, 0.0]], device=device, requires_grad=True)
    y_a, y_b = torch.tensor([0], device=device), torch.tensor([1], device=device)
    loss = loss_of(entropies, logits, y_a, y_b, torch.tensor([0.75], device=device))
    assert loss.requires_grad, "the loss carries no graph: nothing can be trained by it"
    loss.backward()
    meaning = "probabilities of a half, less shares of 0.75 and 0.25"
    assert_same(logits.grad, torch.tensor([[-0.25, 0.25]], device=device), meaning)


@pytest.mark.parametrize("items", [10, 200, 2_000])
def test_benchmark(bench, device, generator, items):
    """Blends are taken apart again, which gives x whatever was drawn: answers can be compared."""
    rng, places = np.random.default_rng(0), torch.arange(items).to(device)

    def made(program):
        def taken_apart(x):
            blends, _, partner, share = program(x, places, 0.4, rng)
            share = share.unsqueeze(1)
            return (blends - (1 - share) * x[partner]) / share

        return taken_apart

    def inputs():
        return (torch.randn(items, 16, generator=generator).to(device),)

    bench(made(item_by_item), mixup, inputs, made=made)


def item_by_item(x, y, alpha, rng):
    order = rng.permutation(len(x)).tolist()
    share = [0.5 + abs(rng.beta(alpha, alpha) - 0.5) for _ in order]
    rows = [s * x[i] + (1 - s) * x[j] for i, (j, s) in enumerate(zip(order, share, strict=True))]
    return torch.stack(rows), y, y[order], torch.tensor(share, device=x.device)


def mixed(x, y=None, alpha=0.4, seed=0):
    """The answer for a fresh rng of this seed; without y, the labels are the items' numbers."""
    y = torch.arange(len(x)).to(x.device) if y is None else y
    why = f"x of shape {tuple(x.shape)} can be mixed"
    return answer_of(lambda: mixup(x, y, alpha, np.random.default_rng(seed)), why)


def two_calls(device):
    x, y = torch.zeros(20, 3, device=device), torch.arange(20).to(device)
    rng = np.random.default_rng(5)
    return mixup(x, y, 0.4, rng), mixup(x, y, 0.4, rng)


def assert_blended(x, got, y_a, partner, share):
    assert_same(y_a, torch.arange(len(x)).to(x.device), "y_a, which is y")
    assert_same(share, share.to(x), "share, of the dtype of x and beside it")
    weights = share.reshape(-1, *[1] * (x.ndim - 1))
    meaning = (
        f"x of shape {tuple(x.shape)}: share of the item and the rest of the one that y_b names; "
        "another order for labels, or shares that are not the ones returned, would not give it"
    )
    assert_same(got, weights * x + (1 - weights) * x[partner], meaning)


def drawn(alpha, device):
    return np.sort(
        mixed(torch.zeros(MANY, 1, device=device), alpha=alpha)[3].cpu().double().numpy()
    )


def assert_mean(alpha, device):
    # Of Beta(a, a) the mean distance from 0.5 is 4**-a / (a B(a, a)).
    expected = 0.5 + exp(-alpha * log(4) - log(alpha) + lgamma(2 * alpha) - 2 * lgamma(alpha))
    got = float(np.mean(drawn(alpha, device)))
    # 0.02 is five deviations and more of such a mean.
    assert abs(got - expected) < 0.02, (
        f"at alpha {alpha} the mean of {MANY} folded shares is {expected:.3f} within 0.02, got "
        f"{got:.3f}: 0.5 would mean that they were not folded, 0.75 that alpha was not used"
    )


def assert_distributed(function, alpha, meaning, device):
    """Compare shares with a distribution function, as Kolmogorov and Smirnov do."""
    shares = drawn(alpha, device)
    expected = np.array([function(min(max(s, 0.5), 1.0)) for s in shares])
    ranks = np.arange(MANY + 1) / MANY
    distance = max(np.abs(expected - ranks[1:]).max(), np.abs(expected - ranks[:-1]).max())
    # A right answer is farther off than 0.06 once in a million times.
    assert distance < 0.06, (
        f"the shares of {MANY} items are {distance:.2f} off the distribution function of a folded "
        f"Beta({alpha:g}, {alpha:g}), not within 0.06: {meaning}"
    )


def loss_of(loss_func, *given):
    return answer_of(lambda: mixup_loss(loss_func, *given), "there is a loss for such a batch")


def looks_up(predictions, labels):
    return predictions.gather(1, labels[:, None]).squeeze(1)


def entropies(predictions, labels):
    return cross_entropy(predictions, labels, reduction="none")
