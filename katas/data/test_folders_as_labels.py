import os
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from dojo.checks import answer_of, assert_refused, assert_same, unchanged
from katas.data.folders_as_labels import scan, write_dataset


def test_the_folder_is_named_after_the_label(tmp_path, generator):
    labels = torch.tensor([7, 7, 12, 7, 12, 0, 0])
    for path in written(tmp_path, labels, 0.5, generator):
        parts = path.relative_to(tmp_path).parts
        label = str(labels[int(path.stem)].item()) if path.stem.isdigit() else "LABEL"
        assert parts[:-1] in (("train", label), ("valid", label)), (
            f"the labels are {labels.tolist()}, got {Path(*parts)}: expected train/{label}/... or "
            f"valid/{label}/... under the root"
        )


def test_no_image_is_in_both_splits(tmp_path, generator):
    paths = written(tmp_path, torch.tensor([3] * 9 + [7] * 5), 0.3, generator)
    twice = sorted(name for name, times in Counter(p.name for p in paths).items() if times > 1)
    assert not twice, (
        f"each image is to be in one split, got {', '.join(twice)} twice: a picture seen in "
        "training says nothing in validation"
    )


def test_the_file_name_is_the_index(tmp_path, generator):
    paths = written(tmp_path, torch.tensor([5, 6] * 4), 0.5, generator)
    names = sorted({path.name for path in paths})
    expected = [f"{index}.png" for index in range(8)]
    assert names == expected, (
        f"eight images are called {', '.join(expected)}, got {', '.join(names)}: fewer names would "
        "mean that a folder counts its own files"
    )


def test_an_index_is_padded_with_zeros(tmp_path, generator):
    names = sorted(p.name for p in written(tmp_path, torch.tensor([5] * 11), 0.1, generator))
    expected = [f"0{index}.png" for index in range(10)] + ["10.png"]
    assert names == expected, (
        f"11 images are called {', '.join(expected)}, got {', '.join(names)}: padded with zeros "
        "they sort alike as text and as numbers"
    )


def test_an_index_is_padded_no_further(tmp_path, generator):
    for images, last in ((1, "0.png"), (10, "9.png")):
        root = tmp_path / str(images)
        names = sorted(p.name for p in written(root, torch.ones(images).long(), 0.4, generator))
        assert names[-1] == last, (
            f"the last of {images} images is {last}, got {names[-1]}: the last index is "
            f"{images - 1}, and sets the number of digits"
        )
        assert {len(name) for name in names} == {len(last)}, (
            f"the names of {images} images are equally long, got {', '.join(names[:12])}, ..."
        )


def test_the_pixels_stay_as_they_are(tmp_path):
    images = torch.tensor([[[0, 10, 200, 3, 90], [7, 40, 128, 5, 77], [1, 2, 9, 33, 99]]])
    images = torch.cat([images, images.flip(2) + 50, images + 3]).to(torch.uint8)
    for path in written(tmp_path, torch.tensor([2, 2, 2]), 0.4, seeded(0), images):
        why = f"{path.name}, as bytes of grey"
        assert_same(pixels(path), images[index_of(path)], why, rtol=0, atol=0)


def test_height_and_width_stay(tmp_path, generator):
    for path in written(tmp_path, torch.tensor([6, 6]), 0.5, generator):
        height, width = pixels(path).shape
        assert (height, width) == (3, 5), (
            f"images of 3 by 5 are 3 high and 5 wide, got {height} by {width}: torch names the "
            "height first"
        )


def test_the_pictures_are_grey_png_files(tmp_path, generator):
    for path in written(tmp_path, torch.tensor([2, 2, 4, 4]), 0.5, generator):
        with Image.open(path) as picture:
            got = picture.format, picture.mode
        assert got == ("PNG", "L"), (
            f"a grey picture is a PNG file of mode L, got a {got[0]} file of mode {got[1]}"
        )


