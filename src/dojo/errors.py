"""The one kind of error that is the user's to mend: shown as its text alone, no traceback."""


class UserError(Exception):
    """What is wrong, with the values in it, and what to do about it."""
