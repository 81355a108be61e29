"""What this platform needs of AWS beyond moto: one module a service, by one of two ways.

A mend of a service that moto has is a module with `extend()`, which changes moto's classes; a service, or a call, that moto
has not is a class of `own_services`.
"""

from importlib import import_module

from moto.core.config import default_user_config

MENDED = ("ec2", "ec2_extras", "elasticache", "kms", "rds", "s3", "security_hub", "ssm_images", "unknown", "zones")
OWN = ("access_analyzer", "application_autoscaling", "backup", "budgets", "cloudfront", "security_hub", "step_functions")


def extend_moto():
    # Neither Lambdas nor Batch jobs are run: that would need Docker. A call of a Lambda answers without running it.
    default_user_config["lambda"] = {"use_docker": False}
    default_user_config["batch"] = {"use_docker": False}
    for name in OWN:
        import_module(f"{__name__}.{name}")
    for name in MENDED:
        import_module(f"{__name__}.{name}").extend()
