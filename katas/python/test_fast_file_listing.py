import errno
import os
import shutil
import sys
from collections import Counter
from itertools import cycle
from types import BuiltinFunctionType

import pytest

from dojo.checks import answer_of, assert_refused
from katas.python.fast_file_listing import find_files

IMAGES = {".png", ".jpg"}


def test_the_files_with_an_extension_are_found(tmp_path):
    assert_finds(tmp_path, ["a.png", "b.jpg"], "extensions are given with their dot")


def test_other_files_are_not_found(tmp_path):
    assert_finds(
        tmp_path, ["a.png", "b.jpg"], ".png and .jpg are asked for", beside=["c.txt", "d", "e.gif"]
    )


def test_folders_are_searched_at_any_depth(tmp_path):
    names = ["a.png", "3/b.png", "train/3/c.png", "train/3/x/y/d.jpg"]
    assert_finds(tmp_path, names, "the folders in a folder are searched too, and those in these")


def test_the_case_of_an_extension_does_not_matter(tmp_path):
    assert_finds(tmp_path, ["A.PNG", "b.Jpg", "c.pnG"], "extensions come in capitals as well")


def test_the_extension_begins_at_the_last_dot(tmp_path):
    names = ["a.old.png", "3.5.jpg", "v1.2.3.png"]
    assert_finds(tmp_path, names, "the extension begins at the last dot, not at the first")


def test_an_extension_elsewhere_in_the_name_does_not_count(tmp_path):
    beside = ["a.png.txt", "b.jpg.gz", "c.pngs", "d.png~"]
    assert_finds(tmp_path, ["a.png"], "the extension is the end of a name", beside)


def test_an_extension_has_a_dot(tmp_path):
    beside = ["png", "bpng", "c.xpng", "d_jpg"]
    assert_finds(tmp_path, ["a.png"], "the dot belongs to the extension", beside)


def test_no_extensions_find_nothing(tmp_path):
    make_files(tmp_path, ["a.png", "b", "3/c.txt"])
    got = found_in(tmp_path, set())
    assert got == [], f"none of the extensions asked for, so no file, got {got}"


def test_a_folder_is_no_file(tmp_path):
    make_files(tmp_path, ["a.png", "folder.png/readme.txt"])
    got = found_in(tmp_path)
    assert got == ["a.png"], f"folder.png is a folder, so a.png is all there is, got {got}"


def test_a_folder_named_like_a_file_is_searched(tmp_path):
    names = ["a.png", "v1.0/b.png", "folder.png/c.png"]
    assert_finds(tmp_path, names, "a folder may have a dot in its name")


def test_a_link_back_up_is_not_followed(tmp_path):
    make_files(tmp_path, ["a.png", "3/b.png"])
    link(tmp_path / "3" / "back", tmp_path)
    got = Counter(found_in(tmp_path))
    assert got == {"a.png": 1, "3/b.png": 1}, (
        f"two files, each of them once, and 3/back leads back to the root: got {len(got)} paths, "
        f"{' and '.join(sorted(got)[:3])} among them: the link was followed"
    )


def test_a_link_to_a_folder_is_not_followed(tmp_path):
    make_files(tmp_path, ["data/a.png", "elsewhere/b.png"])
    link(tmp_path / "data" / "more", tmp_path / "elsewhere")
    got = found_in(tmp_path / "data")
    assert got == ["a.png"], (
        f"data/more is a link to another folder, and not followed: a.png is all, got {got}"
    )


def test_a_link_to_a_folder_is_no_file(tmp_path):
    make_files(tmp_path, ["data/a.png", "elsewhere/readme.txt"])
    link(tmp_path / "data" / "more.png", tmp_path / "elsewhere")
    got = found_in(tmp_path / "data")
    assert got == ["a.png"], (
        f"data/more.png is a link to a folder, so a.png is all there is, got {got}: what is no "
        "folder need not be a file"
    )


def test_an_unreadable_folder_is_skipped(tmp_path, monkeypatch):
    make_files(tmp_path, ["locked/a.png"])
    lock(monkeypatch)
    got = found_in(tmp_path, why="a folder that may not be read is skipped")
    assert got == [], f"the one folder may not be read, so there is no file to find, got {got}"


def test_what_lies_beside_an_unreadable_folder_is_found(tmp_path, monkeypatch):
    expected = [f"{folder}/{file}" for folder in "abcd" for file in ("x.png", "y/z.png")]
    make_files(tmp_path, expected)
    make_files(tmp_path, [f"{folder}/locked/hidden.png" for folder in "abcd"])
    lock(monkeypatch)
    got = found_in(tmp_path, why="a folder that may not be read is skipped")
    assert got == expected, (
        f"each of a, b, c, d has a folder that may not be read, and what lies beside it counts, "
        f"{expected}, got {got}: a try around the whole walk ends it at the first error"
    )


