"""Changing moto's classes from outside."""


def wrap(owner, name):
    """Replaces a method by a function that gets the old one first: fn(old, self, *args, **kwargs).

    A method that moto no longer has is an error at the start, not a mend that silently stops working.
    """
    old = getattr(owner, name)

    def replace(function):
        def method(self, *args, **kwargs):
            return function(old, self, *args, **kwargs)

        setattr(owner, name, method)
        return function

    return replace


def add(owner):
    """Adds a function as a method that the class itself does not have; one that it has would be hidden unseen."""

    def attach(function):
        if function.__name__ in vars(owner):
            raise RuntimeError(f"moto's {owner.__name__} has its own {function.__name__} now: remove the mend")
        setattr(owner, function.__name__, function)
        return function

    return attach
