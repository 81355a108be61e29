"""Batch: a compute environment without a service role gets AWS's own, linked to the service; its update policy is kept."""

import json

from moto.batch.models import BatchBackend
from moto.batch.responses import BatchResponse
from moto.iam.exceptions import NotFoundException

from .patch import wrap

LINKED = "AWSServiceRoleForBatch"
DEFAULT_POLICY = {"terminateJobsOnUpdate": False, "jobExecutionTimeoutMinutes": 30}


def policies(backend):
    """Update policies of a backend's compute environments by ARN."""
    if not hasattr(backend, "update_policies"):
        backend.update_policies = {}
    return backend.update_policies


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

    @wrap(BatchResponse, "updatecomputeenvironment")
    def update(old, self):
        answer = old(self)
        policy = self._get_param("updatePolicy")
        if policy:
            policies(self.batch_backend)[json.loads(answer)["computeEnvironmentArn"]] = policy
        return answer

    @wrap(BatchBackend, "describe_compute_environments")
    def describe(old, self, *args, **kwargs):
        shown = old(self, *args, **kwargs)
        for one in shown:
            one["updatePolicy"] = policies(self).get(one["computeEnvironmentArn"], DEFAULT_POLICY)
        return shown
