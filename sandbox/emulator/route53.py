"""Route 53: a hosted zone that is made with a VPC is private, as AWS has it; moto wants to be told so.

A zone whose caller reference is `zone:<id>` gets that id: settings name zones that people have had for long.
"""

from moto.route53.models import Route53Backend
from moto.route53.responses import Route53

from .patch import wrap


def extend():
    @wrap(Route53, "_get_bool_param")
    def read(old, self, name, if_none=None):
        given = old(self, name, if_none)
        if name == "HostedZoneConfig.PrivateZone" and self._get_param("VPC.VPCId"):
            return True
        return given

    @wrap(Route53Backend, "create_hosted_zone")
    def create(old, self, *args, **kwargs):
        zone = old(self, *args, **kwargs)
        wanted = str(kwargs.get("caller_reference") or "")
        if wanted.startswith("zone:"):
            identifier = wanted.removeprefix("zone:")
            del self.zones[next(key for key, kept in self.zones.items() if kept is zone)]
            zone.resource_id = identifier
            self.zones[identifier] = zone
        return zone
