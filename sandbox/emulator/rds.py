"""RDS: every instance its own resource id (moto gives all the same one)."""

import uuid

from moto.rds.models import DBInstance

from .patch import wrap


def extend():
    @wrap(DBInstance, "__init__")
    def instance(old, self, *args, **kwargs):
        old(self, *args, **kwargs)
        self.dbi_resource_id = "db-" + uuid.uuid4().hex[:26].upper()
