"""What turns a patched-in function into something read like an attribute?

account.interest in place of account.interest(), on a class that somebody else wrote.
"""

from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[[Any], Any])


def patch_property(cls: type) -> Callable[[Function], Function]:
    """Return a decorator that lets objects of cls have a function as an attribute, to read only.

    After

        @patch_property(Account)
        def interest(account):
            "A year's interest."
            return account.balance * account.rate

    account.interest, without brackets, is what the function returns for that account: worked out
    anew at each reading, whatever value it is; an error of the function comes out as it is. The
    attribute goes by the function's own name. Objects made before have it, and so do those of
    subclasses, whenever these were made, and objects with slots and no __dict__. Assigning to it
    raises AttributeError and changes nothing. Account.interest.__doc__ is the function's docstring.
    Nothing else is added to the class or changed in it.

    The decorator returns the function itself: the name interest goes on being it, and can be
    called, or patched into another class.
    """
    raise NotImplementedError