def test_each_label_has_its_share_in_valid(tmp_path):
    labels = torch.tensor([7] * 20 + [0] * 8 + [12] * 4)
    for seed in range(2):
        root = tmp_path / str(seed)
        paths = written(root, labels, 0.25, seeded(seed))
        got = Counter(path.parent.name for path in paths if "valid" in path.parts)
        for label, share in (("7", 5), ("0", 2), ("12", 1)):
            assert abs(got[label] - share) <= 1, (
                f"a quarter of 20, 8 and 4 images are 5, 2 and 1, and {got[label]} of label "
                f"{label} are in valid, where {share} belong: split each label by itself"
            )


def test_a_rare_label_is_in_valid(tmp_path):
    labels = torch.tensor([1] * 6 + [2] * 3 + [3] * 2)
    for seed in range(2):
        paths = written(tmp_path / str(seed), labels, 0.1, seeded(seed))
        got = {path.parent.name for path in paths if "valid" in path.parts}
        assert got == {"1", "2", "3"}, (
            f"6, 3 and 2 images have one and more in valid each, got labels {sorted(got)} there: "
            "what is missing will never be validated"
        )
        few = [path for path in paths if path.parts[-3:-1] == ("valid", "2")]
        assert len(few) == 1, f"a tenth of 3 images is one, if it is to be any, got {len(few)}"


def test_a_rare_label_is_in_train(tmp_path):
    labels = torch.tensor([1] * 6 + [2] * 3 + [3] * 2)
    for seed in range(2):
        paths = written(tmp_path / str(seed), labels, 0.9, seeded(seed))
        got = {path.parent.name for path in paths if "train" in path.parts}
        assert got == {"1", "2", "3"}, (
            f"6, 3 and 2 images have one and more in train each, got labels {sorted(got)} there: "
            "what is missing will never be learned"
        )


def test_every_image_may_be_drawn(tmp_path):
    draws, got = 25, Counter()
    for seed in range(draws):
        paths = written(tmp_path / str(seed), torch.tensor([4, 4]), 0.5, seeded(seed))
        got.update(path.name for path in paths if "valid" in path.parts)
    for name in ("0.png", "1.png"):
        # A fair coin shows heads 2 times or fewer of 25 once in 100,000.
        assert 3 <= got[name] <= 22, (
            f"of 2 images one is for validation, and in {draws} draws it was {name} {got[name]} "
            "times: each is as likely as the other"
        )


def test_no_place_in_the_dataset_decides(tmp_path, generator):
    got = split(tmp_path, torch.tensor([8] * 20), generator)
    for first, step, what in ((0, 1, "first ten"), (10, 1, "last ten"), (0, 2, "even ones")):
        regular = {f"8/{first + step * number:02}.png" for number in range(10)}
        assert got != regular, (
            f"half of 20 images are drawn for validation, got the {what}: in a data set that has "
            "an order, by writer or by date, these are no sample of all"
        )


def test_the_same_seed_gives_the_same_split(tmp_path):
    labels = torch.tensor([8, 9] * 6)
    first, second = (split(tmp_path / each, labels, seeded(3)) for each in ("one", "two"))
    assert first == second, (
        f"two generators with the same seed gave {sorted(first)} and {sorted(second)} for "
        "validation: the one handed in has to draw"
    )


def test_a_second_call_draws_on(tmp_path, generator):
    labels = torch.tensor([8] * 16)
    first, second = (split(tmp_path / each, labels, generator) for each in ("one", "two"))
    assert first != second, (
        f"one generator, two calls, and both gave {sorted(first)} for validation: a generator "
        "draws on from where it is, whatever its seed was"
    )


def test_the_inputs_stay_as_they_are(tmp_path, generator):
    images = torch.arange(60).reshape(4, 3, 5).to(torch.uint8)
    labels = torch.tensor([7, 3, 7, 3])
    with unchanged(images, labels):
        written(tmp_path, labels, 0.5, generator, images)


