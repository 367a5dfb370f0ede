"""Which activations does an LSTM cell use, and what becomes of the input after the product?

Four gates from one product, and a memory that can be carried on untouched.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dojo import alternative, misconception

__all__ = ["LSTMCell"]

State = tuple[Float[Tensor, "batch hidden"], Float[Tensor, "batch hidden"]]


class LSTMCell(nn.Module):
    """One step of a long short-term memory (Hochreiter and Schmidhuber, 1997; Gers et al., 2000).

    The parameters have the names, shapes and order of torch.nn.LSTMCell, whose state_dict fits:
    weight_ih (4 hidden, inputs), weight_hh (4 hidden, hidden), bias_ih and bias_hh (4 hidden,),
    each with a block of rows for the input gate, the forget gate, the candidate and the output
    gate, in this order.
    """

    def __init__(self, n_in: int, n_hidden: int) -> None:
        """Make the parameters, float32, each uniform within 1 / sqrt(n_hidden) of 0."""
        super().__init__()
        reach = n_hidden**-0.5
        for name, *shape in (
            ("weight_ih", 4 * n_hidden, n_in),
            ("weight_hh", 4 * n_hidden, n_hidden),
            ("bias_ih", 4 * n_hidden),
            ("bias_hh", 4 * n_hidden),
        ):
            self.register_parameter(name, nn.Parameter(torch.empty(shape).uniform_(-reach, reach)))

    def forward(self, x: Float[Tensor, "batch inputs"], state: State) -> State:
        """Take an input and the state (h, c) before it; return the state after it, as a pair.

        The numbers are those of torch.nn.LSTMCell. h is the hidden state, which is what the cell
        puts out, and c the cell. The four blocks come from the input and the hidden state, each
        times its weight and with its bias, added up. All batch rows are done at once, with two
        matrix products at most. Where the forget gate is open and the input gate shut the cell is
        carried on: over 1,000 steps it changes by less than 1e-6. Gradients reach the parameters,
        the input and the state. The caller's h and c are left as they are.
        """
        h, c = state
        blocks = x @ self.weight_ih.T + self.bias_ih + h @ self.weight_hh.T + self.bias_hh
        input_, forget, candidate, output = blocks.chunk(4, dim=1)
        c = forget.sigmoid() * c + input_.sigmoid() * candidate.tanh()
        return output.sigmoid() * c.tanh(), c


HINTS = (
    "A gate says how much, from nothing to all. A candidate says what, and may be below 0. Which "
    "activation has which range?",
    "One product with a weight of 4 * hidden rows gives all four blocks; chunk(4, dim=1) cuts them "
    "apart: input, forget, candidate, output. The new cell is a sum of two products.",
    "i, f, g, o = (x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh).chunk(4, dim=1); "
    "c = sigmoid(f) * c + sigmoid(i) * tanh(g); h = sigmoid(o) * tanh(c).",
)
ANSWER = """
Two kinds of activation in five places: the sigmoid, from 0 to 1, for the three gates that say how
much is let in, kept and put out; tanh, from -1 to 1, for the candidate and for the cell on its way
out. The product of the input with its weight has four times as many columns as the state; the same
from the hidden state is added, and the sum is cut into four.

The cell is what makes it work. With the forget gate open and the input gate shut it is carried on
as it is, over a thousand steps, and so is its gradient: nothing multiplies it by a weight on the
way. That is why the bias of the forget gate is often started at 1 or more.

