"""Batch: a compute environment without a service role gets AWS's own, which is linked to the service."""

from moto.batch.models import BatchBackend
from moto.iam.exceptions import NotFoundException

from .patch import wrap

LINKED = "AWSServiceRoleForBatch"


def linked_role(iam):
    try:
        return iam.get_role(LINKED)
    except NotFoundException:
        return iam.create_role(
            role_name=LINKED,
            assume_role_policy_document="{}",
            path="/aws-service-role/batch.amazonaws.com/",
            permissions_boundary=None,
            description="Linked to AWS Batch",
            tags=[],
            max_session_duration="3600",
        )


def extend():
    @wrap(BatchBackend, "create_compute_environment")
    def create(old, self, compute_environment_name, _type, state, compute_resources, service_role, **kwargs):
        role = service_role or linked_role(self.iam_backend).arn
        return old(self, compute_environment_name, _type, state, compute_resources, role, **kwargs)
