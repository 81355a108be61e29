"""What this platform needs of AWS beyond moto: one module a service, by one of two ways.

A mend of a service that moto has is a module with `extend()`, which changes moto's classes; a service, or a call, that moto
has not is a class of `own_services`.
"""

from importlib import import_module

MENDED = ("ec2", "ec2_extras", "elasticache", "rds", "s3", "unknown", "zones")
OWN = ("access_analyzer", "application_autoscaling", "budgets", "cloudfront", "step_functions")


def extend_moto():
    for name in OWN:
        import_module(f"{__name__}.{name}")
    for name in MENDED:
        import_module(f"{__name__}.{name}").extend()
