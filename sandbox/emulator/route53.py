"""Route 53: a hosted zone that is made with a VPC is private, as AWS has it; moto wants to be told so."""

from moto.route53.responses import Route53

from .patch import wrap


def extend():
    @wrap(Route53, "_get_bool_param")
    def read(old, self, name, if_none=None):
        given = old(self, name, if_none)
        if name == "HostedZoneConfig.PrivateZone" and self._get_param("VPC.VPCId"):
            return True
        return given
