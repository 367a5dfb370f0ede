from dojo.checks import answer_of
from katas.python.class_methods import Vocab

# Twelve, so that the order of a set, which changes from run to run, is never this one.
MIXED = ["hen", "cat", "lynx", "ant", "koi", "gnu", "bee", "jay", "dog", "ibis", "fox", "eel"]
ALPHABETICAL = sorted(MIXED)


def test_it_is_called_on_the_class():
    made = answer_of(
        lambda: Vocab.from_texts(["a"]),
        "Vocab.from_texts(['a']) is called on the class, with no object there to be self",
    )
    got = words_in(made, "one text, 'a'")
    assert got == ["a"], f"the one word of 'a' is 'a', got {got}"


def test_it_gives_an_object_and_not_the_class():
    got = made_from(["a b a"])
    what = "the class itself" if got is Vocab else repr(got)
    assert isinstance(got, Vocab), f"expected an object of the class Vocab, got {what}"


def test_the_most_frequent_word_comes_first():
    got = words_from(["blue red green red", "green red"])
    assert got == ["red", "green", "blue"], (
        f"red stands there 3 times, green 2, blue once, got {got}: blue, red, green is the order "
        "of the texts, and blue, green, red begins with the rarest"
    )


def test_equally_frequent_words_need_no_alphabet():
    got = words_from([" ".join(MIXED[:5]), " ".join(MIXED[5:])])
    assert got == MIXED, (
        f"words seen once each stay in the order of their appearance, {MIXED}, got {got}"
        + (": that is the alphabet" if got == ALPHABETICAL else "")
        + (": that is the reverse" if got == MIXED[::-1] else "")
    )


def test_the_first_appearance_counts_and_not_the_last():
    got = words_from([" ".join(ALPHABETICAL), " ".join(ALPHABETICAL[::-1])])
    assert got == ALPHABETICAL, (
        f"words that the first text lists and the second lists backwards stay in the order of the "
        f"first, {ALPHABETICAL}, got {got}"
        + (": that is the order of the last appearance" if got == ALPHABETICAL[::-1] else "")
    )


def test_white_space_of_any_kind_splits():
    got = words_from(["  a\tb\n", "a  a b\r\nc "])
    assert got == ["a", "b", "c"], (
        f"tabs, line ends and several spaces part words like one space, and a, b and c are left, "
        f"got {got}: '' in it would mean that split(' ') was asked"
    )


def test_a_word_stays_as_it_stands_there():
    got = words_from(["The the The the, The the"])
    assert got == ["The", "the", "the,"], (
        f"'The' stands there 3 times, 'the' 2 times, 'the,' once, and each is a word of its own, "
        f"got {got}"
    )


def test_a_text_ends_a_word():
    got = words_from(["a a", "b a", "b"])
    assert got == ["a", "b"], (
        f"the last word of a text and the first of the next are two words, got {got}: 'ab' would "
        "mean that the texts were glued together"
    )


def test_a_word_seen_min_count_times_stays():
    for min_count, expected in ((2, ["a", "b"]), (3, ["a"])):
        got = [word for word in words_from(["a b c a b a"], min_count=min_count) if word in "ab"]
        assert got[: len(expected)] == expected, (
            f"a is seen 3 times, b 2 times: with min_count={min_count} {expected} stay, got {got}: "
            f"seen {min_count} times is enough"
        )


def test_a_rarer_word_goes():
    for min_count, gone in ((2, "c"), (3, "b"), (4, "a")):
        got = words_from(["a b c a b a"], min_count=min_count)
        assert gone not in got, (
            f"a is seen 3 times, b 2 times, c once: with min_count={min_count} {gone} goes, "
            f"got {got}"
        )


def test_every_occurrence_counts():
    got = words_from(["y x y y", "x"], min_count=3)
    assert got == ["y"], (
        f"y is seen 3 times in one text, x 2 times in two: min_count=3 keeps y alone, got {got}: "
        "[] would mean that the texts with y in them were counted"
    )


def test_occurrences_add_up_over_the_texts():
    got = words_from(["x y", "x z", "x y"], min_count=2)
    assert got == ["x", "y"], (
        f"x is seen once in each of 3 texts and y in 2, so min_count=2 keeps both, got {got}: "
        "[] would mean that each text was looked at alone"
    )


