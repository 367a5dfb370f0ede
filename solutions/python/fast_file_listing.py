"""Which tools walk files and folders fast?

The pictures of a data set lie in folders, thousands of them, and are looked for at every start.
"""

import os
from bisect import insort
from collections import deque
from pathlib import Path

from dojo import alternative, misconception

__all__ = ["find_files"]


def find_files(root: str | os.PathLike[str], extensions: set[str]) -> list[str]:
    """Return the paths of all files under root that have one of the extensions, sorted.

    root is a folder, as text or as a Path, absolute or not; folders in it are searched at any
    depth. A path is text: root as it was given, then the folders below it and the name, put
    together as os.path.join does. The list is sorted as text, as sorted() sorts strings: capitals
    first, and "a-b/x.png" before "a/x.png", for "-" comes before "/".

    extensions are in lower case and begin with their dot, such as {".png", ".jpg"}; with none,
    nothing is found. The extension of a file is what follows the last dot in its name, that dot
    included, in whatever case: A.PNG has the extension .png, a.png.txt has .txt. A folder is no
    file, whatever its name. A symbolic link to a folder is no file either, and is not followed. A
    folder that may not be read (PermissionError) is skipped. Each call looks at the disk anew.

    On 5,000 files in 50 folders os.stat and os.lstat, counted together, are called fewer than 500
    times, by whatever of os or os.path it is that calls them. On 1,000 files in 10 folders it is
    more than 1.1 times as fast as a loop over the folders that calls os.listdir, and then
    os.path.islink, isdir and isfile on each name.

    Raises:
        FileNotFoundError: there is no root; the message names it.
    """
    if not os.path.exists(root):
        raise FileNotFoundError(f"there is no folder {root}: name one that exists")
    return sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(root)
        for name in names
        if os.path.splitext(name)[1].lower() in extensions
    )


HINTS = (
    "Reading a folder tells the names, and on nearly every system also which of them are folders. "
    "os.listdir throws that away; what keeps it?",
    "os.walk yields (folder, names of folders, names of files), follows no links and skips what it "
    "may not read. It skips a root that is not there too, in silence.",
    "Check os.path.exists(root); then for folder, _, names in os.walk(root), for each name with "
    "os.path.splitext(name)[1].lower() in extensions, os.path.join(folder, name); sort at the end.",
)
ANSWER = """
os.walk for a tree, os.scandir for one folder; since Python 3.5 the first stands on the second. The
system says with each name whether it is a file or a folder, and scandir keeps that in its entries,
so is_file() and is_dir() cost no further question. os.listdir gives the names alone, and a check of
each, os.path.isfile or Path.is_file, is a call to the system for every file: thousands here, each
a wait where the disk is on the network. Text is quicker, too: a Path for each of thousands of names
takes longer than the walk.

os.walk has defaults to know. Errors are skipped unless onerror says otherwise, so a root with a
typing mistake gives an empty list. Links to folders are not followed; with followlinks=True a link
to a folder above goes round and round. And the order is that of the disk, which differs between
machines: sort, or a split by position is another split elsewhere.
"""


def _matches(name, extensions):
    return os.path.splitext(name)[1].lower() in extensions


def _walked(root, extensions, **options):
    """The right paths in the order of os.walk, for the wrong answers below."""
    for folder, _, names in os.walk(root, **options):
        for name in names:
            if _matches(name, extensions):
                yield os.path.join(folder, name)


def _must_exist(root):
    if not os.path.exists(root):
        raise FileNotFoundError(f"there is no folder {root}")


@alternative
def recurses_with_scandir(root, extensions):
    found = []

    def search(folder):
        try:
            entries = os.scandir(folder)
        except PermissionError:
            return
        with entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    search(entry.path)
                elif _matches(entry.name, extensions) and entry.is_file():
                    found.append(entry.path)

    search(os.fspath(root))
    return sorted(found)


@alternative
def keeps_a_queue_of_folders(root, extensions):
    endings, found, folders = tuple(extensions), [], deque([os.fspath(root)])
    while folders:
        folder = folders.popleft()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_symlink():
                        continue
                    if entry.is_dir():
                        folders.append(entry.path)
                    elif entry.name.lower().endswith(endings):
                        insort(found, entry.path)
        except PermissionError:
            continue
    return found


@alternative
def raises_for_the_root_alone(root, extensions):
    def is_root(error):
        if isinstance(error, FileNotFoundError) and error.filename == os.fspath(root):
            raise error

    found = []
    for folder, folders, names in os.walk(os.fspath(root), topdown=True, onerror=is_root):
        folders.sort()
        for name in names:
            stem, dot, extension = name.rpartition(".")
            if stem and dot + extension.lower() in extensions:
                found.append(os.path.join(folder, name))
    found.sort()
    return found


@alternative
def lists_the_root_first(root, extensions):
    os.listdir(root)  # raises where there is none
    found = set()
    for folder, _, names in os.walk(root, topdown=False):
        found |= {f"{folder}{os.sep}{name}" for name in names if _matches(name, extensions)}
    return sorted(found)


