"""ElastiCache: parameter groups, and replication groups that read back as they were set and can be changed."""


from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.elasticache.models import ElastiCacheBackend
from moto.elasticache.responses import ElastiCacheResponse

from .fault import Fault
from .patch import add, wrap
from .store import Records, chosen

DEFAULT_WINDOW = "sun:05:00-sun:06:00"
MODIFIABLE = (
    "AutoMinorVersionUpgrade",
    "CacheNodeType",
    "SnapshotRetentionLimit",
    "SnapshotWindow",
    "TransitEncryptionEnabled",
    "TransitEncryptionMode",
    "IpDiscovery",
    "Engine",
    "ClusterMode",
)
# What AWS keeps on the member clusters only.
MEMBER_SETTINGS = {
    "CacheParameterGroupName": "CacheParameterGroupName",
    "EngineVersion": "EngineVersion",
    "PreferredMaintenanceWindow": "PreferredMaintenanceWindow",
    "NotificationTopicArn": "NotificationTopicArn",
    "SecurityGroupIds": "SecurityGroupIds",
}


class CacheFault(Fault):
    pass


def not_found(kind):
    return lambda name: CacheFault(f"{kind}NotFoundFault" if kind != "CacheParameterGroup" else f"{kind}NotFound", f"{kind} {name} not found.")


def groups(backend):
    return Records(backend, "replication groups", not_found("ReplicationGroup"))


def members(backend):
    return Records(backend, "member clusters", not_found("CacheCluster"))


def parameter_groups(backend):
    return Records(backend, "parameter groups", not_found("CacheParameterGroup"))


def arn(response, kind, name):
    return f"arn:aws:elasticache:{response.region}:{response.current_account}:{kind}:{name}"


def full_version(version):
    """AWS answers 7.1 with 7.1.0."""
    return version if version.count(".") > 1 else f"{version}.0" if "." in version else f"{version}.0.0"


def extend():
    extend_parameter_groups()
    extend_subnet_groups()
    extend_replication_groups()
    extend_tags()


def extend_parameter_groups():
    @add(ElastiCacheResponse)
    def create_cache_parameter_group(self):
        given = self._get_params()
        name = given["CacheParameterGroupName"]
        record = chosen(given, "CacheParameterGroupName", "CacheParameterGroupFamily", "Description")
        record.update(IsGlobal=False, ARN=arn(self, "parametergroup", name), Parameters={})
        set_tags(self.elasticache_backend, record["ARN"], given.get("Tags") or [])
        parameter_groups(self.elasticache_backend).put(name, record)
        return ActionResult({"CacheParameterGroup": record})

    @add(ElastiCacheResponse)
    def describe_cache_parameter_groups(self):
        found = parameter_groups(self.elasticache_backend).find(self._get_params().get("CacheParameterGroupName"))
        return ActionResult({"CacheParameterGroups": found})

    @add(ElastiCacheResponse)
    def describe_cache_parameters(self):
        record = parameter_groups(self.elasticache_backend).get(self._get_params()["CacheParameterGroupName"])
        shown = [
            {"ParameterName": name, "ParameterValue": value, "Source": "user", "IsModifiable": True, "DataType": "string"}
            for name, value in record["Parameters"].items()
        ]
        return ActionResult({"Parameters": shown, "CacheNodeTypeSpecificParameters": []})

    @add(ElastiCacheResponse)
    def modify_cache_parameter_group(self):
        given = self._get_params()
        record = parameter_groups(self.elasticache_backend).get(given["CacheParameterGroupName"])
        for pair in given.get("ParameterNameValues") or []:
            record["Parameters"][pair["ParameterName"]] = pair.get("ParameterValue", "")
        return ActionResult({"CacheParameterGroupName": given["CacheParameterGroupName"]})

    @add(ElastiCacheResponse)
    def reset_cache_parameter_group(self):
        given = self._get_params()
        record = parameter_groups(self.elasticache_backend).get(given["CacheParameterGroupName"])
        names = [pair["ParameterName"] for pair in given.get("ParameterNameValues") or []]
        for name in names or list(record["Parameters"]):
            record["Parameters"].pop(name, None)
        return ActionResult({"CacheParameterGroupName": given["CacheParameterGroupName"]})

    @add(ElastiCacheResponse)
    def delete_cache_parameter_group(self):
        backend, name = self.elasticache_backend, self._get_params()["CacheParameterGroupName"]
        used = [m["CacheClusterId"] for m in members(backend).find() if m["CacheParameterGroup"]["CacheParameterGroupName"] == name]
        if used:
            raise CacheFault("InvalidCacheParameterGroupState", f"{name} is used by {', '.join(used)}.")
        parameter_groups(backend).take(name)
        return ActionResult({})


