"""S3: bucket policies whose statements moto reads too simply.

Log delivery is allowed by any statement of the target's policy, whatever the others look like. A refusal under a condition
(without TLS, with another key) is not a refusal of everything: moto does not look at conditions, so those are left out.

The tags that a bucket is made with are its tags; moto reads only its Region there. A replication's rules read back as they
were given: moto shows every one without what happens to delete markers.
"""

import json
from fnmatch import fnmatchcase

import xmltodict
from moto.core.responses import ActionResult
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from .patch import wrap

LOGGING = "logging.s3.amazonaws.com"


def as_list(value):
    return value if isinstance(value, list) else [value]


def allows_logging(target_bucket, target_prefix):
    """Whether a bucket's policy lets S3's log delivery write under a prefix."""
    if not target_bucket.policy:
        return False
    goal = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/{target_prefix or ''}x"
    for statement in as_list(json.loads(target_bucket.policy.decode())["Statement"]):
        principal = statement.get("Principal")
        services = as_list(principal.get("Service")) if isinstance(principal, dict) else []
        if (
            statement.get("Effect") == "Allow"
            and LOGGING in services
            and "s3:PutObject" in as_list(statement.get("Action"))
            and any(fnmatchcase(goal, str(resource)) for resource in as_list(statement.get("Resource")))
        ):
            return True
    return False


def permission(self, action, resource):
    if self.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(self.policy.decode())
    kept = [one for one in as_list(policy["Statement"]) if one.get("Effect") != "Deny" or not one.get("Condition")]
    if not kept:
        return PermissionResult.NEUTRAL
    return IAMPolicy(json.dumps({**policy, "Statement": kept})).is_action_permitted(action, resource)


def extend():
    if not hasattr(FakeBucket, "get_permission"):
        raise RuntimeError("moto reads bucket policies elsewhere now: look at this mend")
    FakeBucket.get_permission = permission
    if not hasattr(FakeBucket, "_log_permissions_enabled_policy"):
        raise RuntimeError("moto checks log delivery elsewhere now: look at this mend")
    FakeBucket._log_permissions_enabled_policy = staticmethod(allows_logging)

    @wrap(S3Response, "_bucket_response_put")
    def put(old, self, *args, **kwargs):
        answer = old(self, *args, **kwargs)
        if b"<CreateBucketConfiguration" in (self.body.encode() if isinstance(self.body, str) else self.body or b""):
            given = xmltodict.parse(self.body)["CreateBucketConfiguration"] or {}
            tags = as_list((given.get("Tags") or {}).get("Tag") or [])
            if tags:
                self.backend.put_bucket_tagging(self.bucket_name, {tag["Key"]: tag["Value"] or "" for tag in tags})
        return answer

    @wrap(S3Response, "get_bucket_replication")
    def replication(old, self):
        old(self)  # refuses where there is none
        kept = self.backend.get_bucket_replication(self.bucket_name)
        rules = [{**rule, "Filter": {"Prefix": (rule.get("Filter") or {}).get("Prefix") or ""}} for rule in kept["Rule"]]
        return self.serialized(ActionResult({"ReplicationConfiguration": {"Role": kept["Role"], "Rules": rules}}))
