import pytest
from torch import nn

from dojo.checks import answer_of
from katas.python.context_managers import EvalMode


class Stop(Exception):
    """What the tests raise inside a with statement."""


def test_the_statement_binds_something():
    with EvalMode(training()) as bound:
        assert bound is not None, "`as` binds what __enter__ returns, got None"


def test_the_statement_binds_the_model():
    model = training()
    with EvalMode(model) as bound:
        assert isinstance(bound, nn.Module), (
            f"`as` binds what __enter__ returns, the model, got a {type(bound).__name__}"
        )


def test_the_model_that_comes_out_is_the_one_that_went_in():
    model = training()
    with EvalMode(model):
        assert not model.training, "inside, the model itself is in eval mode, not a copy of it"


def test_every_module_is_in_eval_mode_inside():
    model = training()
    with EvalMode(model):
        got = modes(model)
        assert not any(got), f"inside, no module trains, got {got} for model.modules()"


def test_every_module_gets_its_mode_back():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    with EvalMode(model):
        pass
    assert all(modes(model)), f"all modules trained before, got {modes(model)} afterwards"


def test_modules_in_eval_mode_stay_so():
    model = training()
    model[1].eval()  # frozen, as a pretrained batch norm is
    before = modes(model)
    with EvalMode(model):
        pass
    assert modes(model) == before, (
        f"model.modules() had training {before}, afterwards {modes(model)}: the mode of each is "
        "its own, and a frozen layer stays frozen"
    )


def test_modules_deep_inside_get_their_modes_back():
    model = training()
    before = modes(model)
    with EvalMode(model):
        pass
    deepest = model[2][1]
    assert deepest.training, "a module two levels down trained before, and does not afterwards"
    assert modes(model) == before, f"training was {before}, afterwards {modes(model)}"


def test_a_shared_module_gets_its_own_mode_back():
    shared = nn.Linear(2, 2)
    model = nn.Sequential(nn.Sequential(shared), nn.Sequential(shared))
    model[1].eval()
    shared.train()
    with EvalMode(model):
        pass
    assert shared.training, (
        "a layer shared by two blocks, of which the second is in eval mode, trained before and "
        "does not afterwards: train() and eval() of a block reach into its layers"
    )
    assert not model[1].training, "the second block was in eval mode before, and trains afterwards"


def test_a_model_in_eval_mode_stays_so():
    model = training().eval()
    with EvalMode(model):
        pass
    assert not any(modes(model)), f"no module trained before, got {modes(model)} afterwards"


def test_modes_come_back_after_an_exception():
    model = training()
    model[1].eval()
    before = modes(model)
    for error in (Stop(), KeyboardInterrupt()):
        try:
            with EvalMode(model):
                raise error
        except (Stop, KeyboardInterrupt):
            pass
        assert modes(model) == before, (
            f"training was {before}, and {modes(model)} after a {type(error).__name__} inside: the "
            "way out is the same with and without an exception"
        )


def test_an_exception_goes_on_its_way():
    try:
        with EvalMode(training()):
            raise Stop
    except Stop:
        return
    pytest.fail("an exception inside was swallowed: a true value from __exit__ does that")


def test_two_of_them_nest_on_one_model():
    model = training()
    model[1].eval()
    before = modes(model)
    with EvalMode(model):
        with EvalMode(model):
            pass
        assert not any(modes(model)), f"still inside the outer one, got {modes(model)}"
    assert modes(model) == before, f"training was {before}, afterwards {modes(model)}"


def test_what_counts_is_the_mode_at_entry():
    model = training()
    context = EvalMode(model)
    model[1].eval()  # between construction and entry
    before = modes(model)
    with context:
        pass
    assert modes(model) == before, (
        f"at entry training was {before}, afterwards {modes(model)}: the modes are to be "
        "remembered at entry, not at construction"
    )


def test_making_one_changes_nothing():
    model = training()
    answer_of(lambda: EvalMode(model), "EvalMode takes a model")
    assert all(modes(model)), f"no statement was entered, and training is {modes(model)}"


def training():
    """A model of seven modules, all in train mode."""
    inner = nn.Sequential(nn.Linear(3, 2), nn.Dropout())
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), inner, nn.ReLU())


def modes(model):
    return [module.training for module in model.modules()]