def extend_subnet_groups():
    @add(ElastiCacheResponse)
    def delete_cache_subnet_group(self):
        backend, name = self.elasticache_backend, self._get_param("CacheSubnetGroupName")
        if name not in backend.cache_subnet_groups:
            raise CacheFault("CacheSubnetGroupNotFoundFault", f"Cache subnet group {name} not found.")
        used = [m["CacheClusterId"] for m in members(backend).find() if m.get("CacheSubnetGroupName") == name]
        if used:
            raise CacheFault("CacheSubnetGroupInUse", f"{name} is used by {', '.join(used)}.")
        del backend.cache_subnet_groups[name]
        return ActionResult({})


def member(response, given, group, cluster, node_group):
    """A member cluster as DescribeCacheClusters shows it, with its node."""
    address = f"{cluster}.{group['ReplicationGroupId']}.sandbox.use1.cache.amazonaws.com"
    endpoint = {"Address": address, "Port": group["Port"]}
    return {
        "CacheClusterId": cluster,
        "ReplicationGroupId": group["ReplicationGroupId"],
        "NodeGroup": node_group,
        "CacheClusterStatus": "available",
        "CacheNodeType": group["CacheNodeType"],
        "Engine": group["Engine"],
        "EngineVersion": full_version(given.get("EngineVersion") or "7.1"),
        "NumCacheNodes": 1,
        "CacheClusterCreateTime": utcnow(),
        "PreferredMaintenanceWindow": given.get("PreferredMaintenanceWindow") or DEFAULT_WINDOW,
        "PendingModifiedValues": {},
        "CacheSecurityGroups": [],
        "CacheParameterGroup": {
            "CacheParameterGroupName": given.get("CacheParameterGroupName") or "default.redis7",
            "ParameterApplyStatus": "in-sync",
        },
        "CacheSubnetGroupName": given.get("CacheSubnetGroupName"),
        "CacheNodes": [
            {"CacheNodeId": "0001", "CacheNodeStatus": "available", "Endpoint": endpoint, "CustomerAvailabilityZone": "us-east-1a"}
        ],
        "SecurityGroups": [{"SecurityGroupId": one, "Status": "active"} for one in given.get("SecurityGroupIds") or []],
        "AutoMinorVersionUpgrade": group["AutoMinorVersionUpgrade"],
        "SnapshotRetentionLimit": group["SnapshotRetentionLimit"],
        "SnapshotWindow": group["SnapshotWindow"],
        "AtRestEncryptionEnabled": group["AtRestEncryptionEnabled"],
        "TransitEncryptionEnabled": group["TransitEncryptionEnabled"],
        **chosen(group, "TransitEncryptionMode"),
        "AuthTokenEnabled": group["AuthTokenEnabled"],
        "ARN": arn(response, "cluster", cluster),
        **({"NotificationConfiguration": {"TopicArn": given["NotificationTopicArn"], "TopicStatus": "active"}} if given.get("NotificationTopicArn") else {}),
    }


def node_groups(name, given, port):
    """Shards and their member clusters, named as AWS names them: NAME-001, or NAME-0001-001 in cluster mode."""
    shards = int(given.get("NumNodeGroups") or 1)
    clustered = is_clustered(given)
    each = int(given.get("ReplicasPerNodeGroup") or 0) + 1 if given.get("NumNodeGroups") else int(given.get("NumCacheClusters") or 1)
    slots = 16384 // shards
    result = []
    for shard in range(shards):
        number = f"{shard + 1:04d}"
        clusters = [f"{name}-{number}-{n + 1:03d}" if clustered else f"{name}-{n + 1:03d}" for n in range(each)]
        nodes = [
            {"CacheClusterId": cluster, "CacheNodeId": "0001", "PreferredAvailabilityZone": "us-east-1" + "ab"[n % 2], **({} if clustered else {"CurrentRole": "replica" if n else "primary"})}
            for n, cluster in enumerate(clusters)
        ]
        group = {"NodeGroupId": number, "Status": "available", "NodeGroupMembers": nodes}
        if clustered:
            last = 16383 if shard == shards - 1 else (shard + 1) * slots - 1
            group["Slots"] = f"{shard * slots}-{last}"
        else:
            domain = f"{name}.sandbox.ng.0001.use1.cache.amazonaws.com"
            group["PrimaryEndpoint"] = {"Address": f"master.{domain}", "Port": port}
            group["ReaderEndpoint"] = {"Address": f"replica.{domain}", "Port": port}
        result.append(group)
    return result