def test_a_missing_root_is_refused(tmp_path):
    missing = tmp_path / "no_such_folder"
    assert_refused(
        lambda: find_files(str(missing), IMAGES),
        FileNotFoundError,
        "there is no folder no_such_folder, and an empty list would hide that",
        mentions=("no_such_folder",),
    )


def test_the_result_is_a_list(tmp_path):
    make_files(tmp_path, ["a.png"])
    got = answer_of(lambda: find_files(str(tmp_path), IMAGES), "there is a file to find")
    assert isinstance(got, list), f"expected a list, got a {type(got).__name__}"


def test_the_paths_are_text(tmp_path):
    make_files(tmp_path, ["a.png"])
    for root in (str(tmp_path), tmp_path):
        for got in answer_of(lambda: find_files(root, IMAGES), "there is a file to find"):
            assert isinstance(got, str), (
                f"with a {type(root).__name__} for root, a path is text, got {got!r}"
            )


def test_root_may_be_a_path(tmp_path):
    make_files(tmp_path, ["a.png", "3/b.png"])
    got = sorted(listed(tmp_path))
    expected = joined(str(tmp_path), ["3/b.png", "a.png"])
    assert got == expected, f"for a Path {tmp_path} expected {expected}, got {got}"


def test_a_path_begins_with_root(tmp_path):
    make_files(tmp_path, ["3/b.png", "a.png"])
    got = sorted(listed(str(tmp_path)))
    expected = joined(str(tmp_path), ["3/b.png", "a.png"])
    assert got == expected, f"paths begin with the root, {expected}, got {got}"


def test_below_a_relative_root_paths_are_relative(tmp_path, monkeypatch):
    make_files(tmp_path / "data" / "train", ["3/b.png", "a.png"])
    monkeypatch.chdir(tmp_path)
    root = os.path.join("data", "train")
    expected = joined(root, ["3/b.png", "a.png"])
    got = sorted(listed(root))
    assert got == expected, (
        f"the root is {root}, as it was given, so the paths are {expected}, got {got}"
    )


def test_one_folder_is_sorted(tmp_path, monkeypatch):
    assert_sorted(tmp_path, monkeypatch, ["d.png", "b.jpg", "a.png", "e.png", "c.jpg"])


def test_files_and_folders_are_sorted_together(tmp_path, monkeypatch):
    assert_sorted(tmp_path, monkeypatch, ["c.png", "a.png", "b/y.png", "b/x.png", "d/a.png"])


def test_a_tree_is_sorted_as_text(tmp_path, monkeypatch):
    assert_sorted(tmp_path, monkeypatch, ["a/x.png", "a-b/x.png", "a.b/x.png", "ab/x.png"])


def test_capitals_come_first(tmp_path, monkeypatch):
    assert_sorted(tmp_path, monkeypatch, ["a.png", "B.png", "c.png", "D.png"])


def test_each_call_looks_at_the_disk_anew(tmp_path):
    make_files(tmp_path, ["a.png", "3/b.png"])
    found_in(tmp_path)
    make_files(tmp_path, ["3/c.png"])
    (tmp_path / "a.png").unlink()
    got = found_in(tmp_path)
    assert got == ["3/b.png", "3/c.png"], (
        f"a.png has gone and 3/c.png has come since the first call, the second gave {got}"
    )


def test_the_disk_is_not_asked_about_every_name(trees, monkeypatch):
    root = trees(5_000)
    calls = Counter()
    with monkeypatch.context() as patches:
        for where, name in (
            (os, "stat"),
            (os, "lstat"),
            *((os.path, name) for name in ("exists", "isdir", "isfile", "islink")),
        ):
            real = getattr(where, name)
            # Most of os.path asks os.stat; on Windows some of it is C, and asks the system itself.
            if where is os or isinstance(real, BuiltinFunctionType):
                replace(patches, where, name, counted(real, name, calls))
        got = listed(root)
    assert len(got) == 2_500, f"half of 5,000 files are .png, got {len(got):,}"
    assert calls.total() < 500, (
        "on 5,000 files in 50 folders fewer than 500 questions to the disk will do, got "
        + ", ".join(f"{times:,} calls of {name}" for name, times in calls.items())
        + ": what grows with the files is a question for each name"
    )


def test_beats_the_loop(race, trees):
    # Other extensions each time: an answer kept from the call before would be wrong.
    wanted = cycle([{".png"}, {".txt"}, {".png", ".gif"}])
    race(loop, find_files, lambda: (trees(1_000), next(wanted)), at_least=1.1)


@pytest.mark.parametrize("files", [1_000, 5_000])
def test_benchmark(bench, trees, files):
    bench(loop, find_files, lambda: (trees(files), IMAGES))


