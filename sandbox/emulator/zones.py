"""Zones: Local Zones with their groups, opt-in, and the filters on them that moto does not know."""

from moto.core.responses import ActionResult
from moto.ec2.models import EC2Backend
from moto.ec2.models import availability_zones_and_regions as zones
from moto.ec2.responses import EC2Response

from .patch import add, wrap

# Local Zones that the emulated account may opt into: name, Region, id.
LOCAL_ZONES = [("us-east-1-chi-2a", "us-east-1", "use1-chi2-az1")]

# Filters beyond moto's own, by the attribute that answers them.
MORE_FILTERS = {"group-name": "group_name", "opt-in-status": "opt_in_status", "parent-zone-name": "parent_zone_name"}


def describe(zone):
    """Gives a zone what moto leaves out; AWS lists the Region itself as the group of its own zones."""
    local = zone.zone_type == "local-zone"
    zone.group_name = zone.name.rstrip("abcdef") if local else zone.region_name
    zone.network_border_group = zone.group_name
    zone.opt_in_status = "not-opted-in" if local else "opt-in-not-required"
    zone.parent_zone_name = f"{zone.region_name}a" if local else None


def matches(zone, wanted):
    return all(str(getattr(zone, MORE_FILTERS[name])) in values for name, values in wanted.items())


def extend():
    known = zones.RegionsAndZonesBackend.zones
    for name, region, zone_id in LOCAL_ZONES:
        known[region].append(zones.Zone(name, region, zone_id, "local-zone"))
    for zone in (zone for of_region in known.values() for zone in of_region):
        describe(zone)

    @wrap(EC2Backend, "describe_availability_zones")
    def list_zones(old, self, filters=None, zone_names=None, zone_ids=None):
        given = filters or {}
        wanted = {name: values for name, values in given.items() if name in MORE_FILTERS}
        others = {name: values for name, values in given.items() if name not in MORE_FILTERS}
        return [zone for zone in old(self, others, zone_names, zone_ids) if matches(zone, wanted)]

    @add(EC2Response)
    def modify_availability_zone_group(self):
        group, status = self._get_param("GroupName"), self._get_param("OptInStatus")
        for zone in zones.RegionsAndZonesBackend.zones.get(self.region, []):
            if zone.group_name == group:
                zone.opt_in_status = status
        return ActionResult({"Return": True})

    # A Local Zone's elastic IPs belong to its border group; moto forgets it, which reads as a replacement.
    @wrap(EC2Response, "allocate_address")
    def allocate(old, self):
        response = old(self)
        result = response.result
        address = next(one for one in self.ec2_backend.describe_addresses() if one.public_ip == result["PublicIp"])
        address.network_border_group = self._get_param("NetworkBorderGroup") or self.region
        result["NetworkBorderGroup"] = address.network_border_group
        return response