def test_labels_may_be_a_list(tmp_path, generator):
    labels = [7, 3, 7, 3]
    got = {(p.parent.name, p.name) for p in written(tmp_path, labels, 0.5, generator)}
    expected = {("7", "0.png"), ("3", "1.png"), ("7", "2.png"), ("3", "3.png")}
    assert got == expected, f"labels [7, 3, 7, 3] give {sorted(expected)}, got {sorted(got)}"
    assert labels == [7, 3, 7, 3], f"the list of labels was [7, 3, 7, 3], it is now {labels}"


def test_root_may_be_text_and_its_parents_missing(tmp_path, generator):
    root = os.path.join(tmp_path, "not", "there")
    images = torch.zeros(2, 3, 5, dtype=torch.uint8)
    why = "the folders on the way to root, which is text here, are made"
    answer_of(lambda: write_dataset(images, torch.tensor([3, 3]), root, 0.5, generator), why)
    got = sorted(path.name for path in Path(root).rglob("*.png"))
    assert got == ["0.png", "1.png"], f"two images are in {root}, got {got}"


def test_a_scan_finds_what_was_written(tmp_path, digits, generator):
    places = torch.cat([(digits.labels == n).nonzero()[:3, 0] for n in digits.labels.unique()])
    images, labels = digits.images[places], digits.labels[places]
    written(tmp_path, labels, 0.3, generator, images)
    found = scanned(tmp_path)
    names = sorted({str(label) for label in labels.tolist()})
    seen = []
    for name, by_label in found.items():
        assert list(by_label) == names, f"{name} has the labels {names}, got {list(by_label)}"
        for label, paths in by_label.items():
            for path in paths:
                index = index_of(path)
                assert str(labels[index].item()) == label, (
                    f"image {index} is a {labels[index]}, and {path} is among the {label}s"
                )
                assert_same(pixels(path), images[index], f"{path.name}", rtol=0, atol=0)
                seen.append(index)
    assert sorted(seen) == [*range(len(labels))], (
        f"{len(labels)} images were written, found are {len(set(seen))} of them in {len(seen)} "
        "files"
    )


def test_the_splits_are_kept_apart(tmp_path):
    paths = tree(tmp_path, "train/3/0.png", "train/3/1.png", "valid/3/2.png")
    got = scanned(tmp_path)
    assert got == {"train": {"3": paths[:2]}, "valid": {"3": paths[2:]}}, (
        f"0.png and 1.png are in train, 2.png is in valid, got {got}"
    )


def test_the_label_is_the_name_of_the_folder(tmp_path):
    tree(tmp_path, "train/3/7_1.png", "valid/3/7_2.png", "train/7/3_3.png", "valid/7/3_4.png")
    got = names_of(scanned(tmp_path))
    expected = {
        "train": {"3": ["7_1.png"], "7": ["3_3.png"]},
        "valid": {"3": ["7_2.png"], "7": ["3_4.png"]},
    }
    assert got == expected, (
        f"7_1.png lies in a folder called 3, so it is a 3: expected {expected}, got {got}"
    )


def test_a_label_may_be_any_text(tmp_path):
    tree(tmp_path, "train/2/a.png", "valid/2/b.png", "train/heron/c.png", "valid/heron/d.png")
    got = sorted(map(repr, scanned(tmp_path)["train"]))
    assert got == ["'2'", "'heron'"], (
        f"the folders are called 2 and heron, so the labels are the texts '2' and 'heron', got "
        f"{', '.join(got)}"
    )


def test_labels_are_sorted_whatever_the_disk_says(tmp_path):
    tree(tmp_path, *(f"{part}/{label}/0.png" for part in ("train", "valid") for label in "2745"))
    found = scanned(tmp_path, backwards=True)
    for part, labels in found.items():
        assert list(labels) == ["2", "4", "5", "7"], (
            f"the labels of {part} are 2, 4, 5, 7, got {', '.join(map(str, labels))}: this disk "
            "lists its folders backwards, another one in no order at all"
        )


