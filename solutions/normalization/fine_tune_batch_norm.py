"""What is often overlooked in transfer learning?

A model comes with what it has learnt, and batch norms with what they have seen. Other data look
different.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from dojo import alternative, misconception

__all__ = ["freeze_but_norms", "recalibrate"]


def freeze_but_norms(model: nn.Module) -> None:
    """Let nothing but the weights and biases of the model's batch norms require gradients.

    Batch norms are nn.BatchNorm1d, nn.BatchNorm2d and nn.BatchNorm3d, wherever they are in the
    model, and the model may be one itself. All their weights and biases require gradients
    afterwards, also those that did not before; with affine=False they have none. No other parameter
    does: none of another layer, none of another kind of norm, and none that the model, or a module
    with modules in it, holds itself.

    Values, statistics and modes stay as they are, and parameters are the same nn.Parameters.
    """
    model.requires_grad_(False)
    for norm in _batch_norms(model):
        norm.requires_grad_(True)


def recalibrate(model: nn.Module, batches: Iterable[Tensor]) -> None:
    """Give the model's batch norms the running statistics of these batches.

    A batch is what model takes: inputs, without targets. There is at least one; batches may be a
    generator, and each goes through the model once. Of what arrives at a batch norm while they do,
    running_mean becomes the average of the batches' means, running_var the average of their
    unbiased variances, as training takes them. Each batch counts alike, whatever its size, and
    what the statistics were before does not count. While batches go through, every batch norm
    normalises by the batch's own mean and variance, as in training, whatever mode it comes in; all
    other modules are in eval mode.

    Nothing else changes: weights, other modules' buffers, each module's mode, each norm's momentum,
    what requires gradients, and what is in .grad. Only num_batches_tracked may be anything
    afterwards. Every batch norm has running statistics.
    """
    modes = [(module, module.training) for module in model.modules()]
    momenta = [(norm, norm.momentum) for norm in _batch_norms(model)]
    model.eval()
    for norm, _ in momenta:
        norm.reset_running_stats()
        norm.momentum = None  # the average of all batches since the reset
        norm.train()
    with torch.no_grad():
        for batch in batches:
            model(batch)
    for norm, momentum in momenta:
        norm.momentum = momentum
    for module, mode in modes:
        module.training = mode


def _batch_norms(model):
    return [module for module in model.modules() if isinstance(module, _BatchNorm)]


HINTS = (
    "A batch norm holds two things: a weight and a bias, which an optimiser moves, and running "
    "statistics, which move whenever batches go through it in training mode.",
    "Read the documentation of momentum in nn.BatchNorm1d: what does None mean? And which modules "
    "must not be in training mode while the batches go through?",
    "Note each module's mode and each norm's momentum. model.eval(); for each norm "
    "reset_running_stats(), momentum = None, train(). Send the batches through under "
    "torch.no_grad(), and put modes and momenta back, module by module.",
)
ANSWER = """
The batch norms. A frozen layer was trained for inputs of a certain mean and deviation, and it is
the norm's running statistics that see to it. On other data these are wrong in eval mode, and the
model fails although every weight is right: digits that are merely paler are hardly read any more,
and as well as ever once the statistics have been taken anew, without a single label. So leave the
norms trainable, and let their statistics follow the new data.

requires_grad = False does not freeze a batch norm: its statistics move whenever it is in training
mode. To freeze one, put it into eval mode too, and again after every model.train(). With batches of
a few examples that may be the better choice, as their statistics are noise.

