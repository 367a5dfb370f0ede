"""How do you make a class method, and what for?

Here it is a second way to make an object: a vocabulary, out of the texts that its words stand in.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

from dojo import alternative, misconception

__all__ = ["Vocab"]


class Vocab:
    """The words that a model knows, as a list in `words`: a word's number is its place there.

    Vocab.from_texts(texts, min_count=1) makes one out of texts: it is called on the class, while
    there is no object yet. texts is any iterable of str, such as a list or a generator; it is
    walked once, and may be empty. A text is cut into words at white space, of any kind and length;
    the words are kept as they stand there, with their capitals and commas. Those that occur at
    least min_count times in all texts together (min_count is at least 1) become the vocabulary,
    the most frequent first, and equally frequent ones in the order of their first appearance.
    What earlier calls have counted does not matter.

    Called on a subclass, from_texts gives an object of that subclass, made as whoever uses the
    subclass would make it: by one call of the class, with one argument, given by position, which
    is the list of words.
    """

    def __init__(self, words: list[str]) -> None:
        """Take the words as a list; `words` is this list, or a list that equals it."""
        self.words = words

    @classmethod
    def from_texts(cls, texts: Iterable[str], min_count: int = 1) -> Self:
        counts = Counter(word for text in texts for word in text.split())
        return cls([word for word, count in counts.most_common() if count >= min_count])


HINTS = (
    "dict.fromkeys('ab') works without a dict being there. Who tells it that it is dict's, and "
    "what would a subclass of dict want back?",
    "A method decorated with @classmethod gets the class that it is called on as its first "
    "argument, cls. How does one make an object of a class that stands in a variable?",
    "Count with Counter(word for text in texts for word in text.split()), whose most_common() "
    "keeps the order of equals, and return cls([... if count >= min_count]).",
)
ANSWER = """
@classmethod in front of a method makes its first argument the class it is called on, cls, in place
of an object. That is what a second way to make objects needs, since no object is there yet:
dict.fromkeys, datetime.fromtimestamp and the from_pretrained of many a library are such.

