"""How are the files of a sample image dataset laid out in folders, and why?

A folder for each split, in it a folder for each label, in it the pictures of that label.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from jaxtyping import Int, UInt8
from PIL import Image
from torch import Tensor

from dojo import alternative, misconception

__all__ = ["scan", "write_dataset"]


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
    labels = torch.as_tensor(labels)
    width = len(str(len(labels) - 1))
    for label in labels.unique().tolist():
        places = (labels == label).nonzero().squeeze(1)
        order = torch.randperm(len(places), generator=generator)
        held_out = min(max(round(valid_fraction * len(places)), 1), len(places) - 1)
        for drawn, place in enumerate(places[order].tolist()):
            folder = Path(root) / ("valid" if drawn < held_out else "train") / str(label)
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(images[place].numpy()).save(folder / f"{place:0{width}}.png")


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
    found: dict[str, dict[str, list[Path]]] = {"train": {}, "valid": {}}
    for split, labels in found.items():
        for path in sorted(Path(root).glob(f"{split}/*/*.png")):
            labels.setdefault(path.parent.name, []).append(path)
    if alone := found["train"].keys() ^ found["valid"].keys():
        raise ValueError(f"in one split only: {', '.join(sorted(alone))}; give each to both")
    return found


HINTS = (
    "Write three images by hand, and look at the tree of folders. For scan: what does a path "
    "say by itself, and what must be sorted because nobody else has sorted it?",
    "Split each label by itself: find the places of its images, shuffle them with "
    "torch.randperm(n, generator=generator), and let the first few be for validation, at least 1 "
    "and at most n - 1. In scan, root.glob() takes a pattern with a star for each unknown part.",
    "For each label: places[order], the first held_out = min(max(round(valid_fraction * n), 1), "
    "n - 1) of them to valid. In scan, for each split: for path in "
    'sorted(Path(root).glob(f"{split}/*/*.png")), append it to the list of path.parent.name; then '
    "compare the keys of the two.",
)
ANSWER = """
A folder for each split, in it one for each label. There are two reasons. The label of a picture is
the name of its folder, so no table is needed that could get lost, or fall out of step with the
files. And the split is fixed on the disk, so that everyone who takes the data set validates on the
same pictures, and results can be compared.

