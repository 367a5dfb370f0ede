import torch
from torch import nn

from dojo.checks import answer_of, assert_same, unchanged
from katas.networks.why_depth import linear_pieces, sawtooth


def test_depth_1_is_one_tooth():
    got = height_at(1, [0.0, 0.25, 0.5, 0.75, 1.0])
    meaning = "up to 1 in the middle and down again; 0, 1, 0, 1, 0 would be two teeth"
    assert_same(got, torch.tensor([0.0, 0.5, 1.0, 0.5, 0.0]), meaning)


def test_every_layer_doubles_the_teeth():
    for depth in (2, 3, 6, 10):
        y = height_at(depth, torch.arange(2**depth + 1) / 2**depth)
        turns = int((y.diff().diff().abs() > y.max() / 2).sum()) + 1
        assert turns == 2**depth, (
            f"depth {depth} has {2**depth} pieces, up and down in turn, got {turns}: {depth + 1} "
            "would mean that each layer adds one in place of doubling them"
        )


def test_teeth_reach_from_0_to_1():
    for depth in (1, 2, 5):
        y = height_at(depth, torch.linspace(0, 1, 4097))
        low, high = y.min().item(), y.max().item()
        assert max(abs(low), abs(high - 1)) < 0.05, (
            f"at depth {depth} teeth go from 0 to 1, got {low:g} to {high:g}: ends below 1 shrink "
            "from layer to layer"
        )


def test_the_line_begins_at_0():
    for depth in (1, 4):
        got = height_at(depth, [0.0]).item()
        assert got == 0, f"at depth {depth} the line begins at 0, got {got}"


def test_pieces_are_equally_long():
    for depth in (1, 2, 3):
        at_turns = height_at(depth, torch.arange(2**depth + 1) / 2**depth)
        got = sorted(set(at_turns.tolist()))
        assert len(got) == 2, (
            f"at multiples of 1 / {2**depth} the line of depth {depth} has turned, so it has two "
            f"heights there, got {got}"
        )


def test_it_is_straight_between_the_turns():
    for depth in (1, 3, 8, 10):
        x = torch.arange(8 * 2**depth + 1) / (8 * 2**depth)
        place = x.double() * 2**depth % 2
        expected = torch.where(place <= 1, place, 2 - place)
        meaning = f"depth {depth}, eight points on each piece, exact in float32"
        assert_same(height_at(depth, x), expected.float(), meaning, rtol=0, atol=0)


def test_a_layer_has_two_units():
    for depth in (2, 5):
        wide = [layer.out_features for layer in network(depth) if isinstance(layer, nn.Linear)]
        assert max(wide) <= 2, f"at depth {depth} a layer has two units at most, got {wide}"


def test_a_layer_has_ten_numbers_at_most():
    for depth in (1, 4, 10):
        got = sum(param.numel() for param in network(depth).parameters())
        assert got <= 10 * depth, f"depth {depth} has {got} numbers to learn, {10 * depth} at most"


def test_depth_counts_the_hidden_layers():
    for depth in (1, 3, 7):
        got = sum(isinstance(layer, nn.ReLU) for layer in network(depth))
        assert got == depth, f"depth {depth} has as many nn.ReLU, got {got}"


def test_each_layer_has_weights_of_its_own():
    linear = [layer for layer in network(4) if isinstance(layer, nn.Linear)]
    places = {layer.weight.data_ptr() for layer in linear}
    assert len(places) == len(linear), f"{len(linear)} layers share {len(places)} weights"


def test_it_is_a_plain_sequential():
    got = network(2)
    assert isinstance(got, nn.Sequential), f"expected an nn.Sequential, got {type(got).__name__}"
    kinds = {type(layer).__name__ for layer in got}
    assert kinds == {"Linear", "ReLU"}, f"it holds nn.Linear and nn.ReLU, got {sorted(kinds)}"


def test_a_column_comes_out():
    got = tuple(network(2)(torch.rand(5, 1)).shape)
    assert got == (5, 1), f"(5, 1) goes in and (5, 1) comes out, got {got}"


def test_a_straight_line_is_one_piece():
    assert_pieces([0, 1, 2, 3], [5, 7, 9, 11], 1)