Recalibration mends a shift of brightness or contrast, and not every shift: on inverted digits,
black for white, it is of no use, since there the sign of every feature is turned.
"""


@alternative(replaces="freeze_but_norms")
def goes_through_the_modules(model):
    for module in model.modules():
        of_norm = isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d)
        for param in module.parameters(recurse=False):
            param.requires_grad = of_norm


@alternative(replaces="freeze_but_norms")
def collects_the_norms_parameters(model):
    trainable = {id(param) for norm in _batch_norms(model) for param in norm.parameters()}
    for param in model.parameters():
        param.requires_grad_(id(param) in trainable)


@alternative(replaces="recalibrate")
def averages_in_hooks(model, batches):
    norms, modes = _batch_norms(model), _modes(model)
    seen = {norm: [] for norm in norms}

    def look(norm, args):
        (inputs,) = args
        axes = [axis for axis in range(inputs.ndim) if axis != 1]
        seen[norm].append((inputs.mean(axes), inputs.var(axes)))

    before = [(b, b.clone()) for norm in norms for b in norm.buffers()]
    hooks = [norm.register_forward_pre_hook(look) for norm in norms]
    try:
        _norms_alone_in_training(model)
        with torch.no_grad():
            for batch in batches:
                model(batch)
    finally:
        for hook in hooks:
            hook.remove()
    for buffer, value in before:
        buffer.copy_(value)
    for norm, statistics in seen.items():
        means, variances = zip(*statistics, strict=True)
        norm.running_mean.copy_(torch.stack(means).mean(0))
        norm.running_var.copy_(torch.stack(variances).mean(0))
    _restore(modes)


@alternative(replaces="recalibrate")
def lowers_the_momentum_by_hand(model, batches):
    norms, modes = _batch_norms(model), _modes(model)
    momenta = [norm.momentum for norm in norms]
    _norms_alone_in_training(model)
    for number, batch in enumerate(batches, 1):
        for norm in norms:
            norm.momentum = 1 / number
        with torch.no_grad():
            model(batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    _restore(modes)


@alternative(replaces="recalibrate")
def works_on_a_copy(model, batches):
    from copy import deepcopy

    copy = deepcopy(model).requires_grad_(False)
    _norms_alone_in_training(copy)
    for norm in _batch_norms(copy):
        norm.momentum = 1.0
    count, sums = 0, None
    for batch in batches:
        copy(batch)
        new = [
            statistic.double() if statistic.device.type == "cpu" else statistic.clone()
            for norm in _batch_norms(copy)
            for statistic in (norm.running_mean, norm.running_var)
        ]
        sums = new if sums is None else [a + b for a, b in zip(sums, new, strict=True)]
        count += 1
    totals = iter(sums or ())
    for norm in _batch_norms(model):
        norm.running_mean.copy_(next(totals) / count)
        norm.running_var.copy_(next(totals) / count)


@misconception(caught_by="test_a_norms_weight_requires_gradients", replaces="freeze_but_norms")
def freezes_the_norms_too(model):
    "Fine-tuning trains the new head, so all that was there before is frozen."
    model.requires_grad_(False)


@misconception(caught_by="test_other_layers_are_frozen", replaces="freeze_but_norms")
def freezes_weights_only(model):
    "Weights of layers have two axes or more, and those with one axis belong to norms."
    for param in model.parameters():
        param.requires_grad_(param.ndim == 1)


@misconception(caught_by="test_a_norm_deep_inside_is_found", replaces="freeze_but_norms")
def looks_at_the_top_only(model):
    "The modules of a model are its children."
    model.requires_grad_(False)
    for module in (model, *model.children()):
        if isinstance(module, _BatchNorm):
            module.requires_grad_(True)


@misconception(caught_by="test_a_norm_of_any_name_is_found", replaces="freeze_but_norms")
def goes_by_the_name(model):
    "A batch norm is called bn or norm."
    for name, param in model.named_parameters():
        param.requires_grad_("bn" in name or "norm" in name)


@misconception(
    caught_by="test_norms_of_rows_and_volumes_are_batch_norms", replaces="freeze_but_norms"
)
def knows_pictures_only(model):
    "Batch norm is BatchNorm2d."
    model.requires_grad_(False)
    for norm in _batch_norms(model):
        norm.requires_grad_(isinstance(norm, nn.BatchNorm2d))


@misconception(caught_by="test_a_subclass_is_a_batch_norm", replaces="freeze_but_norms")
def compares_types(model):
    "type(module) tells what a module is."
    model.requires_grad_(False)
    for norm in _batch_norms(model):
        norm.requires_grad_(type(norm) in (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d))


@misconception(caught_by="test_a_norms_bias_requires_gradients", replaces="freeze_but_norms")
def trains_the_scale_only(model):
    "What a norm learns is its weight."
    model.requires_grad_(False)
    for norm in _batch_norms(model):
        if norm.affine:
            norm.weight.requires_grad_(True)


@misconception(caught_by="test_other_norms_are_frozen", replaces="freeze_but_norms")
def spares_every_norm(model):
    "Norms of any kind stay trainable."
    model.requires_grad_(False)
    for module in model.modules():
        if isinstance(module, _BatchNorm | nn.LayerNorm | nn.GroupNorm | nn.InstanceNorm2d):
            module.requires_grad_(True)


@misconception(caught_by="test_a_norm_frozen_before_is_switched_on", replaces="freeze_but_norms")
def freezes_and_nothing_else(model):
    "To freeze all but the norms is to leave the norms alone."
    for module in model.modules():
        if not isinstance(module, _BatchNorm):
            for param in module.parameters(recurse=False):
                param.requires_grad_(False)


@misconception(caught_by="test_a_models_own_parameter_is_frozen", replaces="freeze_but_norms")
def freezes_leaves_only(model):
    "Parameters belong to layers, which have no children."
    for module in model.modules():
        if not [*module.children()]:
            module.requires_grad_(isinstance(module, _BatchNorm))


@misconception(
    caught_by="test_a_norm_without_weight_is_no_obstacle",
    replaces="freeze_but_norms",
    raises=AttributeError,
)
def expects_a_weight(model):
    "Each batch norm has a weight and a bias."
    model.requires_grad_(False)
    for norm in _batch_norms(model):
        norm.weight.requires_grad_(True)
        norm.bias.requires_grad_(True)


@misconception(caught_by="test_freezing_leaves_modes", replaces="freeze_but_norms")
def freezes_by_eval_mode(model):
    "A frozen layer is in eval mode."
    _freeze(model)
    for module in model.modules():
        module.training = module.training and isinstance(module, _BatchNorm)


@misconception(caught_by="test_freezing_leaves_values", replaces="freeze_but_norms")
def starts_the_norms_afresh(model):
    "Norms that are to learn again start from the beginning."
    _freeze(model)
    for norm in _batch_norms(model):
        norm.reset_parameters()


@misconception(caught_by="test_the_mean_is_that_of_the_batches", replaces="recalibrate")
def leaves_norms_in_eval_mode(model, batches):
    "To look at new data is enough, and eval mode is the mode to look in."
    _run(model, batches, norms=())


@misconception(
    caught_by=("test_statistics_from_before_do_not_count", "test_dimmed_digits_are_read_again"),
    replaces="recalibrate",
)
def mixes_with_the_old_statistics(model, batches):
    "In training mode the running statistics become those of the data."
    _run(model, batches, reset=False, cumulative=False)


@misconception(caught_by="test_the_mean_is_that_of_the_batches", replaces="recalibrate")
def resets_and_mixes(model, batches):
    "After a reset the running statistics are an average of what follows."
    _run(model, batches, cumulative=False)


@misconception(caught_by="test_statistics_from_before_do_not_count", replaces="recalibrate")
def averages_over_the_old_ones_too(model, batches):
    "With momentum None the statistics are an average, and nothing needs a reset."
    _run(model, batches, reset=False)


@misconception(caught_by="test_all_batches_count_alike", replaces="recalibrate")
def keeps_the_last_batch(model, batches):
    "Momentum 1 takes the new statistics in full."
    momenta = [(norm, norm.momentum) for norm in _batch_norms(model)]
    for norm, _ in momenta:
        norm.momentum = 1.0
    _run(model, batches, cumulative=False)
    for norm, momentum in momenta:
        norm.momentum = momentum


@misconception(caught_by="test_batches_after_the_first_count", replaces="recalibrate")
def keeps_the_first_batch(model, batches):
    "One batch shows what the data are like."
    _run(model, [next(iter(batches))])


@misconception(caught_by="test_all_batches_count_alike", replaces="recalibrate")
def weights_by_size(model, batches):
    "A batch of six counts three times as much as a batch of two."
    _run(model, [batch for batch in batches for _ in range(len(batch))])


@misconception(caught_by="test_the_variance_is_that_within_batches", replaces="recalibrate")
def pools_all_examples(model, batches):
    "One large batch of everything has the statistics of everything."
    _run(model, [torch.cat([*batches])])


@misconception(caught_by="test_the_variance_is_unbiased", replaces="recalibrate")
def takes_the_biased_variance(model, batches):
    "The variance is the mean of squared differences from the mean."
    batches, variances = [*batches], {norm: [] for norm in _batch_norms(model)}

    def look(norm, args):
        inputs = args[0].detach().transpose(0, 1).flatten(1)
        variances[norm].append(inputs.var(1, correction=0))

    hooks = [norm.register_forward_pre_hook(look) for norm in variances]
    _run(model, batches)
    for hook in hooks:
        hook.remove()
    for norm, seen in variances.items():
        norm.running_var.copy_(torch.stack(seen).mean(0))


@misconception(
    caught_by="test_a_norm_behind_a_norm_sees_what_training_gives", replaces="recalibrate"
)
def looks_in_eval_mode(model, batches):
    "What a norm sees in eval mode is what it needs the statistics of."
    seen = {norm: [] for norm in _batch_norms(model)}

    def look(norm, args):
        inputs = args[0].detach().transpose(0, 1).flatten(1)
        seen[norm].append((inputs.mean(1), inputs.var(1)))

    hooks = [norm.register_forward_pre_hook(look) for norm in seen]
    _run(model, batches, norms=())
    for hook in hooks:
        hook.remove()
    for norm, statistics in seen.items():
        means, variances = zip(*statistics, strict=True)
        norm.running_mean.copy_(torch.stack(means).mean(0))
        norm.running_var.copy_(torch.stack(variances).mean(0))


@misconception(caught_by="test_dropout_stays_off", replaces="recalibrate")
def trains_everything(model, batches):
    "For statistics to move, the model must be in training mode."
    _run(model, batches, others=True)


@misconception(caught_by="test_a_model_in_eval_mode_comes_back_in_it", replaces="recalibrate")
def leaves_training_mode_on(model, batches):
    "Who uses the model next will call eval."
    _recalibrate(model, batches)
    model.train()


@misconception(caught_by="test_a_model_in_training_mode_comes_back_in_it", replaces="recalibrate")
def ends_in_eval_mode(model, batches):
    "A model with new statistics is ready for use: eval mode."
    _recalibrate(model, batches)
    model.eval()


@misconception(caught_by="test_each_module_keeps_its_mode", replaces="recalibrate")
def restores_one_mode_for_all(model, batches):
    "The mode of a model is that of its modules."
    _recalibrate(model, batches)
    model.train(model.training)


@misconception(caught_by="test_each_norm_keeps_its_momentum", replaces="recalibrate")
def leaves_momentum_none(model, batches):
    "Momentum None is the average, which is good for any later use too."
    _recalibrate(model, batches)
    for norm in _batch_norms(model):
        norm.momentum = None


@misconception(caught_by="test_a_momentum_of_none_stays", replaces="recalibrate")
def restores_the_default_momentum(model, batches):
    "The momentum of a batch norm is 0.1."
    _recalibrate(model, batches)
    for norm in _batch_norms(model):
        norm.momentum = 0.1


@misconception(caught_by="test_weights_stay", replaces="recalibrate")
def resets_the_parameters_too(model, batches):
    "reset_parameters resets the statistics."
    for norm in _batch_norms(model):
        norm.reset_parameters()
    _recalibrate(model, batches)


@misconception(caught_by="test_weights_stay", replaces="recalibrate")
def steps_on_the_weights(model, batches):
    "An epoch at a small rate lets the weights follow the statistics."
    batches = [*batches]
    params = [param for param in model.parameters() if param.requires_grad]
    grads = torch.autograd.grad(model(batches[-1]).square().mean(), params, allow_unused=True)
    for param, grad in zip(params, grads, strict=True):
        if grad is not None:
            param.data -= 1e-3 * grad
    _recalibrate(model, batches)


@misconception(caught_by="test_gradients_stay", replaces="recalibrate")
def clears_gradients(model, batches):
    "A .grad that is left over is of no use to anyone."
    _recalibrate(model, batches)
    model.zero_grad()


@misconception(caught_by="test_what_requires_gradients_stays", replaces="recalibrate")
def freezes_while_it_looks(model, batches):
    "A model that is only looked at needs no gradients."
    model.requires_grad_(False)
    _recalibrate(model, batches)


@misconception(caught_by="test_every_batch_norm_is_recalibrated", replaces="recalibrate")
def takes_the_first_norm(model, batches):
    "The first norm sees the shift and takes it away for those behind it."
    _run(model, batches, norms=_batch_norms(model)[:1])


@misconception(caught_by="test_a_frozen_norm_is_recalibrated_too", replaces="recalibrate")
def skips_frozen_norms(model, batches):
    "A norm whose weight is frozen keeps its statistics too."
    trainable = [norm for norm in _batch_norms(model) if any(_wanting(norm))]
    _run(model, batches, norms=trainable)


@misconception(caught_by="test_a_norm_in_eval_mode_is_recalibrated_too", replaces="recalibrate")
def skips_norms_in_eval_mode(model, batches):
    "A norm that was put into eval mode is to be left alone."
    training = [norm for norm in _batch_norms(model) if norm.training or not model.training]
    _run(model, batches, norms=training)


@misconception(caught_by="test_statistics_of_other_norms_stay", replaces="recalibrate")
def recalibrates_all_that_tracks(model, batches):
    "Whatever has running statistics is recalibrated."
    others = [module for module in model.modules() if hasattr(module, "reset_running_stats")]
    _run(model, batches, norms=others)


@misconception(caught_by="test_a_generator_of_batches_will_do", replaces="recalibrate")
def goes_twice_through_the_batches(model, batches):
    "Two rounds make it surer, and the average is the same."
    _recalibrate(model, batches)
    _recalibrate(model, batches)


def _freeze(model):
    model.requires_grad_(False)
    for norm in _batch_norms(model):
        norm.requires_grad_(True)


def _wanting(norm):
    return [param.requires_grad for param in norm.parameters()]


def _recalibrate(model, batches):
    _run(model, batches)


def _run(model, batches, *, norms=None, reset=True, cumulative=True, others=False):
    """Send batches through, with these norms (None: all) in training mode, and restore modes."""
    norms = _batch_norms(model) if norms is None else norms
    modes, momenta = _modes(model), [(norm, norm.momentum) for norm in norms]
    model.train(others)
    for norm in _batch_norms(model):
        norm.eval()
    for norm in norms:
        norm.train()
        if reset:
            norm.reset_running_stats()
        if cumulative:
            norm.momentum = None
    with torch.no_grad():
        for batch in batches:
            model(batch)
    for norm, momentum in momenta:
        norm.momentum = momentum
    _restore(modes)


def _norms_alone_in_training(model):
    model.eval()
    for norm in _batch_norms(model):
        norm.train()


def _modes(model):
    return [(module, module.training) for module in model.modules()]


def _restore(modes):
    for module, mode in modes:
        module.training = mode