@misconception(caught_by="test_the_files_with_an_extension_are_found")
def compares_without_the_dot(root, extensions):
    "The extension of a.png is png."
    _must_exist(root)
    return sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(root)
        for name in names
        if name.lower().rpartition(".")[2] in extensions
    )


@misconception(caught_by="test_other_files_are_not_found")
def takes_every_file(root, extensions):
    "The folder of a data set holds nothing else."
    _must_exist(root)
    return sorted(os.path.join(folder, n) for folder, _, names in os.walk(root) for n in names)


@misconception(caught_by="test_the_case_of_an_extension_does_not_matter")
def minds_the_case(root, extensions):
    "Extensions are in lower case, and so are names."
    _must_exist(root)
    return sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(root)
        for name in names
        if os.path.splitext(name)[1] in extensions
    )


@misconception(caught_by="test_the_extension_begins_at_the_last_dot")
def takes_the_first_dot(root, extensions):
    "What follows the dot is the extension."
    _must_exist(root)
    return sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(root)
        for name in names
        if "." + name.lower().partition(".")[2] in extensions
    )


@misconception(caught_by="test_an_extension_elsewhere_in_the_name_does_not_count")
def looks_anywhere_in_the_name(root, extensions):
    "A name with .png in it is the name of a PNG."
    _must_exist(root)
    return sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(root)
        for name in names
        if any(extension in name.lower() for extension in extensions)
    )


@misconception(caught_by="test_an_extension_has_a_dot")
def forgets_the_dot(root, extensions):
    "A name that ends in png has the extension png."
    _must_exist(root)
    endings = tuple(extension.removeprefix(".") for extension in extensions)
    return sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(root)
        for name in names
        if endings and name.lower().endswith(endings)
    )


@misconception(caught_by="test_no_extensions_find_nothing")
def no_wish_is_every_wish(root, extensions):
    "Whoever asks for no extension wants them all."
    _must_exist(root)
    return sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(root)
        for name in names
        if not extensions or _matches(name, extensions)
    )


@misconception(caught_by="test_a_folder_is_no_file")
def takes_folders_too(root, extensions):
    "What is called x.png is a picture."
    _must_exist(root)
    return sorted(
        os.path.join(folder, name)
        for folder, folders, names in os.walk(root)
        for name in [*(f for f in folders if not os.path.islink(os.path.join(folder, f))), *names]
        if _matches(name, extensions)
    )


@misconception(caught_by="test_a_folder_named_like_a_file_is_searched")
def takes_a_dot_for_a_file(root, extensions):
    "A name with an extension is a file, and one without is a folder."
    _must_exist(root)
    found, folders = [], [os.fspath(root)]
    while folders:
        folder = folders.pop()
        try:
            names = os.listdir(folder)
        except (PermissionError, NotADirectoryError):
            continue
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.splitext(name)[1]:
                if not os.path.islink(path):
                    folders.append(path)
            elif _matches(name, extensions):
                found.append(path)
    return sorted(found)


@misconception(caught_by="test_folders_are_searched_at_any_depth")
def stays_on_top(root, extensions):
    "os.scandir lists what is in a folder."
    with os.scandir(root) as entries:
        return sorted(e.path for e in entries if e.is_file() and _matches(e.name, extensions))


@misconception(caught_by="test_folders_are_searched_at_any_depth")
def goes_one_folder_deep(root, extensions):
    "A data set is a folder of folders of files."
    found = []
    for folder, folders, names in os.walk(root, onerror=_raise_unless_forbidden):
        found += [os.path.join(folder, name) for name in names if _matches(name, extensions)]
        if folder != os.fspath(root):
            folders.clear()
    return sorted(found)


def _raise_unless_forbidden(error):
    if not isinstance(error, PermissionError):
        raise error


@misconception(caught_by="test_a_link_back_up_is_not_followed")
def follows_links(root, extensions):
    "A link to a folder is a folder like any other."
    _must_exist(root)
    return sorted(_walked(root, extensions, followlinks=True))


@misconception(caught_by="test_a_link_to_a_folder_is_not_followed")
def follows_links_once(root, extensions):
    "Links are harmless where each folder is searched once."
    _must_exist(root)
    found, seen = [], set()
    for folder, folders, names in os.walk(root, followlinks=True):
        here = os.path.realpath(folder)
        if here in seen:
            folders.clear()
            continue
        seen.add(here)
        found += [os.path.join(folder, name) for name in names if _matches(name, extensions)]
    return sorted(found)


