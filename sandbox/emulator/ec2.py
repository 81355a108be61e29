"""EC2: detailed monitoring, and instances whose launch template names their network interface."""

from moto.core.responses import ActionResult
from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.responses import EC2Response

from .patch import wrap


def is_true(value):
    return str(value).lower() == "true"


def extend():
    extend_templates()
    extend_instances()


def extend_instances():
    @wrap(EC2Backend, "run_instances")
    def run(old, self, image_id, count, user_data, security_groups, **kwargs):
        template = {}
        if kwargs.get("launch_template"):
            template = self._get_template_from_args(kwargs["launch_template"]).data
            kwargs["metadata_options"] = kwargs.get("metadata_options") or template.get("MetadataOptions") or {}
        # moto ignores the groups and the refused public address of an interface that the template describes.
        interfaces = kwargs.get("nics") or []
        if not interfaces and not kwargs.get("subnet_id"):
            interfaces = template.get("NetworkInterfaces") or []
        if len(interfaces) == 1 and interfaces[0].get("SubnetId") and not interfaces[0].get("NetworkInterfaceId"):
            only = interfaces[0]
            kwargs.update(
                nics=[],
                subnet_id=only["SubnetId"],
                associate_public_ip=is_true(only.get("AssociatePublicIpAddress")),
                security_group_ids=list(kwargs.get("security_group_ids") or []) + list(only.get("Groups") or []),
                private_ip=kwargs.get("private_ip") or only.get("PrivateIpAddress"),
            )
        # moto gives an instance whose template describes its volumes a root volume of its own beside them.
        if "block_device_mappings" not in kwargs and kwargs.get("launch_template"):
            described = template.get("BlockDeviceMappings")
            if described:
                kwargs["block_device_mappings"] = described
        made = old(self, image_id, count, user_data, security_groups, **kwargs)
        # The emulated AMI may name its root device otherwise than the image that the template is written for.
        names = [one["DeviceName"] for one in kwargs.get("block_device_mappings") or []]
        for instance in made.instances:
            if names and instance.root_device_name not in names:
                instance.root_device_name = names[0]
        return made

    @wrap(EC2Response, "run_instances")
    def answer(old, self):
        response = old(self)
        for instance in response.result.instances:
            instance.disable_api_termination = is_true(self._get_param("DisableApiTermination"))
        return response

    def monitoring(state):
        def change(self):
            changed = []
            for instance_id in self._get_param("InstanceIds", []):
                self.ec2_backend.get_instance(instance_id).monitoring_state = state
                changed.append({"InstanceId": instance_id, "Monitoring": {"State": state}})
            return ActionResult({"InstanceMonitorings": changed})

        return change

    EC2Response.monitor_instances = monitoring("enabled")
    EC2Response.unmonitor_instances = monitoring("disabled")

    # An interface without a public address has no association; moto shows an empty one, which reads as a change.
    association = NetworkInterface.association.fget
    NetworkInterface.association = property(lambda self: association(self) or None)


def extend_templates():
    @wrap(EC2Backend, "create_launch_template")
    def create(old, self, name, description, template_data, tag_spec):
        # moto counts the template's own tags among those that it gives to what is made of it.
        given = template_data.get("TagSpecifications") or []
        template_data["TagSpecifications"] = [one for one in given if one["ResourceType"] != "launch-template"]
        return old(self, name, description, template_data, tag_spec)
