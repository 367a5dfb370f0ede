"""How do you read an attribute that may be missing, with False in its place?"""

from typing import Any


def read(obj: object, path: str, default: Any = False) -> Any:
    """Return obj's attribute at path, or the default where there is none.

    path is a name, or names joined by dots, such as "encoder.0.bias": each is looked up, as
    obj.name would be, on what the one before gave. The first that is missing ends the walk, and the
    result is the default itself. So a value that is there comes back as it is, be it 0, '' or None.
    Each name is looked up once.

    Missing is what raises AttributeError. Any other error, of a property for example, comes out.
    """
    raise NotImplementedError