def loop(root, extensions):
    found, folders = [], [root]
    for folder in folders:
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if os.path.islink(path):
                continue
            if os.path.isdir(path):
                folders.append(path)
            elif os.path.isfile(path) and os.path.splitext(name)[1].lower() in extensions:
                found.append(path)
    return sorted(found)


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    """A tree of so many files, 100 a folder, half of them .png and half .txt; made once a run."""
    made = {}

    def tree(files):
        if files not in made:
            made[files] = tmp_path_factory.mktemp("tree")
            leaves = files // 100 - 2  # and two folders above them
            folders = [f"{n % 2}/{n % leaves:02}" for n in range(files // 2)]
            # One lies beside the folders: a walk comes to it first, and sorting puts it last.
            names = ["9.png", *(f"{folder}/{n}.png" for n, folder in enumerate(folders[1:]))]
            names += [f"{folder}/{n}.txt" for n, folder in enumerate(folders)]
            make_links(made[files], names)
        return str(made[files])

    yield tree
    for root in made.values():
        shutil.rmtree(root)


def make_files(root, names):
    for name in names:
        path = os.path.join(root, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w"):
            pass


def make_links(root, names):
    """As make_files, by hard links: 5,000 new files took 2 s where 5,000 links took 0.04 s."""
    first = None
    for name in names:
        path = os.path.join(root, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            os.link(first or "", path)
        except OSError:  # the first of all, or too many links, or a disk without them
            make_files(root, [name])
            first = path


def link(path, target):
    try:
        path.symlink_to(target, target_is_directory=True)
    except (OSError, NotImplementedError) as error:
        pytest.skip(f"this system makes no symbolic links: {error}")


def listed(root, extensions=IMAGES, why="the files under root are listed"):
    """The paths as text: whether they are text, and in a list, other tests ask."""
    return answer_of(lambda: [os.fspath(path) for path in find_files(root, extensions)], why)


def found_in(root, extensions=IMAGES, why="the files under root are listed"):
    """What was found, from root on and with slashes; the order has tests of its own."""
    paths = listed(str(root), extensions, why)
    below = [os.path.relpath(path, root) if os.path.isabs(path) else path for path in paths]
    return sorted(path.replace(os.sep, "/") for path in below)


def assert_finds(root, expected, why, beside=()):
    make_files(root, [*expected, *beside])
    got, there = found_in(root), sorted([*expected, *beside])
    missed, extra = sorted(set(expected) - set(got)), sorted(set(got) - set(expected))
    assert not missed, f"of {there} these were not found: {missed}; {why}"
    assert not extra, f"of {there} these were found, and are not to be: {extra}; {why}"
    assert got == sorted(expected), f"each is to be found once, got {got}"


def assert_sorted(root, monkeypatch, names):
    make_files(root, names)
    list_backwards(monkeypatch)
    got, expected = listed(str(root)), sorted(joined(str(root), names))
    assert sorted(got) == expected, f"under {root} are {expected}, got {got}"
    shown = [os.path.relpath(path, root) for path in got]
    should = [os.path.relpath(path, root) for path in expected]
    assert got == expected, (
        f"the paths sorted as text end in {should}, got {shown}: the disk may list a folder in any "
        "order, here from z to a, and a path is sorted as a whole"
    )


def joined(root, names):
    return [os.path.join(root, *name.split("/")) for name in names]


def replace(patches, where, name, fake):
    """Put a fake in place of a function of os, in the learner's module too if it has it by name."""
    real = getattr(where, name)
    patches.setattr(where, name, fake)
    module = vars(sys.modules[find_files.__module__])
    for key, value in list(module.items()):
        if value is real:
            patches.setitem(module, key, fake)


def counted(real, name, calls):
    def call(*args, **kwargs):
        calls[name] += 1
        return real(*args, **kwargs)

    return call


def lock(monkeypatch):
    """Let no folder named locked be read; the superuser may read any, so its mode won't do."""

    def guarded(real):
        def call(path=".", *args, **kwargs):
            if not isinstance(path, int) and os.path.basename(os.fsdecode(path)) == "locked":
                raise PermissionError(errno.EACCES, "Permission denied", path)
            return real(path, *args, **kwargs)

        return call

    for name in ("scandir", "listdir", "open"):
        replace(monkeypatch, os, name, guarded(getattr(os, name)))


class Backwards:
    """What os.scandir returns, with the entries from z to a."""

    def __init__(self, entries):
        with entries:
            self.entries = iter(sorted(entries, key=lambda entry: entry.name, reverse=True))

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.entries)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.entries = iter(())


def list_backwards(monkeypatch):
    scandir, listdir = os.scandir, os.listdir
    replace(monkeypatch, os, "scandir", lambda *args, **more: Backwards(scandir(*args, **more)))
    replace(
        monkeypatch,
        os,
        "listdir",
        lambda *args, **more: sorted(listdir(*args, **more), reverse=True),
    )
