"""Real handwritten digits: the bundled ones, or the learner's MNIST_SAMPLE folder.

The bundled ones are the test set of E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten
Digits", UCI Machine Learning Repository, 1998, doi:10.24432/C50P49, licence CC BY 4.0: 1,797
pictures of 8×8 with 17 levels of grey, here as they are there but in one compressed file.
"""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import torch
from torch import Tensor

from dojo.errors import UserError

_FULL = 255
_BUNDLED_FULL = 16


@dataclass(frozen=True)
class Digits:
    """Pictures of handwritten digits and what they show.

    Attributes:
        images: uint8 (images, height, width), 0 the background and 255 full ink.
        labels: int64 (images,), the digits.
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def split(self, share: float, seed: int) -> "tuple[Digits, Digits]":
        """Two parts drawn at random, the same for the same seed.

        Args:
            share: The share of the first part, from 0 to 1.
            seed: Of the generator that draws.
        """
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))
        cut = round(share * len(self))
        return self._take(order[:cut]), self._take(order[cut:])

    def of(self, *labels: int) -> "Digits":
        """Those that show one of these digits."""
        return self._take(torch.isin(self.labels, torch.tensor(labels)).nonzero().squeeze(1))

    def _take(self, indices: Tensor) -> "Digits":
        return Digits(self.images[indices], self.labels[indices])


def bundled() -> Digits:
    """The 1,797 digits that come with the project, stretched from 0..16 to 0..255."""
    import numpy as np

    with files("dojo").joinpath("digits.npz").open("rb") as file, np.load(file) as arrays:
        raw = torch.from_numpy(arrays["images"])
        labels = torch.from_numpy(arrays["labels"])
    return Digits((raw.int() * _FULL // _BUNDLED_FULL).to(torch.uint8), labels.long())


def from_folder(folder: Path) -> Digits:
    """The digits in a folder laid out as MNIST_SAMPLE: train and valid, in each a folder a digit.

    Args:
        folder: Holds PNG pictures of one size, such as train/3/7.png.

    Raises:
        UserError: the folder is not laid out so, or a picture can't be read.
    """
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    paths = sorted(path for part in ("train", "valid") for path in folder.glob(f"{part}/*/*.png"))
    if not paths:
        raise UserError(f"--digits: {folder} has no train/DIGIT/*.png: name a MNIST_SAMPLE folder")
    pictures, labels = [], []
    for path in paths:
        if not (path.parent.name.isdigit() and len(path.parent.name) == 1):
            raise UserError(f"--digits: {path.parent} is not named after a digit")
        try:
            with Image.open(path) as image:
                pictures.append(torch.from_numpy(np.array(image.convert("L"))))
        except (OSError, UnidentifiedImageError) as error:
            raise UserError(f"--digits: {path} is no picture that can be read: {error}") from None
        labels.append(int(path.parent.name))
        if pictures[-1].shape != pictures[0].shape:
            sizes = f"{tuple(pictures[-1].shape)}, others {tuple(pictures[0].shape)}"
            raise UserError(f"--digits: {path} is of size {sizes}: all must be of one size")
    return Digits(torch.stack(pictures), torch.tensor(labels))
