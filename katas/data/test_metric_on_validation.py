import pytest
import torch
from torch import nn

from dojo.checks import answer_of, unchanged
from katas.data.metric_on_validation import evaluate, generalization_gap


def test_parts_do_not_add_up_to_the_whole(device):
    batches = off_by([[1.0] * 4, [1.0] * 4, [5.0] * 2], device)
    got = answer_of(lambda: evaluate(nn.Identity(), batches, rmse), "batches of 4, 4 and 2")
    assert got == pytest.approx(5.8**0.5), (
        f"eight errors of 1 and two of 5 have a mean square of 5.8, its root is 2.41, got {got}: "
        "2.33 would mean the mean of three batches, 1.8 that mean weighted by size"
    )


def test_a_short_last_batch_counts(device):
    got = evaluate(nn.Identity(), off_by([[0.0] * 4, [1.0] * 2], device), share_right)
    assert got != 1, "4 of 6 are right, 0.67; 1 would mean that the short batch was left out"


def test_each_example_counts_alike(device):
    got = evaluate(nn.Identity(), off_by([[0.0] * 4, [1.0] * 2], device), share_right)
    assert got != 0.5, "4 of 6 are right, 0.67; 0.5 would mean that both batches count alike"


def test_all_batches_count(device):
    got = evaluate(nn.Identity(), off_by([[0.0] * 2, [1.0] * 2], device), share_right)
    assert got == 0.5, f"2 of 4 are right, got {got}: 0 or 1 would mean one of the two batches"


def test_the_metric_is_called_once(device):
    calls = []
    evaluate(
        nn.Identity(),
        off_by([[0.0] * 3, [0.0] * 3, [0.0]], device),
        lambda predictions, targets: calls.append(tuple(targets.shape)) or 0.0,
    )
    assert calls == [(7,)], f"the metric is called once, with 7 targets, got shapes {calls}"


def test_predictions_come_first(device):
    got = evaluate(nn.Identity(), off_by([[3.0], [1.0]], device), lambda p, t: (p - t).mean())
    assert got == 2, f"predictions are 3 and 1 above their targets, 2 on average, got {got}"


def test_examples_keep_their_order(device):
    batches = [(column([1.0, 2.0], device),) * 2, (column([3.0], device),) * 2]
    seen = []
    evaluate(nn.Identity(), batches, lambda p, t: seen.extend(p.flatten().tolist()) or 0.0)
    assert seen == [1, 2, 3], f"the batches hold 1, 2, then 3, the metric got {seen}"


def test_a_whole_batch_and_its_parts_have_one_result(device, generator):
    model = net(generator).to(device)
    x = torch.randn(11, 4, generator=generator).to(device)
    y = torch.randn(11, 2, generator=generator).to(device)
    whole = evaluate(model, [(x, y)], rmse)
    for size in (1, 3, 5):
        parts = zip(x.split(size), y.split(size), strict=True)
        got = evaluate(model, list(parts), rmse)
        assert got == pytest.approx(whole, rel=1e-5), (
            f"11 examples by {size} have {got}, all at once {whole}"
        )


def test_layers_are_in_eval_mode(device, generator):
    seen = modes_while_predicting(net(generator).to(device), device)
    assert not any(seen), f"while it predicts no module trains, modules' training was {seen}"


def test_a_model_without_layers_is_in_eval_mode(device):
    model = Watched().train()
    evaluate(model, off_by([[0.0]], device), share_right)
    training = [training for training, _ in model.seen]
    assert training == [False], f"while it predicts the model's training is False, got {training}"


def test_gradients_are_off(device):
    model = Watched().eval()
    evaluate(model, off_by([[0.0], [0.0]], device), share_right)
    recording = [recording for _, recording in model.seen]
    assert recording == [False, False], (
        f"torch.is_grad_enabled() in the model was {recording}: eval() does not switch it off"
    )


