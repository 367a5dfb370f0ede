"""How do you make a class method, and what for?

Here it is a second way to make an object: a vocabulary, out of the texts that its words stand in.
"""


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
        raise NotImplementedError
