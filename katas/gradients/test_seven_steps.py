from itertools import count

import torch

from dojo.checks import answer_of, assert_same
from katas.gradients.seven_steps import train

ENDLESS = 100


class Recorder:
    """Steps whose results say where they come from; they write down every call.

    Parameters are called p0, p1 and so on, and round 0 makes predictions of p0, their loss and its
    gradient.
    """

    def __init__(self, rounds=ENDLESS, answer=True):
        self.rounds, self.answer = rounds, answer
        self.calls = []

    def note(self, name, *arguments):
        self.calls.append((name, *arguments))
        assert len(self.calls) < 5 * ENDLESS, "endless: five hundred calls, and no end in sight"

    def init(self):
        self.note("init")
        return "p0"

    def predict(self, params):
        self.note("predict", params)
        return f"predictions of {params}"

    def loss(self, predictions):
        self.note("loss", predictions)
        return f"loss of {predictions}"

    def gradient(self, value, params):
        self.note("gradient", value, params)
        return f"gradient of {value}"

    def step(self, params, gradients):
        self.note("step", params, gradients)
        return f"p{self.count('step')}"

    def stop(self, params):
        self.note("stop", params)
        return self.answer if self.count("stop") >= self.rounds else False

    def count(self, name):
        return sum(call[0] == name for call in self.calls)

    def of(self, name):
        return [call[1:] for call in self.calls if call[0] == name]

    def train(self, limit=ENDLESS):
        return answer_of(
            lambda: train(
                self.init, self.predict, self.loss, self.gradient, self.step, self.stop, limit
            ),
            "the seven steps can be run with these functions",
        )


def test_a_round_has_five_calls_in_order():
    recorder = Recorder()
    recorder.train(limit=2)
    got = [name for name, *_ in recorder.calls]
    expected = ["init", *["predict", "loss", "gradient", "step", "stop"] * 2]
    assert got == expected, f"two rounds make the calls {expected}, got {got}"


def test_loss_and_gradient_get_what_came_before():
    recorder = Recorder()
    recorder.train(limit=1)
    expected = {
        "predict": [("p0",)],
        "loss": [("predictions of p0",)],
        "gradient": [("loss of predictions of p0", "p0")],
    }
    got = {name: recorder.of(name) for name in expected}
    assert got == expected, f"in the first round the calls get {expected}, got {got}"


def test_a_step_gets_parameters_and_gradients():
    recorder = Recorder()
    recorder.train(limit=1)
    [(params, gradients)] = recorder.of("step")
    assert params == "p0", f"the first step sets out from p0, got {params}"
    assert gradients.startswith("gradient of "), (
        f"a step gets what gradient() gave, got the {gradients}"
    )


def test_init_runs_once():
    recorder = Recorder()
    recorder.train(limit=3)
    got = recorder.count("init")
    assert got == 1, (
        f"init is the first of the seven steps and no part of a round, it ran {got} times"
    )


def test_each_round_predicts_anew():
    recorder = Recorder()
    recorder.train(limit=3)
    got = [params for (params,) in recorder.of("predict")]
    assert got == ["p0", "p1", "p2"], (
        f"three rounds predict with p0, p1, p2, got {got}: predictions of old parameters are stale"
    )


def test_each_gradient_is_of_this_round():
    recorder = Recorder()
    recorder.train(limit=3)
    got = [gradients for _, gradients in recorder.of("step")]
    expected = [f"gradient of loss of predictions of p{number}" for number in range(3)]
    assert got == expected, f"the steps of three rounds get {expected}, got {got}"


def test_new_parameters_replace_the_old_ones():
    recorder = Recorder()
    recorder.train(limit=3)
    got = [params for params, _ in recorder.of("step")]
    assert got == ["p0", "p1", "p2"], f"three steps set out from p0, p1, p2, got {got}"


def test_stop_gets_the_new_parameters():
    recorder = Recorder()
    recorder.train(limit=3)
    got = [params for (params,) in recorder.of("stop")]
    assert got == ["p1", "p2", "p3"], (
        f"stop sees what each of three steps has made, p1, p2, p3, got {got}"
    )


def test_training_goes_on_until_stop_says_so():
    for rounds in (1, 4):
        recorder = Recorder(rounds)
        recorder.train()
        got = recorder.count("step")
        assert got == rounds, f"stop says so in round {rounds}, there were {got} rounds"


def test_a_truthy_answer_stops():
    for answer in (1, "enough", torch.tensor(True)):
        recorder = Recorder(rounds=2, answer=answer)
        recorder.train(limit=5)
        got = recorder.count("step")
        assert got == 2, f"stop answers {answer!r} in round 2, there were {got} rounds"


def test_there_are_no_more_rounds_than_the_limit():
    for limit in (1, 2, 7):
        recorder = Recorder()
        recorder.train(limit)
        got = recorder.count("step")
        assert got == limit, f"the limit is {limit} and stop never says so, got {got} rounds"


def test_the_parameters_of_the_last_step_come_back():
    for recorder, limit, expected in ((Recorder(), 3, "p3"), (Recorder(2), 9, "p2")):
        got = recorder.train(limit)
        assert got == expected, f"the last step made {expected}, got {got!r}"


def test_without_rounds_init_comes_back():
    recorder = Recorder()
    got = recorder.train(limit=0)
    assert got == "p0", f"no rounds leave what init gave, p0, got {got!r}"
    assert recorder.calls == [("init",)], f"no rounds call init alone, got {recorder.calls}"


def test_parameters_that_are_falsy_are_parameters():
    got = answer_of(
        lambda: train(
            lambda: 2,
            lambda params: params,
            lambda predictions: predictions,
            lambda value, params: 1,
            lambda params, gradients: params - gradients,
            lambda params: params == 0,
            ENDLESS,
        ),
        "parameters may be numbers",
    )
    assert got == 0, f"from 2 down by 1 until 0, got {got}"


def test_it_fits_a_parabola():
    time = torch.linspace(-1, 1, 20, dtype=torch.float64)
    noise = torch.randn(20, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    speed = 9.5 * (time - 0.75) ** 2 + 1 + noise
    table = torch.stack([time**2, time, torch.ones_like(time)], dim=1)
    expected = torch.linalg.lstsq(table, speed[:, None]).solution[:, 0]

    def gradient(value, params):
        return torch.autograd.grad(value, params)[0]

    rounds = count()

    def step(params, gradients):
        assert next(rounds) < 1_000, "endless: the limit is 200 rounds, and there were 1,000"
        return (params.detach() - 0.5 * gradients).requires_grad_()

    got = train(
        lambda: torch.zeros(3, dtype=torch.float64, requires_grad=True),
        lambda params: table @ params,
        lambda predictions: (predictions - speed).square().mean(),
        gradient,
        step,
        lambda params: False,
        200,
    )
    meaning = "the parabola of least squares, from a noisy speed"
    assert_same(got.detach(), expected, meaning, rtol=0, atol=0.05)  # 200 rounds come to 1e-7
