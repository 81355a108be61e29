"""A place for what moto's backends have no room for: plain records in AWS's own shapes, by account, Region and kind."""

import copy
from threading import RLock

LOCK = RLock()


class Records:
    """Records of one kind by their name, kept on a moto backend so that a reset of moto empties them as well."""

    def __init__(self, backend, kind, missing):
        """`missing(name)` makes the service's own exception for a record that is not there."""
        with LOCK:
            self.all = backend.__dict__.setdefault("_platform_records", {}).setdefault(kind, {})
        self.missing = missing

    def __contains__(self, name):
        return name in self.all

    def put(self, name, record):
        self.all[name] = record
        return record

    def get(self, name):
        if name not in self.all:
            raise self.missing(name)
        return self.all[name]

    def find(self, name=None):
        """One by its name, or all."""
        return [self.get(name)] if name else list(self.all.values())

    def take(self, name):
        record = copy.deepcopy(self.get(name))
        del self.all[name]
        return record


def chosen(parameters, *names):
    """Those of the named parameters that a call gives, falsy values included."""
    return {name: parameters[name] for name in names if parameters.get(name) is not None}
