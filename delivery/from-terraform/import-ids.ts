/**
 * Ids that an import takes where they are not the state's `id`. Facts of the aws provider's documentation, section "Import"
 * of each resource.
 */

type Attributes = Readonly<Record<string, unknown>>;

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined;

/** Values of some attributes with a sign between; undefined where one is missing. */
function joined(sign: string, ...names: string[]): (attributes: Attributes) => string | undefined {
  return (attributes) => {
    const values = names.map((name) => text(attributes[name]));
    return values.every((value) => value !== undefined) ? values.join(sign) : undefined;
  };
}

function route(attributes: Attributes): string | undefined {
  const destination =
    text(attributes.destination_cidr_block) ??
    text(attributes.destination_ipv6_cidr_block) ??
    text(attributes.destination_prefix_list_id);
  const table = text(attributes.route_table_id);
  return table && destination ? `${table}_${destination}` : undefined;
}

function tableAssociation(attributes: Attributes): string | undefined {
  const from = text(attributes.subnet_id) ?? text(attributes.gateway_id);
  const table = text(attributes.route_table_id);
  return from && table ? `${from}/${table}` : undefined;
}

/** `sg-1_ingress_tcp_443_443_10.0.0.0/8`: group, direction, protocol, ports and every source. */
function groupRule(attributes: Attributes): string | undefined {
  const list = (name: string) => (Array.isArray(attributes[name]) ? (attributes[name] as unknown[]).map(String) : []);
  const sources = [
    ...list("cidr_blocks"),
    ...list("ipv6_cidr_blocks"),
    ...list("prefix_list_ids"),
    ...(text(attributes.source_security_group_id) ? [String(attributes.source_security_group_id)] : []),
    ...(attributes.self === true ? ["self"] : []),
  ];
  const head = joined("_", "security_group_id", "type", "protocol", "from_port", "to_port")(attributes);
  return head && sources.length > 0 ? `${head}_${sources.join("_")}` : undefined;
}

function lambdaPermission(attributes: Attributes): string | undefined {
  const qualifier = text(attributes.qualifier);
  const base = joined("/", "function_name", "statement_id")(attributes);
  return base && qualifier ? base.replace("/", `:${qualifier}/`) : base;
}

function ecsService(attributes: Attributes): string | undefined {
  const cluster = text(attributes.cluster)?.split("/").at(-1);
  const name = text(attributes.name);
  return cluster && name ? `${cluster}/${name}` : undefined;
}

const ids: Readonly<Record<string, (attributes: Attributes) => string | undefined>> = {
  aws_iam_role_policy_attachment: joined("/", "role", "policy_arn"),
  aws_iam_user_policy_attachment: joined("/", "user", "policy_arn"),
  aws_iam_group_policy_attachment: joined("/", "group", "policy_arn"),
  aws_route: route,
  aws_route_table_association: tableAssociation,
  aws_security_group_rule: groupRule,
  aws_network_acl_rule: joined(":", "network_acl_id", "rule_number", "protocol", "egress"),
  aws_lambda_permission: lambdaPermission,
  aws_lambda_event_source_mapping: joined("", "uuid"),
  aws_cloudwatch_event_target: joined("/", "event_bus_name", "rule", "target_id"),
  aws_cloudwatch_log_stream: joined(":", "log_group_name", "name"),
  aws_cloudwatch_log_metric_filter: joined(":", "log_group_name", "name"),
  aws_cloudwatch_log_subscription_filter: joined("|", "log_group_name", "name"),
  aws_ecs_service: ecsService,
  aws_ecs_task_definition: joined("", "arn"),
  aws_appautoscaling_target: joined("/", "service_namespace", "resource_id", "scalable_dimension"),
  aws_appautoscaling_policy: joined("/", "service_namespace", "resource_id", "scalable_dimension", "name"),
  aws_autoscaling_schedule: joined("/", "autoscaling_group_name", "scheduled_action_name"),
  aws_s3_object: joined("/", "bucket", "key"),
  aws_s3_bucket_object: joined("/", "bucket", "key"),
  aws_volume_attachment: joined(":", "device_name", "volume_id", "instance_id"),
  aws_eks_node_group: joined(":", "cluster_name", "node_group_name"),
  aws_eks_addon: joined(":", "cluster_name", "addon_name"),
  aws_scheduler_schedule: joined("/", "group_name", "name"),
};

/** What `pulumi import` takes for a resource; undefined where the state does not say it. */
export function importId(type: string, attributes: Attributes): string | undefined {
  const special = ids[type];
  return special ? special(attributes) : text(attributes.id);
}