Two things are easily got wrong. A split that is drawn without regard to labels leaves rare ones
out: of 40 digits, 8 drawn for validation missed at least one of the ten labels in each of 200
draws. And the order in which a disk lists its folders is not sorted, nor the same on another disk.
Numbers given to labels in that order make a model that was trained on one machine answer with the
wrong labels on another. It is often the same in both splits, so comparing the two does not tell.
"""


@alternative(replaces="write_dataset")
def draws_a_number_for_each_image(images, labels, root, valid_fraction, generator):
    lots = torch.rand(len(images), generator=generator).tolist()
    by_label = {}
    for place, label in enumerate(labels):
        by_label.setdefault(int(label), []).append(place)
    digits = len(f"{len(images) - 1}")
    for label, places in by_label.items():
        places.sort(key=lots.__getitem__)
        cut = int(valid_fraction * len(places)) or 1
        for split, part in (("valid", places[:cut]), ("train", places[cut:])):
            for place in part:
                path = Path(root, split, str(label), str(place).zfill(digits) + ".png")
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(images[place].numpy()).save(path, optimize=True)


@alternative(replaces="write_dataset")
def makes_the_folders_first(images, labels, root, valid_fraction, generator):
    import os
    from math import ceil

    labels = [int(label) for label in labels]
    is_valid = torch.zeros(len(labels), dtype=torch.bool)
    for label in set(labels):
        for split in ("train", "valid"):
            os.makedirs(os.path.join(root, split, str(label)), exist_ok=True)
    for label in sorted(set(labels), reverse=True):
        places = torch.tensor([place for place, each in enumerate(labels) if each == label])
        count = min(ceil(valid_fraction * len(places)), len(places) - 1)
        if count:
            chosen = torch.ones(len(places)).multinomial(count, generator=generator)
            is_valid[places[chosen]] = True
    digits = len(str(len(labels) - 1))
    for place, (image, label) in enumerate(zip(images, labels, strict=True)):
        split = "valid" if is_valid[place] else "train"
        height, width = image.shape
        picture = Image.frombytes("L", (width, height), bytes(image.flatten().tolist()))
        picture.save(os.path.join(root, split, str(label), f"{place:0>{digits}}.png"))


@alternative(replaces="scan")
def asks_the_operating_system(root):
    import os

    found = {}
    for split in ("valid", "train"):
        found[split] = {}
        for label in sorted(os.listdir(os.path.join(root, split))):
            folder = os.path.join(root, split, label)
            if os.path.isdir(folder):
                names = sorted(name for name in os.listdir(folder) if name.endswith(".png"))
                if names:
                    found[split][label] = [Path(folder, name) for name in names]
    for label in [*found["train"], *found["valid"]]:
        if label not in found["train"] or label not in found["valid"]:
            raise ValueError(f"label {label} is not in both splits")
    return found


@alternative(replaces="scan")
def scans_entries(root):
    import os

    def pictures(folder):
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.name.endswith(".png")]
        return [Path(folder) / name for name in sorted(names)]

    def split(folder):
        with os.scandir(folder) as entries:
            labels = {entry.name: pictures(entry.path) for entry in entries if entry.is_dir()}
        return {label: labels[label] for label in sorted(labels) if labels[label]}

    train, valid = split(os.path.join(root, "train")), split(os.path.join(root, "valid"))
    if list(train) != list(valid):
        raise ValueError(f"train has the labels {list(train)}, valid has {list(valid)}")
    return {"train": train, "valid": valid}


@alternative(replaces="scan")
def walks_the_tree(root):
    found = {"train": {}, "valid": {}}
    for path in Path(root).rglob("*"):
        parts = path.relative_to(root).parts
        if len(parts) == 3 and parts[0] in found and path.suffix == ".png":
            found[parts[0]].setdefault(parts[1], []).append(path)
    names = {name for labels in found.values() for name in labels}
    for name in names:
        for split, labels in found.items():
            if name not in labels:
                raise ValueError(f"{split} has no picture of {name}")
    return {
        split: {name: sorted(labels[name]) for name in sorted(names)}
        for split, labels in found.items()
    }


@misconception(caught_by="test_the_folder_is_named_after_the_label", replaces="write_dataset")
def puts_the_label_into_the_file_name(images, labels, root, valid_fraction, generator):
    "A file name has room for the label."
    for split, place, label, name in _plan(labels, valid_fraction, generator):
        _save(images[place], Path(root) / split / f"{label}_{name}")


@misconception(
    caught_by=("test_the_folder_is_named_after_the_label", "test_a_scan_finds_what_was_written"),
    replaces="write_dataset",
)
def puts_the_splits_into_the_labels(images, labels, root, valid_fraction, generator):
    "What a picture shows comes first, and its split second."
    for split, place, label, name in _plan(labels, valid_fraction, generator):
        _save(images[place], Path(root) / str(label) / split / name)


@misconception(caught_by="test_no_image_is_in_both_splits", replaces="write_dataset")
def trains_on_everything(images, labels, root, valid_fraction, generator):
    "The training set is all there is, and the validation set a sample of it."
    for split, place, label, name in _plan(labels, valid_fraction, generator):
        for each in {split, "train"}:
            _save(images[place], Path(root) / each / str(label) / name)


@misconception(
    caught_by=("test_each_label_has_its_share_in_valid", "test_a_rare_label_is_in_valid"),
    replaces="write_dataset",
)
def splits_without_regard_to_labels(images, labels, root, valid_fraction, generator):
    "A random part of all images has its share of every label."
    order = torch.randperm(len(images), generator=generator)
    valid = {*order[: round(valid_fraction * len(images))].tolist()}
    for place, label in enumerate(labels):
        split = "valid" if place in valid else "train"
        _save(images[place], Path(root) / split / str(int(label)) / _name(place, len(images)))


@misconception(caught_by="test_each_label_has_its_share_in_valid", replaces="write_dataset")
def swaps_the_shares(images, labels, root, valid_fraction, generator):
    "A fraction says how much is for training."
    for split, place, label, name in _plan(labels, 1 - valid_fraction, generator):
        _save(images[place], Path(root) / split / str(label) / name)


@misconception(caught_by="test_a_rare_label_is_in_valid", replaces="write_dataset")
def rounds_a_rare_label_away(images, labels, root, valid_fraction, generator):
    "A tenth of three images, rounded, is none."
    for split, place, label, name in _plan(labels, valid_fraction, generator, least=0):
        _save(images[place], Path(root) / split / str(label) / name)


@misconception(caught_by="test_a_rare_label_is_in_train", replaces="write_dataset")
def leaves_a_rare_label_nothing_to_train_on(images, labels, root, valid_fraction, generator):
    "Nine tenths of two images, rounded, are two."
    for split, place, label, name in _plan(labels, valid_fraction, generator, kept=0):
        _save(images[place], Path(root) / split / str(label) / name)


@misconception(
    caught_by=("test_every_image_may_be_drawn", "test_no_place_in_the_dataset_decides"),
    replaces="write_dataset",
)
def takes_the_first_ones(images, labels, root, valid_fraction, generator):
    "The first few of each label are as good a sample as any."
    for split, place, label, name in _plan(labels, valid_fraction, None):
        _save(images[place], Path(root) / split / str(label) / name)


@misconception(caught_by="test_the_same_seed_gives_the_same_split", replaces="write_dataset")
def draws_from_the_global_generator(images, labels, root, valid_fraction, generator):
    "torch.randperm finds the generator by itself."
    for split, place, label, name in _plan(labels, valid_fraction, torch.default_generator):
        _save(images[place], Path(root) / split / str(label) / name)


@misconception(
    caught_by=("test_every_image_may_be_drawn", "test_a_second_call_draws_on"),
    replaces="write_dataset",
)
def seeds_its_own_generator(images, labels, root, valid_fraction, generator):
    "A split is repeatable if its seed is written into the program."
    own = torch.Generator().manual_seed(42)
    for split, place, label, name in _plan(labels, valid_fraction, own):
        _save(images[place], Path(root) / split / str(label) / name)


@misconception(caught_by="test_a_second_call_draws_on", replaces="write_dataset")
def begins_with_the_seed_again(images, labels, root, valid_fraction, generator):
    "What matters about a generator is its seed."
    own = torch.Generator().manual_seed(generator.initial_seed())
    for split, place, label, name in _plan(labels, valid_fraction, own):
        _save(images[place], Path(root) / split / str(label) / name)


@misconception(caught_by="test_the_file_name_is_the_index", replaces="write_dataset")
def counts_in_each_folder(images, labels, root, valid_fraction, generator):
    "The files of a folder are counted from 0."
    counts = {}
    for split, place, label, _ in _plan(labels, valid_fraction, generator):
        number = counts[split, label] = counts.get((split, label), -1) + 1
        _save(images[place], Path(root) / split / str(label) / _name(number, len(images)))


@misconception(caught_by="test_an_index_is_padded_with_zeros", replaces="write_dataset")
def pads_nothing(images, labels, root, valid_fraction, generator):
    "9.png comes before 10.png anyway."
    for split, place, label, _ in _plan(labels, valid_fraction, generator):
        _save(images[place], Path(root) / split / str(label) / f"{place}.png")


@misconception(caught_by="test_an_index_is_padded_no_further", replaces="write_dataset")
def pads_to_the_number_of_images(images, labels, root, valid_fraction, generator):
    "Ten images need two digits, as 10 has two."
    for split, place, label, _ in _plan(labels, valid_fraction, generator):
        _save(images[place], Path(root) / split / str(label) / _name(place, len(images) + 1))


@misconception(caught_by="test_the_pixels_stay_as_they_are", replaces="write_dataset")
def stretches_the_contrast(images, labels, root, valid_fraction, generator):
    "A picture goes from black to white."
    for split, place, label, name in _plan(labels, valid_fraction, generator):
        image = images[place].float() - images[place].min()
        image = (image * 255 / image.max().clamp(min=1)).to(torch.uint8)
        _save(image, Path(root) / split / str(label) / name)


@misconception(caught_by="test_height_and_width_stay", replaces="write_dataset")
def turns_the_pictures(images, labels, root, valid_fraction, generator):
    "Pillow counts width first, so the axes must change places."
    for split, place, label, name in _plan(labels, valid_fraction, generator):
        _save(images[place].T, Path(root) / split / str(label) / name)


@misconception(
    caught_by=("test_the_pictures_are_grey_png_files", "test_the_pixels_stay_as_they_are"),
    replaces="write_dataset",
)
def compresses_as_jpeg(images, labels, root, valid_fraction, generator):
    "A picture is a picture, and JPEG is the smallest."
    for split, place, label, name in _plan(labels, valid_fraction, generator):
        path = Path(root) / split / str(label) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(images[place].numpy()).save(path, format="JPEG")


@misconception(caught_by="test_the_pictures_are_grey_png_files", replaces="write_dataset")
def writes_three_channels(images, labels, root, valid_fraction, generator):
    "A picture has three channels."
    for split, place, label, name in _plan(labels, valid_fraction, generator):
        path = Path(root) / split / str(label) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(images[place].numpy()).convert("RGB").save(path)


@misconception(caught_by="test_the_inputs_stay_as_they_are", replaces="write_dataset")
def marks_what_is_done(images, labels, root, valid_fraction, generator):
    "A label that has been dealt with can be crossed out."
    for split, place, label, name in [*_plan(labels, valid_fraction, generator)]:
        _save(images[place], Path(root) / split / str(label) / name)
        labels[place] = -1


@misconception(caught_by="test_labels_may_be_a_list", replaces="write_dataset")
def needs_a_tensor_of_labels(images, labels, root, valid_fraction, generator):
    "Labels are a tensor, as images are."
    for split, place, label, name in _plan(labels.long(), valid_fraction, generator):
        _save(images[place], Path(root) / split / str(label) / name)


@misconception(caught_by="test_root_may_be_text_and_its_parents_missing", replaces="write_dataset")
def makes_one_folder_at_a_time(images, labels, root, valid_fraction, generator):
    "Where the data set goes there is a folder already."
    Path(root).mkdir(exist_ok=True)
    for split, place, label, name in _plan(labels, valid_fraction, generator):
        _save(images[place], Path(root) / split / str(label) / name)


@misconception(caught_by="test_the_label_is_the_name_of_the_folder", replaces="scan")
def reads_the_label_off_the_file(root):
    "A picture that shows a 7 is called after it."
    return _scan(root, label=lambda path: path.name[0])


@misconception(
    caught_by=("test_a_file_at_the_root_is_no_split", "test_another_folder_is_no_split"),
    replaces="scan",
)
def takes_everything_for_a_split(root):
    "What lies in the root is a split."
    return _scan(root, splits=sorted(path.name for path in Path(root).iterdir()))


@misconception(caught_by="test_another_folder_is_no_split", replaces="scan")
def takes_every_folder_for_a_split(root):
    "Each folder in the root is a split."
    return _scan(root, splits=sorted(path.name for path in Path(root).iterdir() if path.is_dir()))


@misconception(caught_by="test_a_stray_file_is_no_picture", replaces="scan")
def takes_every_file(root):
    "In the folder of a label there are only its pictures."
    return _scan(root, pattern="*/*")


@misconception(caught_by="test_a_file_beside_the_labels_is_none", replaces="scan")
def takes_a_file_for_a_label(root):
    "In a split there are only labels."
    found = _scan(root)
    names = {path.name for split in found for path in (Path(root) / split).iterdir()}
    return {
        split: {name: labels.get(name, []) for name in sorted(names)}
        for split, labels in found.items()
    }


@misconception(caught_by="test_labels_are_sorted_whatever_the_disk_says", replaces="scan")
def takes_labels_as_the_disk_gives_them(root):
    "The disk lists folders by name."
    return _scan(
        root,
        order=lambda paths: (
            path for folder in _folders(paths) for path in sorted(folder.glob("*.png"))
        ),
    )


@misconception(caught_by="test_paths_are_sorted_whatever_the_disk_says", replaces="scan")
def takes_paths_as_the_disk_gives_them(root):
    "The disk lists files by name."
    return _scan(
        root,
        order=lambda paths: (
            path for folder in sorted(_folders(paths)) for path in folder.glob("*.png")
        ),
    )


@misconception(caught_by="test_labels_are_sorted_as_text", replaces="scan")
def sorts_labels_by_their_numbers(root):
    "Labels are numbers, and 2 comes before 10."
    found = _scan(root)
    return {split: dict(sorted(found[split].items(), key=_by_number)) for split in found}


@misconception(caught_by="test_paths_are_sorted_as_text", replaces="scan")
def sorts_paths_by_their_numbers(root):
    "File names are numbers, and 9.png comes before 10.png."
    found = _scan(root)
    return {
        split: {
            label: sorted(paths, key=lambda path: (len(path.name), path.name))
            for label, paths in labels.items()
        }
        for split, labels in found.items()
    }


@misconception(caught_by="test_a_label_may_be_any_text", replaces="scan")
def makes_labels_numbers(root):
    "A label is the number of a class."
    return _scan(root, label=lambda path: int(path.parent.name))


@misconception(caught_by="test_the_splits_are_kept_apart", replaces="scan")
def merges_the_splits(root):
    "A label has its pictures, wherever they lie."
    found = _scan(root)
    merged = {label: [*paths, *found["valid"][label]] for label, paths in found["train"].items()}
    return {"train": merged, "valid": merged}


@misconception(caught_by="test_a_path_is_a_path", replaces="scan")
def returns_text(root):
    "A path is a piece of text."
    return _scan(root, path=str)


@misconception(caught_by="test_a_path_begins_with_the_root", replaces="scan")
def leaves_out_the_root(root):
    "Who has called knows where the data set lies."
    return _scan(root, path=lambda path: path.relative_to(root))


@misconception(caught_by="test_root_of_a_scan_may_be_text", replaces="scan")
def needs_a_path(root):
    "A folder comes as a Path."
    found = {split: {} for split in ("train", "valid")}
    for split in found:
        for path in sorted(root.glob(f"{split}/*/*.png")):
            found[split].setdefault(path.parent.name, []).append(path)
    _refuse_others(found)
    return found


@misconception(
    caught_by=(
        "test_a_label_that_only_train_has_is_refused",
        "test_a_label_that_only_valid_has_is_refused",
    ),
    replaces="scan",
)
def fills_in_nothing(root):
    "A label without pictures in a split has an empty list there."
    found = _scan(root, check=False)
    names = sorted({*found["train"], *found["valid"]})
    return {split: {name: found[split].get(name, []) for name in names} for split in found}


@misconception(caught_by="test_a_label_that_only_valid_has_is_refused", replaces="scan")
def asks_for_the_labels_of_train(root):
    "Validation can only lack labels that training has."
    found = _scan(root, check=False)
    if missing := [label for label in found["train"] if label not in found["valid"]]:
        raise ValueError(f"valid has no {missing}")
    return found


@misconception(caught_by="test_a_label_that_only_train_has_is_refused", replaces="scan")
def asks_for_the_labels_of_valid(root):
    "A model can only be asked for labels that it has trained on, and more of them do no harm."
    found = _scan(root, check=False)
    if missing := [label for label in found["valid"] if label not in found["train"]]:
        raise ValueError(f"train has no {missing}")
    return found


@misconception(caught_by="test_as_many_labels_need_not_be_the_same", replaces="scan")
def counts_the_labels(root):
    "Two splits with as many labels have the same labels."
    found = _scan(root, check=False)
    if len(found["train"]) != len(found["valid"]):
        _refuse_others(found)
    return found


@misconception(
    caught_by=(
        "test_a_label_that_only_train_has_is_refused",
        "test_a_label_that_only_valid_has_is_refused",
    ),
    replaces="scan",
)
def names_no_label(root):
    "Who reads that the splits differ will find out in what."
    found = _scan(root, check=False)
    if found["train"].keys() != found["valid"].keys():
        raise ValueError("the splits have different labels")
    return found


@misconception(caught_by="test_a_folder_without_pictures_is_no_label", replaces="scan")
def counts_empty_folders(root):
    "A folder stands for its label, whatever is in it."
    found = _scan(root, check=False)
    for split, labels in found.items():
        for folder in (Path(root) / split).iterdir():
            if folder.is_dir():
                labels.setdefault(folder.name, [])
        found[split] = dict(sorted(labels.items()))
    _refuse_others(found)
    return found


def _plan(labels, valid_fraction, generator, least=1, kept=1):
    """Which split, place, label and file name each image has."""
    labels = torch.as_tensor(labels).clone()
    for label in labels.unique().tolist():
        places = (labels == label).nonzero().squeeze(1)
        if generator:
            places = places[torch.randperm(len(places), generator=generator)]
        count = min(max(round(valid_fraction * len(places)), least), len(places) - kept)
        for drawn, place in enumerate(places.tolist()):
            yield "valid" if drawn < count else "train", place, label, _name(place, len(labels))


def _name(place, images):
    return f"{place:0{len(str(images - 1))}}.png"


def _save(image, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image.numpy()).save(path)


def _scan(root, splits=("train", "valid"), pattern="*/*.png", order=sorted, check=True, **how):
    """What scan does, with a place for each mistake."""
    label, made = how.get("label", lambda path: path.parent.name), how.get("path", Path)
    found = {split: {} for split in splits}
    for split, labels in found.items():
        for path in order((Path(root) / split).glob(pattern)):
            labels.setdefault(label(path), []).append(made(path))
    if check:
        _refuse_others({split: found[split] for split in ("train", "valid")})
    return found


def _refuse_others(found):
    if alone := found["train"].keys() ^ found["valid"].keys():
        raise ValueError(f"in one split only: {sorted(alone)}")


def _folders(paths):
    return dict.fromkeys(path.parent for path in paths)


def _by_number(item):
    return len(item[0]), item[0]