What counts is to end in cls(...). With the class's own name, as in a static method, a subclass gets
objects of its parent; with cls.__new__ and attributes set by hand it gets its own, but the
subclass's __init__ never ran, and here every word would be off by the missing '<unk>'. Both work
until somebody inherits. And cls is one object that all share: what is stored on it is still there
at the next call.
"""


def _counted(texts):
    return Counter(word for text in texts for word in text.split())


def _kept(counts, min_count):
    return [word for word, count in counts.most_common() if count >= min_count]


def _sorted_by_hand(cls, texts, min_count=1):
    counts = {}
    for text in texts:
        for word in text.split():
            counts[word] = counts.get(word, 0) + 1
    frequent = [word for word in counts if counts[word] >= min_count]
    return cls(sorted(frequent, key=lambda word: -counts[word]))


@alternative
class CountsByHand:
    def __init__(self, words):
        self.words = list(words)

    from_texts = classmethod(_sorted_by_hand)


@alternative
@dataclass
class JoinsTheTexts:
    words: list

    @classmethod
    def from_texts(cls, texts, min_count=1):
        all_words = " ".join(texts).split()
        order = {word: place for place, word in reversed(list(enumerate(all_words)))}
        counts = Counter(all_words)
        words = [word for word in counts if not counts[word] < min_count]
        words.sort(key=lambda word: (-counts[word], order[word]))
        return cls(words)


class _MakesFromTexts(type):
    def from_texts(cls, texts, min_count=1):
        return cls(_kept(_counted(texts), min_count))


@alternative
class HasAMetaclass(metaclass=_MakesFromTexts):
    def __init__(self, words):
        self.words = words


class _BindsTheClass:
    def __init__(self, function):
        self.function = function

    def __get__(self, instance, owner):
        return partial(self.function, owner)


@alternative
class HasADescriptor:
    def __init__(self, words):
        self.words = [*words]

    from_texts = _BindsTheClass(_sorted_by_hand)


class _Vocab:
    """What the wrong answers below share: all but the mistake."""

    def __init__(self, words):
        self.words = words

    @classmethod
    def from_texts(cls, texts, min_count=1):
        return cls(cls.chosen(texts, min_count))

    @staticmethod
    def chosen(texts, min_count):
        return _kept(_counted(texts), min_count)


@misconception(caught_by="test_a_subclass_gets_an_object_of_its_own")
class NamesTheClass(_Vocab):
    "A method without self is a static method, and knows the class by its name."

    @staticmethod
    def from_texts(texts, min_count=1):
        return Vocab(_kept(_counted(texts), min_count))


@misconception(caught_by="test_it_is_called_on_the_class")
class NeedsAnObject(_Vocab):
    "A method's first argument is self, and Python fills it in."

    def from_texts(self, texts, min_count=1):
        return type(self)(_kept(_counted(texts), min_count))


@misconception(caught_by="test_the_init_of_a_subclass_runs")
class SkipsTheInit(_Vocab):
    "cls.__new__ makes the object, and setting its attributes is what __init__ does anyway."

    @classmethod
    def from_texts(cls, texts, min_count=1):
        made = cls.__new__(cls)
        made.words = _kept(_counted(texts), min_count)
        return made


@misconception(
    caught_by=(
        "test_the_init_of_a_subclass_sees_the_words",
        "test_the_class_is_called_with_the_list_of_words",
    )
)
class FillsAnEmptyOne(_Vocab):
    "A second way to make an object makes an empty one first and fills it then."

    @classmethod
    def from_texts(cls, texts, min_count=1):
        made = cls([])
        made.words.extend(_kept(_counted(texts), min_count))
        return made


@misconception(caught_by="test_the_class_is_called_with_the_list_of_words")
class HandsOverTheCounts(_Vocab):
    "Walking a dict gives its keys, so the counts will do for a list of words."

    def __init__(self, words):
        self.words = list(words)

    @classmethod
    def from_texts(cls, texts, min_count=1):
        counts = _counted(texts)
        return cls({word: counts[word] for word in _kept(counts, min_count)})


@misconception(caught_by="test_it_gives_an_object_and_not_the_class")
class FillsTheClass(_Vocab):
    "A class method works on the class: it fills it and gives it back."

    @classmethod
    def from_texts(cls, texts, min_count=1):
        cls.words = _kept(_counted(texts), min_count)
        return cls


@misconception(caught_by="test_an_object_made_before_stays_as_it_is")
class KeepsTheWordsOnTheClass(_Vocab):
    "There is one vocabulary, so its words belong to the class."

    def __init__(self, words):
        type(self).words = words


@misconception(caught_by="test_a_second_call_knows_nothing_of_the_first")
class KeepsTheCountsOnTheClass(_Vocab):
    "cls.counts is a variable of the class method."

    counts: ClassVar = Counter()

    @classmethod
    def from_texts(cls, texts, min_count=1):
        cls.counts.update(_counted(texts))
        return cls(_kept(cls.counts, min_count))


@misconception(caught_by="test_texts_may_be_a_generator")
class WalksTheTextsTwice(_Vocab):
    "An iterable starts anew with every loop."

    @staticmethod
    def chosen(texts, min_count):
        counts = _counted(texts)
        seen = dict.fromkeys(word for text in texts for word in text.split())
        words = [word for word in seen if counts[word] >= min_count]
        return sorted(words, key=counts.get, reverse=True)


@misconception(caught_by="test_the_most_frequent_word_comes_first")
class KeepsTheOrderOfTheTexts(_Vocab):
    "A vocabulary lists words as they are met."

    @staticmethod
    def chosen(texts, min_count):
        return [word for word, count in _counted(texts).items() if count >= min_count]


@misconception(caught_by="test_the_most_frequent_word_comes_first")
class SortsUpwards(_Vocab):
    "sorted by count puts the most frequent first."

    @staticmethod
    def chosen(texts, min_count):
        counts = _counted(texts)
        return sorted((word for word in counts if counts[word] >= min_count), key=counts.get)


@misconception(
    caught_by=(
        "test_equally_frequent_words_need_no_alphabet",
        "test_the_first_appearance_counts_and_not_the_last",
    )
)
class SortsASet(_Vocab):
    "A set holds each word once, in the order in which it came."

    @staticmethod
    def chosen(texts, min_count):
        counts = _counted(texts)
        words = {word for word in counts if counts[word] >= min_count}
        return sorted(words, key=counts.get, reverse=True)


@misconception(caught_by="test_equally_frequent_words_need_no_alphabet")
class BreaksTiesByAlphabet(_Vocab):
    "Words that are equally frequent go by the alphabet."

    @staticmethod
    def chosen(texts, min_count):
        counts = _counted(texts)
        return sorted(_kept(counts, min_count), key=lambda word: (-counts[word], word))


@misconception(caught_by="test_the_first_appearance_counts_and_not_the_last")
class BreaksTiesByTheLastAppearance(_Vocab):
    "A dict of places remembers where each word stood first."

    @staticmethod
    def chosen(texts, min_count):
        words = [word for text in texts for word in text.split()]
        counts, place = Counter(words), {word: number for number, word in enumerate(words)}
        return sorted(_kept(counts, min_count), key=lambda word: (-counts[word], place[word]))


@misconception(caught_by="test_equally_frequent_words_need_no_alphabet")
class SortsUpwardsAndReverses(_Vocab):
    "Sorting upwards and turning the list round is sorting downwards."

    @staticmethod
    def chosen(texts, min_count):
        counts = _counted(texts)
        return sorted(_kept(counts, min_count), key=counts.get)[::-1]


@misconception(caught_by="test_a_word_seen_min_count_times_stays")
class WantsMoreThanMinCount(_Vocab):
    "min_count is the count that a word has to exceed."

    @staticmethod
    def chosen(texts, min_count):
        return _kept(_counted(texts), min_count + 1 if min_count > 1 else 1)


@misconception(caught_by="test_a_rarer_word_goes")
class IgnoresMinCount(_Vocab):
    "Whoever wants fewer words can cut the list."

    @staticmethod
    def chosen(texts, min_count):
        return _kept(_counted(texts), 1)


@misconception(caught_by="test_every_occurrence_counts")
class CountsTexts(_Vocab):
    "The count of a word is the number of texts that it stands in."

    @staticmethod
    def chosen(texts, min_count):
        return _kept(Counter(w for t in texts for w in dict.fromkeys(t.split())), min_count)


@misconception(caught_by="test_occurrences_add_up_over_the_texts")
class LooksAtEachTextAlone(_Vocab):
    "Each text is counted, cut to its frequent words and added."

    @staticmethod
    def chosen(texts, min_count):
        counts = Counter()
        for text in texts:
            alone = Counter(text.split())
            counts.update({word: n for word, n in alone.items() if n >= min_count})
        return _kept(counts, 1)


@misconception(caught_by="test_a_text_ends_a_word")
class GluesTheTexts(_Vocab):
    "''.join makes one text of many."

    @staticmethod
    def chosen(texts, min_count):
        return _kept(_counted(["".join(texts)]), min_count)


@misconception(caught_by="test_white_space_of_any_kind_splits")
class SplitsAtSpaces(_Vocab):
    "White space is the space, so split(' ') cuts at it."

    @staticmethod
    def chosen(texts, min_count):
        return _kept(Counter(word for text in texts for word in text.split(" ")), min_count)


@misconception(caught_by="test_a_word_stays_as_it_stands_there")
class LowersTheCase(_Vocab):
    "A word is the same word at the beginning of a sentence."

    @staticmethod
    def chosen(texts, min_count):
        return _kept(_counted(text.lower() for text in texts), min_count)


@misconception(caught_by="test_no_texts_give_an_empty_vocabulary")
class NoneForNothing(_Vocab):
    "Where there are no words there is no vocabulary."

    @classmethod
    def from_texts(cls, texts, min_count=1):
        words = _kept(_counted(texts), min_count)
        return cls(words) if words else None


@misconception(caught_by="test_words_is_a_list")
class KeepsATuple(_Vocab):
    "Any sequence will do where a list is promised."

    def __init__(self, words):
        self.words = tuple(words)