def test_texts_may_be_a_generator():
    got = words_from(text for text in ["b a", "a"])
    assert got == ["a", "b"], (
        f"a generator that yields 'b a' and 'a' gives a and b, got {got}: [] may mean that it was "
        "walked twice, and it is empty the second time"
    )


def test_no_texts_give_an_empty_vocabulary():
    for texts, min_count in (([], 1), (["", " \n"], 1), (["a b a"], 3)):
        got = words_from(texts, min_count=min_count)
        assert got == [], f"{texts} with min_count={min_count} has no words to keep, got {got}"


def test_words_is_a_list():
    for how, vocab in (
        ("Vocab(['b', 'a'])", answer_of(lambda: Vocab(["b", "a"]), "a list makes a Vocab")),
        ("Vocab.from_texts(['b a b'])", made_from(["b a b"])),
    ):
        got = answer_of(lambda: vocab.words, f"the words of {how} are a list")
        assert isinstance(got, list), f"the words of {how} are a list, got {got!r}"
        assert got == ["b", "a"], f"the words of {how} are b and a, in this order, got {got}"


def test_a_subclass_gets_an_object_of_its_own():
    class Names(Vocab):
        pass

    class FirstNames(Names):
        pass

    for cls in (Names, FirstNames):
        got = type(made_from(["b a b"], cls))
        assert got is cls, (
            f"{cls.__name__}.from_texts gives a {cls.__name__}, got a {got.__name__}: a class "
            "method is told which class it was called on"
        )


def test_the_init_of_a_subclass_runs():
    class WithUnknown(Vocab):
        def __init__(self, words):
            super().__init__(["<unk>", *words])

    got = words_from(["b a b"], WithUnknown)
    assert got == ["<unk>", "b", "a"], (
        f"this subclass puts '<unk>' in front when an object of it is made, got {got}: without "
        "'<unk>' its __init__ did not run, and every word has another number"
    )


def test_the_init_of_a_subclass_sees_the_words():
    class Numbered(Vocab):
        def __init__(self, words):
            super().__init__(words)
            self.numbers = {word: number for number, word in enumerate(words)}

    made = made_from(["b a b"], Numbered)
    got = answer_of(lambda: made.numbers, "this subclass numbers its words in __init__")
    assert got == {"b": 0, "a": 1}, (
        f"this subclass numbers its words in __init__, b 0 and a 1, got {got}: without numbers it "
        "would mean that the words came later"
    )


def test_the_class_is_called_with_the_list_of_words():
    handed = []

    class Recorder(Vocab):
        def __init__(self, tokens, *more):
            handed.append([tokens[:] if isinstance(tokens, list) else tokens, *more])
            super().__init__(tokens)

    made_from(["b a b"], Recorder)
    ways = [arguments for arguments in handed if arguments != [["b", "a"]]]
    assert not ways, (
        f"the subclass is called with one argument, the list ['b', 'a'], and was called with "
        f"{', '.join(repr(argument) for argument in ways[0])}"
    )


def test_a_second_call_knows_nothing_of_the_first():
    class Names(Vocab):
        pass

    words_from(["a a a b"])
    for cls in (Vocab, Names):
        got = words_from(["c b b"], cls)
        assert got == ["b", "c"], (
            f"{cls.__name__}.from_texts(['c b b']) gives b and c, got {got}: 'a' is from an "
            "earlier call, so counts were kept on the class"
        )


def test_an_object_made_before_stays_as_it_is():
    first = made_from(["a b a"])
    made_from(["c"])
    answer_of(lambda: Vocab(["d"]), "a list makes a Vocab")
    got = words_in(first, "the first of three vocabularies")
    assert got == ["a", "b"], (
        f"a vocabulary of a and b has other words, {got}, once others are made: words belong to "
        "the object, not to the class"
    )


def made_from(texts, cls=None, **options):
    """What from_texts gives, called on Vocab or a subclass of it."""
    cls = cls or Vocab
    why = f"{cls.__name__}.from_texts makes a {cls.__name__} out of texts"
    return answer_of(lambda: cls.from_texts(texts, **options), why)


def words_from(texts, cls=None, **options):
    made = made_from(texts, cls, **options)
    return words_in(made, f"{texts}" if isinstance(texts, list) else "a generator of texts")


def words_in(made, what):
    """The words, whatever they are kept in: one test asks for the list, the others do not."""
    return answer_of(lambda: list(made.words), f"{what} gives an object with words")