def test_gradients_come_back(device):
    evaluate(nn.Identity(), off_by([[0.0]], device), share_right)
    recording = torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    assert recording, "afterwards gradients are recorded as before, and were left off"


def test_a_model_that_trained_trains_again(device, generator):
    assert_modes_stay(net(generator).to(device).train(), device)


def test_a_model_in_eval_mode_stays_in_it(device, generator):
    assert_modes_stay(net(generator).to(device).eval(), device)


def test_a_frozen_layer_stays_frozen(device, generator):
    model = net(generator).to(device).train()
    model[1].eval()
    assert_modes_stay(model, device)


def test_modes_come_back_after_a_metric_that_raises(device, generator):
    model = net(generator).to(device).train()
    before = modes(model)
    with pytest.raises(ZeroDivisionError):
        evaluate(model, examples(device), lambda predictions, targets: 1 / 0)
    assert modes(model) == before, (
        f"training was {before} before the metric raised, and is {modes(model)}"
    )


def test_modes_come_back_after_a_model_that_raises(device, generator):
    model = net(generator).to(device).train()
    model.append(Breaks())
    before = modes(model)
    with pytest.raises(KeyError):
        evaluate(model, examples(device), share_right)
    assert modes(model) == before, (
        f"training was {before} before the model raised, and is {modes(model)}"
    )


def test_an_error_comes_out(device):
    for error in (ZeroDivisionError, KeyError):

        def metric(predictions, targets, error=error):
            raise error("not today")

        try:
            got = evaluate(nn.Identity(), off_by([[0.0]], device), metric)
        except error:
            continue
        pytest.fail(f"the metric's {error.__name__} is to come out, got {got}")


def test_statistics_stand_still(device, generator):
    model = net(generator).to(device).train()
    with unchanged(*model.buffers()):
        evaluate(model, examples(device), rmse)


def test_weights_still_learn(device, generator):
    model = net(generator).to(device)
    with unchanged(*(param.data for param in model.parameters())):
        evaluate(model, examples(device), rmse)
    learn = [param.requires_grad for param in model.parameters()]
    assert all(learn), f"requires_grad of the weights was True, and is {learn}"


def test_batches_may_be_walked_once(device):
    got = evaluate(nn.Identity(), iter(off_by([[0.0], [0.0]], device)), share_right)
    assert got == 1, f"two right ones from an iterator, 1.0, got {got}: was it walked twice?"


def test_the_result_is_a_float(device):
    for metric in (lambda p, t: (p - t).mean(), lambda p, t: 1, lambda p, t: 0.5):
        got = evaluate(nn.Identity(), off_by([[1.0]], device), metric)
        assert isinstance(got, float), f"the result is a Python float, got {got!r}"


def test_the_metric_gets_tensors_of_the_device(device):
    seen = []

    def metric(predictions, targets):
        seen.extend((predictions.device.type, targets.device.type))
        return 0.0

    evaluate(nn.Identity(), off_by([[1.0]], device), metric)
    assert seen == [device.type] * 2, f"all is on {device.type}, the metric got tensors on {seen}"


def test_the_gap_is_train_minus_valid(device):
    got = gap(device, right=4, wrong=1)
    assert got > 0, f"all right on train, 4 of 5 on valid: a gap of 0.2, got {got:.3g}"


def test_a_gap_may_be_below_zero(device):
    train, valid = off_by([[1.0, 0.0]], device), off_by([[0.0]], device)
    got = generalization_gap(nn.Identity(), train, valid, share_right)
    assert got != 0.5, "half right on train, all on valid: a gap of -0.5, and its sign is lost"


def test_the_gap_is_no_ratio(device):
    got = abs(gap(device, right=1, wrong=1))
    assert got <= 0.5 + 1e-6, f"1 minus 0.5 is 0.5, got {got:.3g}: 1 / 0.5 is no difference"