def is_clustered(given):
    return given.get("ClusterMode") == "enabled" or int(given.get("NumNodeGroups") or 1) > 1 or "cluster" in str(given.get("CacheParameterGroupName"))


def on(value, yes="enabled", no="disabled"):
    return yes if value else no


def extend_replication_groups():
    def create_replication_group(self):
        backend, given = self.elasticache_backend, self._get_params()
        name = given["ReplicationGroupId"]
        port = int(given.get("Port") or 6379)
        if name in groups(backend):
            raise CacheFault("ReplicationGroupAlreadyExists", f"Replication group {name} already exists.")
        parameters = given.get("CacheParameterGroupName")
        own = parameter_groups(backend)
        values = own.get(parameters)["Parameters"] if parameters and parameters in own else {}
        if values.get("cluster-enabled") == "yes":
            given["ClusterMode"] = "enabled"
        if given.get("AutomaticFailoverEnabled") and not is_clustered(given) and int(given.get("NumCacheClusters") or 1) < 2:
            raise CacheFault("InvalidParameterCombination", "Automatic failover needs at least two cache clusters.")
        if given.get("AuthToken") and not given.get("TransitEncryptionEnabled"):
            raise CacheFault("InvalidParameterCombination", "AuthToken needs encryption in transit.")
        shards = node_groups(name, given, port)
        record = {
            "ReplicationGroupId": name,
            "Description": given["ReplicationGroupDescription"],
            "Status": "available",
            "PendingModifiedValues": {},
            "NodeGroups": shards,
            "MemberClusters": [node["CacheClusterId"] for shard in shards for node in shard["NodeGroupMembers"]],
            "AutomaticFailover": on(given.get("AutomaticFailoverEnabled")),
            "MultiAZ": on(given.get("MultiAZEnabled")),
            "SnapshotRetentionLimit": int(given.get("SnapshotRetentionLimit") or 0),
            "SnapshotWindow": given.get("SnapshotWindow") or "05:00-06:00",
            "ClusterEnabled": is_clustered(given),
            "ClusterMode": on(is_clustered(given)),
            "CacheNodeType": given.get("CacheNodeType") or "cache.t4g.micro",
            "AuthTokenEnabled": bool(given.get("AuthToken")),
            "TransitEncryptionEnabled": bool(given.get("TransitEncryptionEnabled")),
            "AtRestEncryptionEnabled": bool(given.get("AtRestEncryptionEnabled")),
            "ARN": arn(self, "replicationgroup", name),
            "UserGroupIds": given.get("UserGroupIds") or [],
            "LogDeliveryConfigurations": [{**one, "Status": "active"} for one in given.get("LogDeliveryConfigurations") or []],
            "ReplicationGroupCreateTime": utcnow(),
            "DataTiering": on(given.get("DataTieringEnabled")),
            "AutoMinorVersionUpgrade": given.get("AutoMinorVersionUpgrade", True) is not False,
            "NetworkType": given.get("NetworkType") or "ipv4",
            "IpDiscovery": given.get("IpDiscovery") or "ipv4",
            "Engine": given.get("Engine") or "redis",
            "Port": port,
            **chosen(given, "KmsKeyId"),
        }
        if given.get("TransitEncryptionEnabled"):
            record["TransitEncryptionMode"] = given.get("TransitEncryptionMode") or "required"
        if is_clustered(given):
            record["ConfigurationEndpoint"] = {"Address": f"clustercfg.{name}.sandbox.use1.cache.amazonaws.com", "Port": port}
        groups(backend).put(name, record)
        for shard in shards:
            for node in shard["NodeGroupMembers"]:
                cluster = node["CacheClusterId"]
                members(backend).put(cluster, member(self, given, record, cluster, shard["NodeGroupId"]))
        for resource in [record["ARN"], *(arn(self, "cluster", one) for one in record["MemberClusters"])]:
            set_tags(backend, resource, given.get("Tags") or [])
        return ActionResult({"ReplicationGroup": record})

    def describe_replication_groups(self):
        return ActionResult({"ReplicationGroups": groups(self.elasticache_backend).find(self._get_params().get("ReplicationGroupId"))})

    def modify_replication_group(self):
        backend, given = self.elasticache_backend, self._get_params()
        record = groups(backend).get(given["ReplicationGroupId"])
        record.update(chosen(given, *MODIFIABLE))
        if given.get("ReplicationGroupDescription"):
            record["Description"] = given["ReplicationGroupDescription"]
        for name, field in (("AutomaticFailoverEnabled", "AutomaticFailover"), ("MultiAZEnabled", "MultiAZ")):
            if given.get(name) is not None:
                record[field] = on(given[name])
        if given.get("AuthToken"):
            record["AuthTokenEnabled"] = given.get("AuthTokenUpdateStrategy") != "DELETE"
        if given.get("LogDeliveryConfigurations"):
            record["LogDeliveryConfigurations"] = [{**one, "Status": "active"} for one in given["LogDeliveryConfigurations"] if one.get("Enabled", True)]
        for cluster in record["MemberClusters"]:
            change_member(members(backend).get(cluster), given)
        return ActionResult({"ReplicationGroup": record})

    def change_member(cluster, given):
        for name in ("AutoMinorVersionUpgrade", "CacheNodeType", "SnapshotRetentionLimit", "SnapshotWindow", "PreferredMaintenanceWindow"):
            if given.get(name) is not None:
                cluster[name] = given[name]
        if given.get("EngineVersion"):
            cluster["EngineVersion"] = full_version(given["EngineVersion"])
        if given.get("CacheParameterGroupName"):
            cluster["CacheParameterGroup"]["CacheParameterGroupName"] = given["CacheParameterGroupName"]
        if given.get("SecurityGroupIds"):
            cluster["SecurityGroups"] = [{"SecurityGroupId": one, "Status": "active"} for one in given["SecurityGroupIds"]]
        if given.get("NotificationTopicArn"):
            cluster["NotificationConfiguration"] = {"TopicArn": given["NotificationTopicArn"], "TopicStatus": "active"}

    def resize(self):
        """Replica and shard counts: the same group made anew with the other number."""
        backend, given = self.elasticache_backend, self._get_params()
        record = groups(backend).get(given["ReplicationGroupId"])
        first = members(backend).get(record["MemberClusters"][0])
        each = len(record["NodeGroups"][0]["NodeGroupMembers"])
        shape = {"NumNodeGroups": given.get("NodeGroupCount") or len(record["NodeGroups"]), "ClusterMode": record["ClusterMode"]}
        shape["ReplicasPerNodeGroup"] = given["NewReplicaCount"] if given.get("NewReplicaCount") is not None else each - 1
        for cluster in record["MemberClusters"]:
            members(backend).take(cluster)
        record["NodeGroups"] = node_groups(record["ReplicationGroupId"], shape, record["Port"])
        record["MemberClusters"] = [n["CacheClusterId"] for shard in record["NodeGroups"] for n in shard["NodeGroupMembers"]]
        for cluster in record["MemberClusters"]:
            members(backend).put(cluster, {**first, "CacheClusterId": cluster, "ARN": arn(self, "cluster", cluster)})
        return ActionResult({"ReplicationGroup": record})

    def delete_replication_group(self):
        backend = self.elasticache_backend
        record = groups(backend).take(self._get_params()["ReplicationGroupId"])
        for cluster in record["MemberClusters"]:
            members(backend).take(cluster)
        return ActionResult({"ReplicationGroup": {**record, "Status": "deleting"}})

    for method in (create_replication_group, describe_replication_groups, modify_replication_group, delete_replication_group):
        setattr(ElastiCacheResponse, method.__name__, method)
    for name in ("increase_replica_count", "decrease_replica_count", "modify_replication_group_shard_configuration"):
        setattr(ElastiCacheResponse, name, resize)

    @wrap(ElastiCacheResponse, "describe_cache_clusters")
    def describe_cache_clusters(old, self):
        name = self._get_params().get("CacheClusterId")
        own = members(self.elasticache_backend)
        if name in own:
            return ActionResult({"CacheClusters": own.find(name)})
        if name or not own.all:
            return old(self)
        return ActionResult({"CacheClusters": own.find()})


def tags_of(backend):
    return backend.__dict__.setdefault("_platform_tags", {})


def set_tags(backend, resource, tags):
    tags_of(backend)[resource] = {tag["Key"]: tag.get("Value", "") for tag in tags}


def extend_tags():
    """Tags of the records above; everything else stays moto's."""

    @wrap(ElastiCacheBackend, "list_tags_for_resource")
    def listed(old, self, resource):
        own = tags_of(self)
        if resource not in own:
            return old(self, resource)
        return {"Tags": [{"Key": key, "Value": value} for key, value in own[resource].items()]}

    @wrap(ElastiCacheBackend, "add_tags_to_resource")
    def added(old, self, resource, tags):
        own = tags_of(self)
        if resource not in own:
            return old(self, resource, tags)
        own[resource].update({tag["Key"]: tag.get("Value", "") for tag in tags})

    @wrap(ElastiCacheBackend, "remove_tags_from_resource")
    def removed(old, self, resource, keys):
        own = tags_of(self)
        if resource not in own:
            return old(self, resource, keys)
        for key in keys:
            own[resource].pop(key, None)
