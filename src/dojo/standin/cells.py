"""The fused LSTM and GRU cells, which torch has for accelerators only.

On a GPU all gates of a recurrent cell are one kernel, and torch asks every accelerator for it. As
the CPU has none that could be run, the formulas stand here, forwards and backwards. The workspace
is what the forward pass keeps for the backward pass; nothing else reads it.
"""

import torch
from torch import Tensor


def _sum_of_gates(from_input: Tensor, from_hidden: Tensor, *biases: Tensor | None) -> Tensor:
    return sum((bias for bias in biases if bias is not None), start=from_input + from_hidden)


def lstm(
    input_gates: Tensor,
    hidden_gates: Tensor,
    cx: Tensor,
    input_bias: Tensor | None = None,
    hidden_bias: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """One step of an LSTM: hidden state, cell state, workspace."""
    gates = _sum_of_gates(input_gates, hidden_gates, input_bias, hidden_bias)
    admit, keep, candidate, show = gates.chunk(4, 1)
    admit, keep, show = admit.sigmoid(), keep.sigmoid(), show.sigmoid()
    candidate = candidate.tanh()
    cy = keep * cx + admit * candidate
    return show * cy.tanh(), cy, torch.cat((admit, keep, candidate, show), 1)


def lstm_backward(
    grad_hy: Tensor | None,
    grad_cy: Tensor | None,
    cx: Tensor,
    cy: Tensor,
    workspace: Tensor,
    has_bias: bool,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Gradients of the summed gates, of the cell state before, and of either bias."""
    admit, keep, candidate, show = workspace.chunk(4, 1)
    shown = cy.tanh()
    grad_hy = torch.zeros_like(cy) if grad_hy is None else grad_hy
    grad_cell = grad_hy * show * (1 - shown**2)
    if grad_cy is not None:
        grad_cell = grad_cell + grad_cy
    gates = (
        grad_cell * candidate * admit * (1 - admit),
        grad_cell * cx * keep * (1 - keep),
        grad_cell * admit * (1 - candidate**2),
        grad_hy * shown * show * (1 - show),
    )
    grad_gates = torch.cat(gates, 1)
    return grad_gates, grad_cell * keep, grad_gates.sum(0) if has_bias else None


def gru(
    input_gates: Tensor,
    hidden_gates: Tensor,
    hx: Tensor,
    input_bias: Tensor | None = None,
    hidden_bias: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """One step of a GRU: hidden state, workspace."""
    if input_bias is not None and hidden_bias is not None:
        input_gates, hidden_gates = input_gates + input_bias, hidden_gates + hidden_bias
    reset_in, keep_in, new_in = input_gates.chunk(3, 1)
    reset_hidden, keep_hidden, new_hidden = hidden_gates.chunk(3, 1)
    reset = (reset_in + reset_hidden).sigmoid()
    keep = (keep_in + keep_hidden).sigmoid()
    new = (new_in + reset * new_hidden).tanh()
    return new + keep * (hx - new), torch.cat((reset, keep, new, hx, new_hidden), 1)


def gru_backward(
    grad_hy: Tensor, workspace: Tensor, has_bias: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor | None, Tensor | None]:
    """Gradients of both kinds of gates, of the hidden state before, and of both biases."""
    reset, keep, new, hx, new_hidden = workspace.chunk(5, 1)
    grad_new = grad_hy * (1 - keep) * (1 - new**2)
    grad_keep = grad_hy * (hx - new) * keep * (1 - keep)
    grad_reset = grad_new * new_hidden * reset * (1 - reset)
    from_input = torch.cat((grad_reset, grad_keep, grad_new), 1)
    from_hidden = torch.cat((grad_reset, grad_keep, grad_new * reset), 1)
    if not has_bias:
        return from_input, from_hidden, grad_hy * keep, None, None
    return from_input, from_hidden, grad_hy * keep, from_input.sum(0), from_hidden.sum(0)
