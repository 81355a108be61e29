"""Lambda: dead letters, the log group and what an update of the configuration sets read back as they were given."""

from moto.awslambda.models import LambdaFunction

from .patch import wrap

KEPT = ("DeadLetterConfig", "LoggingConfig", "FileSystemConfigs")
UPDATED = {"KMSKeyArn": "kms_key_arn", "TracingConfig": "tracing_config"}


def keep(function, given):
    kept = {name: given[name] for name in KEPT if given.get(name)}
    function.kept = {**getattr(function, "kept", {}), **kept}


def extend():
    @wrap(LambdaFunction, "__init__")
    def create(old, self, account_id, spec, *args, **kwargs):
        keep(self, spec)
        old(self, account_id, spec, *args, **kwargs)

    @wrap(LambdaFunction, "update_configuration")
    def update(old, self, updates):
        keep(self, updates)
        for name, attribute in UPDATED.items():
            if name in updates:
                setattr(self, attribute, updates[name])
        if "EphemeralStorage" in updates:
            self.ephemeral_storage = updates["EphemeralStorage"]["Size"]
        return old(self, updates)

    @wrap(LambdaFunction, "get_configuration")
    def show(old, self, *args, **kwargs):
        shown = {**old(self, *args, **kwargs), **self.kept}
        if "LoggingConfig" in shown:
            defaults = {"LogFormat": "Text", "LogGroup": self.logs_group_name}
            shown["LoggingConfig"] = {**defaults, **shown["LoggingConfig"]}
        return shown
