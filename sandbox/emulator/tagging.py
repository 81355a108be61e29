"""Resource Groups Tagging API: EC2's resources that moto tags but does not list."""

from moto.core.resource_tagging import TaggedResource
from moto.ec2.models import EC2Backend

from .patch import wrap

# The beginning of an id, and the kind that its ARN names. What moto lists itself is left to moto.
KINDS = {
    "acl": "network-acl",
    "eipalloc": "elastic-ip",
    "fl": "vpc-flow-log",
    "lt": "launch-template",
    "sgr": "security-group-rule",
    "vpce": "vpc-endpoint",
}


# Kinds that moto's DescribeTags names otherwise than AWS.
NAMES = {"flow-logs": "vpc-flow-log", "nat-gateway": "natgateway", "vpc-elastic-ip": "elastic-ip"}


def extend():
    @wrap(EC2Backend, "describe_tags")
    def describe_tags(old, self, *args, **kwargs):
        tags = old(self, *args, **kwargs)
        for tag in tags:
            tag["resource_type"] = NAMES.get(tag["resource_type"], tag["resource_type"])
        return tags

    @wrap(EC2Backend, "iter_tagged_resources")
    def iter_tagged_resources(old, self):
        # moto names a flow log's ARN otherwise than AWS.
        yield from (one for one in old(self) if one.resource_type != "ec2:flow-logs")
        for resource, tags in list(self.tags.items()):
            kind = KINDS.get(resource.rsplit("-", 1)[0])
            if kind and tags:
                yield TaggedResource(
                    arn=f"arn:{self.partition}:ec2:{self.region_name}:{self.account_id}:{kind}/{resource}",
                    tags=dict(tags),
                    resource_type=f"ec2:{kind}",
                )