def test_paths_are_sorted_whatever_the_disk_says(tmp_path):
    tree(tmp_path, "train/3/0.png", "valid/3/1.png", "valid/3/5.png", "valid/3/2.png")
    got = picked(names_of(scanned(tmp_path, backwards=True)), "valid", "3")
    assert got == ["1.png", "2.png", "5.png"], (
        f"1.png, 2.png, 5.png come in this order, got {', '.join(got)}: this disk lists its files "
        "backwards, another one in no order at all"
    )


def test_labels_are_sorted_as_text(tmp_path):
    tree(tmp_path, *(f"{part}/{n}/0.png" for part in ("train", "valid") for n in (2, 10, 9)))
    for part, labels in scanned(tmp_path).items():
        assert list(labels) == ["10", "2", "9"], (
            f"sorted as text the labels of {part} are 10, 2, 9, got {', '.join(map(str, labels))}"
        )


def test_paths_are_sorted_as_text(tmp_path):
    tree(tmp_path, "train/3/2.png", "train/3/10.png", "train/3/9.png", "valid/3/1.png")
    got = picked(names_of(scanned(tmp_path)), "train", "3")
    assert got == ["10.png", "2.png", "9.png"], (
        f"sorted as text the names are 10.png, 2.png, 9.png, got {', '.join(got)}: a name padded "
        "with zeros would be in its place either way"
    )


def test_a_path_is_a_path(tmp_path):
    tree(tmp_path, "train/3/0.png", "valid/3/1.png")
    for root in (tmp_path, str(tmp_path)):
        got = picked(scanned(root), "train", "3")[-1]
        assert isinstance(got, Path), f"expected a Path, got a {type(got).__name__}: {got}"


def test_a_path_begins_with_the_root(tmp_path):
    tree(tmp_path, "train/3/0.png", "valid/3/1.png")
    got = picked(scanned(tmp_path), "valid", "3")[-1]
    assert str(got) == os.path.join(tmp_path, "valid", "3", "1.png"), (
        f"the root is {tmp_path}, the path in it is valid/3/1.png, got {got}: it is there to be "
        "opened from anywhere"
    )


def test_root_of_a_scan_may_be_text(tmp_path):
    paths = tree(tmp_path, "train/3/0.png", "valid/3/1.png")
    got = [str(path) for path in picked(scanned(str(tmp_path)), "train", "3")]
    assert got == [str(paths[0])], f"root as text gives {paths[0]} too, got {got}"


def test_a_file_at_the_root_is_no_split(tmp_path):
    assert_left_out(tmp_path, "labels.csv")


def test_another_folder_is_no_split(tmp_path):
    assert_left_out(tmp_path, "models/3/graph.png", "models/resnet.pt")


def test_a_file_beside_the_labels_is_none(tmp_path):
    assert_left_out(tmp_path, "train/.DS_Store", "valid/.DS_Store")


def test_a_stray_file_is_no_picture(tmp_path):
    assert_left_out(tmp_path, "train/3/.DS_Store", "valid/3/labels.csv")


def test_a_folder_without_pictures_is_no_label(tmp_path):
    assert_left_out(tmp_path, "train/heron/.DS_Store")
    (tmp_path / "valid" / "crane").mkdir()
    got = names_of(scanned(tmp_path))
    expected = {"train": {"3": ["0.png"]}, "valid": {"3": ["1.png"]}}
    assert got == expected, f"an empty folder is no label: expected {expected}, got {got}"


def test_a_label_that_only_train_has_is_refused(tmp_path):
    tree(tmp_path, "train/3/0.png", "valid/3/1.png", "train/heron/2.png")
    assert_refused_for(tmp_path, "heron", "has pictures in train, and is not in valid")
    (tmp_path / "valid" / "heron").mkdir()
    assert_refused_for(tmp_path, "heron", "has pictures in train, and an empty folder in valid")


def test_a_label_that_only_valid_has_is_refused(tmp_path):
    tree(tmp_path, "train/3/0.png", "valid/3/1.png", "valid/heron/2.png")
    assert_refused_for(tmp_path, "heron", "has pictures in valid, and is not in train")