One product in place of four is a matter of speed, by 1.3 to 2 on a core and more on a GPU, where
each call costs a launch. It also means that the order of the blocks is a convention: torch has
input, forget, candidate, output, others put the output gate before the candidate, and weights
loaded across the two run without an error and mean nothing.
"""


class _Cell(nn.Module):
    """What the programs below share; each changes a part."""

    def __init__(self, n_in, n_hidden):
        super().__init__()
        reach = n_hidden**-0.5
        self.weight_ih = nn.Parameter(torch.empty(4 * n_hidden, n_in).uniform_(-reach, reach))
        self.weight_hh = nn.Parameter(torch.empty(4 * n_hidden, n_hidden).uniform_(-reach, reach))
        self.bias_ih = nn.Parameter(torch.empty(4 * n_hidden).uniform_(-reach, reach))
        self.bias_hh = nn.Parameter(torch.empty(4 * n_hidden).uniform_(-reach, reach))

    def blocks(self, x, h):
        return nn.functional.linear(x, self.weight_ih, self.bias_ih) + nn.functional.linear(
            h, self.weight_hh, self.bias_hh
        )

    def gates(self, x, h):
        i, f, g, o = self.blocks(x, h).chunk(4, dim=1)
        return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()

    def forward(self, x, state):
        h, c = state
        i, f, g, o = self.gates(x, h)
        c = self.cell(i, f, g, c)
        return self.out(o, c), c

    def cell(self, i, f, g, c):
        return f * c + i * g

    def out(self, o, c):
        return o * c.tanh()


@alternative
class JoinsInputAndState(_Cell):
    def blocks(self, x, h):
        weight = torch.cat([self.weight_ih, self.weight_hh], dim=1)
        return torch.cat([x, h], dim=1) @ weight.mT + (self.bias_ih + self.bias_hh)


@alternative
class SplitsByRows(_Cell):
    def gates(self, x, h):
        by_gate = self.blocks(x, h).unflatten(1, (4, -1))
        squashed = by_gate.sigmoid()
        return squashed[:, 0], squashed[:, 1], by_gate[:, 2].tanh(), squashed[:, 3]


@alternative
class LerpsNothing(_Cell):
    def __init__(self, n_in, n_hidden):
        super().__init__(n_in, n_hidden)
        model = nn.LSTMCell(n_in, n_hidden)
        self.load_state_dict(model.state_dict())

    def forward(self, x, state):
        h, c = state
        i, f, g, o = (
            torch.addmm(self.bias_ih, x, self.weight_ih.t())
            .add(torch.addmm(self.bias_hh, h, self.weight_hh.t()))
            .split(c.shape[1], dim=1)
        )
        kept = torch.sigmoid(f).mul(c)
        new = kept + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(new), new


@misconception(caught_by="test_each_block_has_its_place")
class PutsTheOutputGateThird(_Cell):
    "The gates come first and the candidate last: input, forget, output, candidate."

    def gates(self, x, h):
        i, f, o, g = self.blocks(x, h).chunk(4, dim=1)
        return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()


@misconception(caught_by="test_each_block_has_its_place")
class PutsTheForgetGateFirst(_Cell):
    "First one forgets, then one takes in."

    def gates(self, x, h):
        f, i, g, o = self.blocks(x, h).chunk(4, dim=1)
        return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()


@misconception(caught_by="test_each_block_has_its_place")
class InterleavesTheBlocks(_Cell):
    "Each unit's four numbers stand side by side."

    def gates(self, x, h):
        i, f, g, o = self.blocks(x, h).unflatten(1, (-1, 4)).unbind(2)
        return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()


@misconception(caught_by="test_a_gate_is_never_below_zero")
class SquashesGatesByTanh(_Cell):
    "tanh is the activation of recurrent nets, gates included."

    def gates(self, x, h):
        i, f, g, o = self.blocks(x, h).chunk(4, dim=1)
        return i.tanh(), f.tanh(), g.tanh(), o.tanh()


@misconception(caught_by="test_a_candidate_may_be_below_zero")
class SquashesTheCandidateBySigmoid(_Cell):
    "All four blocks go through the sigmoid."

    def gates(self, x, h):
        i, f, g, o = self.blocks(x, h).sigmoid().chunk(4, dim=1)
        return i, f, g, o


@misconception(caught_by="test_a_candidate_has_a_bound")
class LeavesTheCandidateAsItIs(_Cell):
    "Only gates need an activation."

    def gates(self, x, h):
        i, f, g, o = self.blocks(x, h).chunk(4, dim=1)
        return i.sigmoid(), f.sigmoid(), g, o.sigmoid()


@misconception(caught_by="test_what_comes_out_has_a_bound")
class PutsTheCellOutAsItIs(_Cell):
    "What comes out is the cell, as far as the output gate is open."

    def out(self, o, c):
        return o * c


@misconception(caught_by="test_what_comes_out_keeps_its_sign")
class SquashesTheCellBySigmoid(_Cell):
    "On its way out the cell goes through the sigmoid."

    def out(self, o, c):
        return o * c.sigmoid()


@misconception(caught_by="test_the_output_gate_can_be_shut")
class IgnoresTheOutputGate(_Cell):
    "The hidden state is the tanh of the cell."

    def out(self, o, c):
        return c.tanh()


@misconception(caught_by="test_the_hidden_state_counts")
class LeavesTheHiddenStateOut(_Cell):
    "The memory is in the cell, so the gates need only the input."

    def blocks(self, x, h):
        return nn.functional.linear(x, self.weight_ih, self.bias_ih + self.bias_hh)


@misconception(caught_by="test_the_input_counts")
class LeavesTheInputOut(_Cell):
    "The gates look at the state, the input is for the first step."

    def blocks(self, x, h):
        return nn.functional.linear(h, self.weight_hh, self.bias_hh) + self.bias_ih


@misconception(caught_by="test_both_gates_can_be_open")
class CouplesTheGates(_Cell):
    "What is not forgotten is not taken in: the input gate is 1 minus the forget gate."

    def cell(self, i, f, g, c):
        return f * c + (1 - f) * g


@misconception(caught_by="test_the_hidden_state_comes_first")
class ReturnsTheCellFirst(_Cell):
    "The cell is the state, so it comes first."

    def forward(self, x, state):
        return super().forward(x, state)[::-1]


@misconception(caught_by="test_the_hidden_state_comes_first")
class ReturnsTheCellForBoth(_Cell):
    "The cell is what an LSTM puts out."

    def forward(self, x, state):
        _, c = super().forward(x, state)
        return c, c


@misconception(caught_by="test_the_state_comes_as_h_and_c")
class TakesTheCellFirst(_Cell):
    "The state is (c, h)."

    def forward(self, x, state):
        return super().forward(x, state[::-1])


@misconception(caught_by="test_the_bias_of_the_hidden_state_counts")
class UsesOneBiasOfTwo(_Cell):
    "Two biases are one too many, so one is enough."

    def blocks(self, x, h):
        return nn.functional.linear(x, self.weight_ih, self.bias_ih) + h @ self.weight_hh.T


@misconception(caught_by="test_the_bias_of_the_input_counts")
class UsesTheOtherBiasOnly(_Cell):
    "The bias belongs to the hidden state."

    def blocks(self, x, h):
        return x @ self.weight_ih.T + nn.functional.linear(h, self.weight_hh, self.bias_hh)


@misconception(caught_by="test_a_step_takes_two_products")
class MultipliesGateByGate(_Cell):
    "Each gate has its own weight, and so its own product."

    def blocks(self, x, h):
        return torch.cat(
            [
                x @ of_input.T + h @ of_state.T
                for of_input, of_state in zip(
                    self.weight_ih.chunk(4), self.weight_hh.chunk(4), strict=True
                )
            ],
            dim=1,
        ) + (self.bias_ih + self.bias_hh)


@misconception(caught_by="test_the_callers_state_stays_as_it_is")
class ChangesTheCellInPlace(_Cell):
    "The cell is a memory, and memory is written to."

    def forward(self, x, state):
        h, c = state
        i, f, g, o = self.gates(x, h)
        with torch.no_grad():
            c.copy_(self.cell(i, f, g, c))
        return self.out(o, c), c


@misconception(caught_by="test_the_cell_is_carried_over_a_thousand_steps")
class ClampsTheGates(_Cell):
    "A gate that is quite open or quite shut learns nothing, so it is kept within 0.001 and 0.999."

    def gates(self, x, h):
        i, f, g, o = super().gates(x, h)
        return i.clamp(1e-3, 1 - 1e-3), f.clamp(1e-3, 1 - 1e-3), g, o.clamp(1e-3, 1 - 1e-3)


@misconception(caught_by="test_gradients_go_back_through_the_cell")
class CutsTheCellOff(_Cell):
    "The cell is a memory of the past, and the past is not trained."

    def cell(self, i, f, g, c):
        return f * c.detach() + i * g


@misconception(caught_by="test_gradients_go_back_through_the_hidden_state")
class CutsTheHiddenStateOff(_Cell):
    "The hidden state has been put out, so the next step takes it as a number."

    def forward(self, x, state):
        h, c = state
        return super().forward(x, (h.detach(), c))


@misconception(caught_by="test_parameters_are_those_of_torch")
class JoinsTheBiases(_Cell):
    "Two biases that are added are one bias."

    def __init__(self, n_in, n_hidden):
        super().__init__(n_in, n_hidden)
        del self.bias_hh
        self.register_buffer("bias_hh", torch.zeros(4 * n_hidden))


@misconception(caught_by="test_parameters_are_on_both_sides_of_zero")
class StartsAtZero(_Cell):
    "Parameters are zero until they have learned something."

    def __init__(self, n_in, n_hidden):
        super().__init__(n_in, n_hidden)
        for param in self.parameters():
            nn.init.zeros_(param)


@misconception(caught_by="test_parameters_start_small")
class StartsByTheInputs(_Cell):
    "The start is within 1 / sqrt of the number of inputs."

    def __init__(self, n_in, n_hidden):
        super().__init__(n_in, n_hidden)
        for param in self.parameters():
            nn.init.uniform_(param, -(n_in**-0.5), n_in**-0.5)
