"""The digits: the bundled ones are the published ones, and a folder of one's own works as well."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from dojo.digits import bundled, from_folder
from dojo.errors import UserError

KATAS = Path(__file__).parent.parent / "katas"


def test_the_bundled_digits_are_those_of_scikit_learn():
    published = load_digits()
    digits = bundled()
    assert digits.images.dtype == torch.uint8
    assert digits.images.shape == (1797, 8, 8)
    assert np.array_equal(digits.images.numpy(), (published.images * 255 // 16).astype("uint8"))
    assert np.array_equal(digits.labels.numpy(), published.target)


def test_a_split_is_all_of_them_once_and_the_same_for_the_same_seed():
    digits = bundled()
    train, valid = digits.split(0.8, seed=1)
    assert (len(train), len(valid)) == (1438, 359)
    both = torch.cat([train.labels, valid.labels]).bincount()
    assert torch.equal(both, digits.labels.bincount())
    assert torch.equal(train.images, digits.split(0.8, seed=1)[0].images)
    assert not torch.equal(train.images, digits.split(0.8, seed=2)[0].images)


def test_some_digits_can_be_asked_for():
    some = bundled().of(3, 7)
    assert set(some.labels.tolist()) == {3, 7}
    assert len(some.images) == len(some) == 183 + 179


@pytest.fixture
def sample(tmp_path):
    """A folder as MNIST_SAMPLE is laid out, of 28×28 pictures."""
    for part, count in (("train", 3), ("valid", 2)):
        for digit in (3, 7):
            folder = tmp_path / part / str(digit)
            folder.mkdir(parents=True)
            for number in range(count):
                picture = np.full((28, 28), 10 * digit + number, dtype=np.uint8)
                Image.fromarray(picture).save(folder / f"{number}.png")
    return tmp_path


def test_a_folder_laid_out_as_mnist_sample_is_read(sample):
    digits = from_folder(sample)
    assert digits.images.shape == (10, 28, 28)
    assert digits.images.dtype == torch.uint8
    assert digits.labels.bincount(minlength=8).tolist() == [0, 0, 0, 5, 0, 0, 0, 5]
    assert digits.images[digits.labels == 3, 0, 0].tolist() == [30, 31, 32, 30, 31]


def test_a_folder_without_digits_is_explained(tmp_path):
    with pytest.raises(UserError, match="has no train/DIGIT"):
        from_folder(tmp_path)


def test_a_file_that_is_no_picture_is_named(sample):
    (sample / "train/3/9.png").write_text("no picture")
    with pytest.raises(UserError, match=r"9\.png is no picture"):
        from_folder(sample)


def test_a_picture_of_another_size_is_named(sample):
    Image.fromarray(np.zeros((8, 8), dtype=np.uint8)).save(sample / "valid/7/9.png")
    with pytest.raises(UserError, match=r"9\.png is of size \(8, 8\), others \(28, 28\)"):
        from_folder(sample)


def test_a_folder_that_is_not_named_after_a_digit_is_named(sample):
    (sample / "train/cat").mkdir()
    Image.fromarray(np.zeros((28, 28), dtype=np.uint8)).save(sample / "train/cat/1.png")
    with pytest.raises(UserError, match="cat is not named after a digit"):
        from_folder(sample)


@pytest.mark.timeout(300)  # a pytest of its own: torch is imported anew
def test_katas_on_digits_run_on_a_folder_of_ones_own(tmp_path):
    """3s and 7s of 28×28 in place of ten digits of 8×8: tests pass, or skip with a reason."""
    digits = bundled().of(3, 7)
    for number, (image, label) in enumerate(zip(digits.images, digits.labels, strict=True)):
        folder = tmp_path / ("train" if number % 5 else "valid") / str(label.item())
        folder.mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(image.numpy()).resize((28, 28), Image.Resampling.BILINEAR)
        picture.save(folder / f"{number}.png")
    reads = re.compile(r"^def test_\w+\(.*\bdigits\b", re.MULTILINE)
    files = [file for file in KATAS.glob("*/test_*.py") if reads.search(file.read_text("utf-8"))]
    options = ["-q", "--subject=solutions", "--device=cpu", f"--digits={tmp_path}"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *map(str, files), *options, "-p", "no:cacheprovider"],
        cwd=KATAS.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert re.search(r"\d+ passed", run.stdout)
