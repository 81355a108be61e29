"""RDS: every instance its own resource id, windows that touch, and automated backups replicated into another Region."""

import uuid

import moto.rds.utils as utils
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.rds.models import DBInstance, RDSBackend, rds_backends
from moto.rds.responses import RDSResponse

from .fault import Fault
from .patch import add, wrap
from .store import Records, chosen


def replicated(backend):
    missing = "DBInstanceAutomatedBackupNotFound"
    return Records(backend, "replicated backups", lambda name: Fault(missing, f"There is no automated backup {name}."))


def source_of(response, arn):
    """The instance that an ARN names, in its own Region."""
    region, name = arn.split(":")[3], arn.split(":")[-1]
    return rds_backends[response.current_account][region].databases[name]


def new_resource_id():
    return "db-" + uuid.uuid4().hex[:26].upper()


def keep_insights(instance, given):
    """Performance Insights, which moto forgets."""
    if given.get("enable_performance_insights") is not None:
        on = bool(given["enable_performance_insights"])
        instance.performance_insights_enabled = on
        instance.performance_insights_retention_period = given.get("performance_insights_retention_period") or 7 if on else None
    if given.get("performance_insights_kms_key_id"):
        instance.performance_insights_kms_key_id = given["performance_insights_kms_key_id"]


def extend():
    @wrap(DBInstance, "__init__")
    def instance(old, self, *args, **kwargs):
        # moto gives all instances the same id.
        old(self, *args, **kwargs)
        self.dbi_resource_id = new_resource_id()
        keep_insights(self, kwargs)

    @wrap(DBInstance, "update")
    def update(old, self, **kwargs):
        old(self, **kwargs)
        keep_insights(self, kwargs)

    @wrap(RDSBackend, "create_db_instance_read_replica")
    def replica(old, self, db_kwargs):
        # moto's replica is a shallow copy of its source: the id, the tags and what it collects are its own.
        made = old(self, db_kwargs)
        made.dbi_resource_id = new_resource_id()
        made.tags = list(db_kwargs.get("tags") or [])
        made.replicas = []
        return made

    # A backup window that ends when the maintenance window starts does not overlap it; moto says that it does.
    overlap = utils.get_overlap_between_two_date_ranges
    utils.get_overlap_between_two_date_ranges = lambda *ranges: overlap(*ranges) or -1

    extend_backups()


def extend_backups():
    @add(RDSResponse)
    def start_db_instance_automated_backups_replication(self):
        given = self._get_params()
        arn = given["SourceDBInstanceArn"]
        source = source_of(self, arn)
        backup = f"arn:aws:rds:{self.region}:{self.current_account}:auto-backup:ab-{uuid.uuid4().hex[:26]}"
        record = {
            "DBInstanceArn": arn,
            "DbiResourceId": source.dbi_resource_id,
            "Region": arn.split(":")[3],
            "DBInstanceIdentifier": arn.split(":")[-1],
            "Status": "replicating",
            "Engine": source.engine,
            "Encrypted": True,
            "BackupRetentionPeriod": int(given.get("BackupRetentionPeriod") or 7),
            "DBInstanceAutomatedBackupsArn": backup,
            "InstanceCreateTime": utcnow(),
            **chosen(given, "KmsKeyId"),
        }
        replicated(self.backend).put(backup, record)
        return ActionResult({"DBInstanceAutomatedBackup": record})

    @add(RDSResponse)
    def stop_db_instance_automated_backups_replication(self):
        records = replicated(self.backend)
        for record in records.find():
            if record["DBInstanceArn"] == self._get_params()["SourceDBInstanceArn"]:
                return ActionResult({"DBInstanceAutomatedBackup": records.take(record["DBInstanceAutomatedBackupsArn"])})
        raise records.missing(self._get_params()["SourceDBInstanceArn"])

    @wrap(RDSResponse, "describe_db_instance_automated_backups")
    def describe(old, self):
        given, records = self._get_params(), replicated(self.backend)
        wanted = given.get("DBInstanceAutomatedBackupsArn")
        if wanted:
            return ActionResult({"DBInstanceAutomatedBackups": records.find(wanted)})
        return old(self)
