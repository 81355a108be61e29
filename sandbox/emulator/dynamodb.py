"""DynamoDB: a write under a condition is one step, as AWS has it; moto looks first and writes then, on several threads."""

from threading import RLock

from moto.dynamodb.models import DynamoDBBackend

from .patch import wrap


def extend():
    lock = RLock()
    for name in ("put_item", "update_item", "delete_item"):

        @wrap(DynamoDBBackend, name)
        def one_step(old, self, *args, **kwargs):
            with lock:
                return old(self, *args, **kwargs)
