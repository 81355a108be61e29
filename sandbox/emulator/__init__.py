"""What this platform needs of AWS beyond moto: one module a service, by one of two ways.

A mend of a service that moto has is a module with `extend()`, which changes moto's classes; a service, or a call, that moto
has not is a class of `own_services`.
"""

from importlib import import_module
from pkgutil import iter_modules

from moto.core.config import default_user_config


def extend_moto():
    # Neither Lambdas nor Batch jobs are run: that would need Docker. A call of a Lambda answers without running it.
    default_user_config["lambda"] = {"use_docker": False}
    default_user_config["batch"] = {"use_docker": False}
    # A class of `own_services` registers itself as it is imported.
    modules = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
    for module in modules:
        if hasattr(module, "extend"):
            module.extend()
