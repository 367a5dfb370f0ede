"""How are the files of a sample image dataset laid out in folders, and why?

A folder for each split, in it a folder for each label, in it the pictures of that label.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from jaxtyping import Int, UInt8
from torch import Tensor


def write_dataset(
    images: UInt8[Tensor, "images height width"],
    labels: Sequence[int] | Int[Tensor, " images"],
    root: str | Path,
    valid_fraction: float,
    generator: torch.Generator,
) -> None:
    """Write each image to root/train/LABEL/INDEX.png or to root/valid/LABEL/INDEX.png, not to both.

    LABEL is the number in labels. INDEX is the image's place in images, padded with zeros to as
    many digits as the last index has: 9 is 9.png of 10 images and 09.png of 11. The pictures are
    grey (mode "L") PNG files that hold the bytes as they are. Folders that are missing are made,
    root and its parents too.

    Which images of a label are for validation is drawn with the generator, each one as likely as
    another. Their number is valid_fraction (more than 0, less than 1) of the label's images, give
    or take one, but a label of two images or more has at least one in each split. A generator in
    the same state gives the same split, and a second call with it another one, since it has drawn
    on. images and labels are left as they are.
    """
    raise NotImplementedError


def scan(root: str | Path) -> dict[str, dict[str, list[Path]]]:
    """Return the pictures of both splits: {"train": {label: [path, ...]}, "valid": {...}}.

    A label is the name of a folder in root/train and root/valid, any text; its pictures are the
    files in that folder whose names end in ".png", called whatever they are, and a path is root
    and the way from there. In both splits the labels come in the same order, sorted as text, so
    "10" before "2"; so do the paths of a label, by file name. The disk gives neither in order.

    Nothing else counts: other files, wherever they lie, or other folders beside the splits. A
    folder without pictures is no label.

    Raises:
        ValueError: a label has pictures in one split only; the message names it.
    """
    raise NotImplementedError