def test_a_kink_at_a_point():
    assert_pieces([0, 1, 2, 3, 4], [0, 1, 2, 0, -2], 2)


def test_a_kink_between_two_points():
    assert_pieces([0, 1, 2, 3, 4, 5], [0, 2, 4, 3.5, 2.5, 1.5], 2)


def test_slopes_may_come_back():
    assert_pieces([0, 1, 2, 3, 4, 5, 6, 7, 8], [0, 1, 2, 1, 0, 1, 2, 1, 0], 4)


def test_two_slopes_of_one_sign():
    assert_pieces([0, 1, 2, 3, 4], [0, 1, 2, 5, 8], 2)


def test_unequal_steps():
    assert_pieces([0, 1, 3, 4, 8, 9], [0, 2, 6, 8, 16, 18], 1)
    assert_pieces([0, 1, 2, 4, 6, 8], [0, 1, 2, 3, 4, 5], 2)


def test_a_slope_of_0_is_a_slope():
    assert_pieces([0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 2, 2, 3, 4], 3)
    assert_pieces([0, 1, 2, 3], [5, 5, 5, 5], 1)


def test_a_piece_of_two_steps_counts():
    assert_pieces([0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3, 1, -1, 0, 1], 3)


def test_small_numbers_count():
    assert_pieces([0, 1, 2, 3, 4], [0, 1e-4, 2e-4, 0, -2e-4], 2)


def test_rounding_is_no_kink(generator):
    x = torch.rand(60, generator=generator).sort().values * 10 + torch.arange(60) * 0.05
    y = torch.where(x < 5, 0.3 * x, 4 - 0.5 * x)
    noise = 1e-7 * torch.randn(60, generator=generator)
    assert_pieces(x.tolist(), (y + noise).tolist(), 2)


def test_pieces_of_a_sawtooth_on_any_grid():
    for depth in range(1, 11):
        pieces = 2**depth
        for points in (4 * pieces + 1, 4 * pieces + 4, 7 * pieces + 1):
            x = torch.linspace(0, 1, points, dtype=torch.float64)
            place = x * pieces % 2
            y = torch.where(place <= 1, place, 2 - place)
            got = pieces_of(x, y)
            assert got == pieces, (
                f"{pieces} pieces, drawn with {points} points, got {got}: kinks at points and "
                "between them count once each"
            )


def test_twenty_units_have_at_most_21_pieces(generator):
    x = torch.linspace(-3, 3, 3001)
    found = []
    for _ in range(30):
        weight, bias, out = torch.randn(3, 20, generator=generator)
        y = (x[:, None] * weight + bias).relu() @ out
        found.append(pieces_of(x, y))
    assert max(found) <= 21, f"20 units make 20 kinks and 21 pieces at most, got {found}"
    assert min(found) > 2, f"thirty drawn layers of 20 units have more than two pieces, got {found}"


def test_the_count_is_an_int():
    got = answer_of(lambda: linear_pieces(torch.arange(4.0), torch.zeros(4)), "four points")
    assert type(got) is int, f"a number of pieces is an int, got {got!r}"


def test_the_points_stay_as_they_are():
    x, y = torch.tensor([1.0, 2, 3, 4, 5]), torch.tensor([3.0, 4, 5, 3, 1])
    with unchanged(x, y):
        pieces_of(x, y)


def network(depth):
    return answer_of(lambda: sawtooth(depth), f"a sawtooth of depth {depth}")


def height_at(depth, x):
    column = torch.as_tensor(x, dtype=torch.float32)[:, None]
    with torch.no_grad():
        return answer_of(lambda: network(depth)(column), f"depth {depth} at {len(column)} points")[
            ..., 0
        ].reshape(-1)


def pieces_of(x, y):
    return answer_of(lambda: linear_pieces(x, y), f"{len(x)} points")


def assert_pieces(x, y, expected):
    got = pieces_of(torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32))
    assert got == expected, (
        f"x {few(x)}, y {few(y)} is a line of {expected} straight pieces, got {got}"
    )


def few(numbers):
    return str(numbers[:9]) if len(numbers) <= 9 else f"{numbers[:3]}... ({len(numbers)})"