@misconception(caught_by="test_a_link_to_a_folder_is_no_file")
def takes_what_is_no_folder_for_a_file(root, extensions):
    "What is_dir(follow_symlinks=False) denies is a file."
    found, folders = [], [os.fspath(root)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    elif _matches(entry.name, extensions):
                        found.append(entry.path)
        except PermissionError:
            continue
    return sorted(found)


@misconception(caught_by="test_an_unreadable_folder_is_skipped")
def fails_on_what_it_may_not_read(root, extensions):
    "Errors are to be seen, so onerror raises every one."

    def fail(error):
        raise error

    return sorted(_walked(root, extensions, onerror=fail))


@misconception(caught_by="test_what_lies_beside_an_unreadable_folder_is_found")
def ends_at_what_it_may_not_read(root, extensions):
    "A try around the walk skips what may not be read."
    _must_exist(root)
    found = []

    def fail(error):
        raise error

    try:
        for path in _walked(root, extensions, onerror=fail):
            found.append(path)
    except PermissionError:
        pass
    return sorted(found)


@misconception(caught_by="test_a_missing_root_is_refused")
def finds_nothing_in_nothing(root, extensions):
    "os.walk says so if there is no such folder."
    return sorted(_walked(root, extensions))


@misconception(caught_by="test_one_folder_is_sorted")
def keeps_the_order_of_the_disk(root, extensions):
    "A folder is listed by name."
    _must_exist(root)
    return list(_walked(root, extensions))


@misconception(caught_by="test_files_and_folders_are_sorted_together")
def sorts_folder_by_folder(root, extensions):
    "Sorted names in sorted folders are sorted paths."
    _must_exist(root)
    found = []
    for folder, folders, names in os.walk(root):
        folders.sort()
        found += [os.path.join(folder, n) for n in sorted(names) if _matches(n, extensions)]
    return found


@misconception(caught_by="test_capitals_come_first")
def sorts_without_case(root, extensions):
    "Where case does not matter, it does not matter for the order either."
    _must_exist(root)
    return sorted(_walked(root, extensions), key=str.lower)


@misconception(caught_by="test_a_tree_is_sorted_as_text")
def sorts_paths(root, extensions):
    "Paths sort as their texts do."
    _must_exist(root)
    return sorted(_walked(root, extensions), key=Path)


@misconception(caught_by="test_the_paths_are_text")
def returns_path_objects(root, extensions):
    "A path is a Path."
    _must_exist(root)
    return [Path(path) for path in sorted(_walked(root, extensions))]


@misconception(caught_by="test_the_result_is_a_list")
def returns_an_iterator(root, extensions):
    "Thousands of paths are better not kept in a list."
    _must_exist(root)
    return iter(sorted(_walked(root, extensions)))


@misconception(caught_by="test_below_a_relative_root_paths_are_relative")
def makes_paths_absolute(root, extensions):
    "A path that works everywhere is absolute."
    _must_exist(root)
    return sorted(_walked(os.path.abspath(root), extensions))


@misconception(caught_by="test_a_path_begins_with_root")
def leaves_out_the_root(root, extensions):
    "Paths in a folder are relative to it."
    _must_exist(root)
    return sorted(os.path.relpath(path, root) for path in _walked(root, extensions))


@misconception(caught_by="test_root_may_be_a_path")
def adds_to_the_root(root, extensions):
    "A root is text, and + joins texts."
    found, folders = [], [root]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    path = folder + os.sep + entry.name
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(path)
                    elif entry.is_file() and _matches(entry.name, extensions):
                        found.append(path)
        except PermissionError:
            continue
    return sorted(found)


_known = {}


@misconception(caught_by="test_each_call_looks_at_the_disk_anew")
def remembers_the_answer(root, extensions):
    "The files of a data set do not change."
    key = os.fspath(root), frozenset(extensions)
    if key not in _known:
        _must_exist(root)
        _known[key] = sorted(_walked(root, extensions))
    return list(_known[key])


@misconception(caught_by="test_the_disk_is_not_asked_about_every_name")
def asks_about_every_name(root, extensions):
    "A name has to be looked up to know that it is a file's."
    _must_exist(root)
    return sorted(path for path in _walked(root, extensions) if os.path.isfile(path))


@misconception(caught_by=("test_the_disk_is_not_asked_about_every_name", "test_beats_the_loop"))
def resolves_every_path(root, extensions):
    "pathlib is as fast as any, and whoever fears a loop of links resolves each path."
    found, seen, folders = [], set(), [Path(root)]
    while folders:
        try:
            paths = list(folders.pop().iterdir())
        except PermissionError:
            continue
        for path in paths:
            if path.is_dir():
                if not path.is_symlink():
                    folders.append(path)
            elif path.is_file() and (real := path.resolve()) not in seen:
                seen.add(real)
                if path.suffix.lower() in extensions:
                    found.append(str(path))
    return sorted(found)


@misconception(caught_by="test_beats_the_loop")
def looks_each_file_up_again(root, extensions):
    "A file may have gone since its folder was read, so it is looked up again."
    _must_exist(root)
    return sorted(
        path
        for path in _walked(root, extensions)
        if os.path.basename(path) in os.listdir(os.path.dirname(path))
    )