def test_what_is_learned_by_heart_shows_in_the_gap(device, digits):
    if len(digits.labels.unique()) < 10:
        pytest.skip("by chance one of ten digits is right in 10%: these are fewer than ten")
    train, valid = digits.split(0.5, seed=0)
    inputs, held_out = (part.images[:400].flatten(1).to(device) / 255 for part in (train, valid))
    order = torch.randperm(400, generator=torch.Generator().manual_seed(0))
    shuffled, labels = train.labels[:400][order].to(device), valid.labels[:400].to(device)
    got = answer_of(
        lambda: generalization_gap(
            NearestNeighbour(inputs, shuffled),
            zip(inputs.split(150), shuffled.split(150), strict=True),
            zip(held_out.split(150), labels.split(150), strict=True),
            share_right,
        ),
        "400 digits with shuffled labels, and 400 others",
    )
    assert abs(got) >= 0.75, (  # 0.86 to 0.94 over 50 splits
        f"with shuffled labels there is nothing to learn but the labels by heart: all right on "
        f"train, a tenth on valid, a gap of 0.9, got {got:.2f}"
    )


@pytest.mark.parametrize("examples", [10, 100, 1_000])
def test_benchmark(bench, device, generator, examples):
    model = net(generator).to(device)

    def one_by_one(x, y):
        model.eval()
        with torch.no_grad():
            predictions = torch.cat([model(example[None]) for example in x])
        model.train()
        return rmse(predictions, y).item()

    def made(program):
        return lambda x, y: program(model, zip(x.split(64), y.split(64), strict=True), rmse)

    def inputs():
        shapes = (examples, 4), (examples, 2)
        return tuple(torch.randn(shape, generator=generator).to(device) for shape in shapes)

    bench(one_by_one, evaluate, inputs, made=made)


class NearestNeighbour(nn.Module):
    """Gives the label of the nearest of the examples that it was shown."""

    def __init__(self, inputs, labels):
        super().__init__()
        self.inputs, self.labels = inputs, labels

    def forward(self, x):
        squares = x.square().sum(1, keepdim=True) + self.inputs.square().sum(1)
        return self.labels[(squares - 2 * x @ self.inputs.T).argmin(1)]


class Watched(nn.Module):
    """Notes in which mode it is called, and whether gradients are recorded."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, x):
        self.seen.append((self.training, torch.is_grad_enabled()))
        return x


class Breaks(nn.Module):
    def forward(self, x):
        raise KeyError("no way through")


def rmse(predictions, targets):
    """A metric that is no mean over examples."""
    return (predictions - targets).square().mean().sqrt()


def share_right(predictions, targets):
    return (predictions == targets).double().mean().item()


def gap(device, right, wrong):
    train, valid = off_by([[0.0] * 3], device), off_by([[0.0] * right + [1.0] * wrong], device)
    return generalization_gap(nn.Identity(), train, valid, share_right)


def column(numbers, device):
    return torch.tensor(numbers, device=device)


def off_by(errors, device):
    """Batches for a model that predicts its inputs, which are so far above their targets."""
    return [
        (column([10.0 + error for error in batch], device), column([10.0] * len(batch), device))
        for batch in errors
    ]


def examples(device):
    """Two batches of 5 and 3: 4 inputs, 2 targets."""
    generator = torch.Generator().manual_seed(3)
    return [
        (
            torch.randn(size, 4, generator=generator).to(device),
            torch.randn(size, 2, generator=generator).to(device),
        )
        for size in (5, 3)
    ]


def net(generator):
    model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(0.5), nn.Linear(6, 2))
    for param in model.parameters():
        param.data = torch.randn(param.shape, generator=generator)
    return model


def modes(model):
    return [module.training for module in model.modules()]


def modes_while_predicting(model, device):
    seen = []
    model[-1].register_forward_pre_hook(lambda *_: seen.extend(modes(model)))
    evaluate(model.train(), examples(device), rmse)
    return seen


def assert_modes_stay(model, device):
    before = modes(model)
    evaluate(model, examples(device), rmse)
    after = modes(model)
    assert after == before, (
        f"training of the model and its layers was {before} before, and is {after} after it"
    )
