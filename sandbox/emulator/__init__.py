"""What this platform needs of AWS beyond moto: one module a service, each with one `extend()`."""

from importlib import import_module

SERVICES = ("ec2", "rds", "zones")


def extend_moto():
    for service in SERVICES:
        import_module(f"{__name__}.{service}").extend()
