"""Which activations does an LSTM cell use, and what becomes of the input after the product?

Four gates from one product, and a memory that can be carried on untouched.
"""

from jaxtyping import Float
from torch import Tensor, nn

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
        raise NotImplementedError

    def forward(self, x: Float[Tensor, "batch inputs"], state: State) -> State:
        """Take an input and the state (h, c) before it; return the state after it, as a pair.

        The numbers are those of torch.nn.LSTMCell. h is the hidden state, which is what the cell
        puts out, and c the cell. The four blocks come from the input and the hidden state, each
        times its weight and with its bias, added up. All batch rows are done at once, with two
        matrix products at most. Where the forget gate is open and the input gate shut the cell is
        carried on: over 1,000 steps it changes by less than 1e-6. Gradients reach the parameters,
        the input and the state. The caller's h and c are left as they are.
        """
        raise NotImplementedError