def test_as_many_labels_need_not_be_the_same(tmp_path):
    tree(tmp_path, "train/3/0.png", "valid/3/1.png", "train/crane/2.png", "valid/heron/3.png")
    why = "train has 3 and crane, valid has 3 and heron"
    with disk(backwards=False):
        assert_refused(lambda: scan(tmp_path), ValueError, why)


def assert_left_out(root, *names):
    """Beside one picture in each split, files of these names change nothing."""
    tree(root, "train/3/0.png", "valid/3/1.png")
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"no picture")
    got = names_of(scanned(root))
    expected = {"train": {"3": ["0.png"]}, "valid": {"3": ["1.png"]}}
    assert got == expected, f"{', '.join(names)} changes nothing: expected {expected}, got {got}"


def assert_refused_for(root, label, why):
    with disk(backwards=False):
        assert_refused(lambda: scan(root), ValueError, f"{label} {why}", mentions=[label])


def written(root, labels, valid_fraction, generator, images=None):
    """The files that the learner's program writes; the images are of 3 by 5 unless given."""
    if images is None:
        images = torch.full((len(labels), 3, 5), 9, dtype=torch.uint8)
    why = f"{len(labels)} images can be written"
    answer_of(lambda: write_dataset(images, labels, root, valid_fraction, generator), why)
    return sorted(path for path in root.rglob("*") if path.is_file())


def split(root, labels, generator):
    """Which files are for validation."""
    paths = written(root, labels, 0.5, generator)
    return {f"{path.parent.name}/{path.name}" for path in paths if "valid" in path.parts}


def scanned(root, backwards=False):
    with disk(backwards):
        found = answer_of(lambda: scan(root), "train and valid have the same labels")
    for part in ("train", "valid"):
        labels = found.get(part) if isinstance(found, dict) else None
        assert isinstance(labels, dict), (
            f'expected {{"train": {{...}}, "valid": {{...}}}}, got {found}'
        )
    return found


def picked(found, part, label):
    labels = ", ".join(map(repr, found[part]))
    assert label in found[part], f"{part} has a folder {label}, got the labels {labels or 'none'}"
    return found[part][label]


def names_of(found):
    """The same with file names in place of paths."""
    return {
        part: {label: [os.path.basename(path) for path in paths] for label, paths in labels.items()}
        for part, labels in found.items()
    }


def tree(root, *names):
    """Write small pictures."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (5, 3)).save(root / name)
    return [root / name for name in names]


def index_of(path):
    assert path.stem.isdigit(), f"a file is called after its image's index alone, got {path.name}"
    return int(path.stem)


def pixels(path):
    with Image.open(path) as picture:
        return torch.from_numpy(np.array(picture.convert("L")))


def seeded(seed):
    return torch.Generator().manual_seed(seed)


class Entries(list):
    """What os.scandir gives, in an order of ours."""

    def __enter__(self):
        return iter(self)

    def __exit__(self, *error):
        self.close()

    def close(self):
        pass


@contextmanager
def disk(backwards):
    """A disk that lists its files by name, or backwards: real ones are as they please."""
    kept = {
        (place, name): vars(place)[name]
        for place, names in ((os, ("listdir", "scandir")), (Path, ("iterdir", "glob", "rglob")))
        for name in names
    }

    def in_order(function, key, made=list):
        def listed(*args, **kwargs):
            return made(sorted(function(*args, **kwargs), key=key, reverse=backwards))

        return listed

    def scandir(*args):
        with kept[os, "scandir"](*args) as entries:
            return Entries(sorted(entries, key=lambda entry: entry.name, reverse=backwards))

    try:
        os.listdir, os.scandir = in_order(os.listdir, str), scandir
        for name in ("iterdir", "glob", "rglob"):
            setattr(Path, name, in_order(kept[Path, name], str, iter))
        yield
    finally:
        for (place, name), function in kept.items():
            setattr(place, name, function)
