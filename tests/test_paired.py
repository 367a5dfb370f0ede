"""dojo.paired: the decision rule, by arithmetic and by simulation."""

from itertools import count as counting_from
from math import comb
from random import Random

import pytest

from dojo.paired import ERROR, LOOKS, Measurement, Pair, decide, interval


def pairs(ratios):
    return (Pair(loop=ratio, mine=1.0) for ratio in ratios)


def measurement(low, ratio, high):
    return Measurement(ratio, low, high, loop_seconds=1.0, mine_seconds=1.0, pairs=8)


def test_eight_values_bound_the_median_by_the_lowest_and_the_highest():
    assert interval([5, 3, 8, 1, 7, 2, 6, 4], ERROR / len(LOOKS)) == (1, 8)


def test_seven_values_are_too_few():
    with pytest.raises(ValueError, match="7 values are too few"):
        interval(range(7), ERROR / len(LOOKS))


@pytest.mark.parametrize("size", LOOKS)
def test_the_interval_is_the_narrowest_within_the_error(size):
    """Its ends are the k-th values from both sides: one more would be missed too often."""
    error = ERROR / len(LOOKS)
    low, high = interval(range(1, size + 1), error)
    assert low + high == size + 1

    def missed(k):  # fewer than k of `size` fair coins fall heads, or fewer than k fall tails
        return 2 * sum(comb(size, i) for i in range(k)) / 2**size

    assert missed(low) <= error < missed(low + 1)


def test_the_interval_covers_the_median_as_often_as_it_says():
    random = Random(0)
    trials = 4_000
    # k = 2 of 12: missed with 2 * (1 + 12) / 4096 = 0.63%; the median of expovariate(1) is ln 2
    bounds = (interval([random.expovariate(1) for _ in range(12)], 0.0083) for _ in range(trials))
    missed = sum(not low <= 0.6931 <= high for low, high in bounds)
    assert abs(missed / trials - 0.0063) < 4 * (0.0063 / trials) ** 0.5


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (4.1, 5.0, "passed"),
        (4.0, 5.0, "undecided"),
        (3.0, 5.0, "undecided"),
        (3.0, 4.0, "undecided"),
        (3.0, 3.9, "failed"),
    ],
)
def test_only_what_the_whole_interval_agrees_on_is_judged(low, high, verdict):
    assert measurement(low, 4.5, high).verdict(4) == verdict


def test_a_clear_case_takes_eight_pairs():
    drawn = counting_from(40)
    found = decide(pairs(drawn), at_least=10)
    assert found == Measurement(43.5, 40, 47, loop_seconds=43.5, mine_seconds=1.0, pairs=8)
    assert next(drawn) == 48  # no pair was measured for nothing


def test_an_unclear_case_takes_all_pairs_and_stays_undecided():
    found = decide(pairs(9 + number % 3 for number in counting_from()), at_least=10)
    assert found.pairs == LOOKS[-1]
    assert found.verdict(10) == "undecided"


def test_one_wild_pair_changes_nothing():
    calm = decide(pairs([20.0] * 48), at_least=10)
    wild = decide(pairs([20.0] * 5 + [0.01] + [20.0] * 42), at_least=10)
    assert (calm.pairs, wild.pairs) == (8, 12)
    assert wild.verdict(10) == "passed"
    assert wild.ratio == 20


def test_too_few_pairs_are_no_measurement():
    with pytest.raises(ValueError, match="5 pairs are too few"):
        decide(pairs([1.0] * 5), at_least=10)


@pytest.mark.parametrize("spread", [0.02, 0.5])
def test_a_true_ratio_at_the_bar_rarely_passes_or_fails(spread):
    """At most 2.5% either way, however noisy: the test allows three standard deviations more."""
    random = Random(1)
    trials = 2_000
    verdicts = [
        decide(pairs(10 * random.lognormvariate(0, spread) for _ in range(48)), 10).verdict(10)
        for _ in range(trials)
    ]
    most = trials * ERROR / 2 + 3 * (trials * ERROR / 2) ** 0.5
    assert 0 < verdicts.count("passed") < most
    assert 0 < verdicts.count("failed") < most


def test_a_ratio_far_from_the_bar_is_never_misjudged():
    random = Random(2)
    for true, verdict in ((30, "passed"), (3, "failed")):
        for _ in range(500):
            noise = (random.lognormvariate(0, 0.3) for _ in range(48))
            assert decide(pairs(true * each for each in noise), 10).verdict(10) == verdict
