import type * as aws from "@pulumi/aws";
import {
  checkov,
  cis,
  fsbp,
  on,
  pci,
  reference,
  type Policy,
  type Report,
  type StackResource,
  type StackView,
} from "../frame/policy";
import { forEachKnown, ifKnown, isGiven, listOf } from "../frame/values";

const vpcType = "aws:ec2/vpc:Vpc";
const endpointType = "aws:ec2/vpcEndpoint:VpcEndpoint";

/** Endpoints that hosts need where no NAT gateway leads to the services: Session Manager and the log agent. */
const withoutNat = ["ssm", "ssmmessages", "logs"];

/** Last part of a service name: `com.amazonaws.us-east-1.s3` is `s3`. */
const serviceOf = (name: string | undefined) => name?.split(".").slice(3).join(".") ?? "";

export const vpcEndpointsPresent: Policy = {
  name: "vpc-endpoints-present",
  description: "A VPC reaches S3, and without NAT Session Manager and the logs too, through endpoints of its own.",
  severity: "medium",
  level: "mandatory",
  fix: "Add the endpoints to the network section",
  url: reference("ec2/vpcendpoint"),
  frameworks: [fsbp("EC2.10")],
  stackRule: (stack, report) => {
    const hosts = stack.ofType("aws:ec2/instance:Instance", "aws:autoscaling/group:Group").length > 0;
    const nat = stack.ofType("aws:ec2/natGateway:NatGateway").length > 0;
    for (const vpc of stack.ofType(vpcType)) {
      const endpoints = stack.referrers<aws.ec2.VpcEndpointArgs>(vpc, endpointType, "vpcId");
      const services = endpoints.map(({ props }) => ifKnown(() => serviceOf(props.serviceName)));
      if (services.includes(undefined)) continue; // a name that is not known yet may be any
      const missing = ["s3", ...(hosts && !nat ? withoutNat : [])].filter((service) => !services.includes(service));
      if (missing.length > 0) report(`there is no endpoint for ${missing.join(", ")}`, vpc);
    }
  },
};

export const flowLogsOn: Policy = {
  name: "flow-logs-on",
  description: "Every VPC keeps flow logs of all traffic.",
  severity: "high",
  level: "mandatory",
  fix: "Add an aws.ec2.FlowLog with trafficType ALL for the VPC",
  url: reference("ec2/flowlog"),
  frameworks: [cis("3.7"), fsbp("EC2.6"), pci("10.2.1")],
  checkov: checkov("2:11"),
  stackRule: (stack, report) => {
    forEachKnown(stack.ofType(vpcType), (vpc) => {
      const logs = stack.referrers<aws.ec2.FlowLogArgs>(vpc, "aws:ec2/flowLog:FlowLog", "vpcId");
      if (logs.length === 0) report("it keeps no flow logs", vpc);
      for (const log of logs) {
        const traffic = log.props.trafficType;
        if (traffic === "ACCEPT") report("it does not keep rejected traffic", log);
      }
    });
  },
};

/** Subnets of the data tier: by tag, by name, or because databases live in them. */
function dataSubnets(stack: StackView): StackResource[] {
  const subnetType = "aws:ec2/subnet:Subnet";
  const groups = stack.ofType(
    "aws:rds/subnetGroup:SubnetGroup",
    "aws:elasticache/subnetGroup:SubnetGroup",
    "aws:memorydb/subnetGroup:SubnetGroup",
  );
  const used = groups
    .flatMap((group) => group.propertyDependencies.subnetIds ?? [])
    .filter(({ type }) => type === subnetType);
  const named = stack.ofType<aws.ec2.SubnetArgs>(subnetType).filter((subnet) => {
    const tier = ifKnown(() => subnet.props.tags?.tier);
    return tier === "data" || (tier === undefined && /(^|-)data(-|$)/.test(subnet.name));
  });
  return [
    ...new Map([...used, ...(named as unknown as StackResource[])].map((subnet) => [subnet.urn, subnet])).values(),
  ];
}

const internetGateway = "aws:ec2/internetGateway:InternetGateway";
const isInternet = (resources: readonly StackResource[] | undefined) =>
  (resources ?? []).some(({ type }) => type === internetGateway);

/** True for a route that leads to an internet gateway, written with the gateway or with its id. */
function leadsOut(of: StackResource<unknown>, gatewayId: string | undefined, property: string): boolean {
  return isInternet(of.propertyDependencies[property]) || (gatewayId?.startsWith("igw-") ?? false);
}

export const noInternetRouteToDataSubnets: Policy = {
  name: "no-internet-route-to-data-subnets",
  description: "No route leads from the data subnets to an internet gateway.",
  severity: "critical",
  level: "mandatory",
  fix: "Take the route out of the data tier's route tables",
  url: reference("ec2/route"),
  frameworks: [pci("1.4.4")],
  stackRule: (stack, report) => {
    for (const subnet of dataSubnets(stack)) {
      const associations = stack.referrers(subnet, "aws:ec2/routeTableAssociation:RouteTableAssociation", "subnetId");
      for (const table of associations.flatMap((one) => one.propertyDependencies.routeTableId ?? [])) {
        const routes = stack.referrers<aws.ec2.RouteArgs>(table, "aws:ec2/route:Route", "routeTableId");
        const separate = routes.some((route) =>
          leadsOut(
            route,
            ifKnown(() => route.props.gatewayId),
            "gatewayId",
          ),
        );
        const inline = listOf(ifKnown(() => table.props.routes as { gatewayId?: string }[] | undefined));
        const within =
          isInternet(table.propertyDependencies.routes) ||
          inline.some((route) =>
            leadsOut(
              table,
              ifKnown(() => route.gatewayId),
              "routes",
            ),
          );
        if (separate || within) report(`${table.name} routes it to the internet`, subnet);
      }
    }
  },
};

interface Metadata {
  readonly httpEndpoint?: string;
  readonly httpTokens?: string;
  readonly httpPutResponseHopLimit?: number;
}

function checkMetadata(options: Metadata | undefined, report: Report): void {
  if (options?.httpEndpoint === "disabled") return;
  if (options?.httpTokens !== "required") report("the metadata service answers without a token (IMDSv1)");
  if ((options?.httpPutResponseHopLimit ?? 1) > 1) {
    report("containers on the host reach its credentials (httpPutResponseHopLimit over 1)", { advisory: true });
  }
}

const withTokens = (props: Record<string, unknown>) =>
  (props.metadataOptions as Metadata | undefined)?.httpTokens === "required"
    ? undefined
    : { metadataOptions: { ...(props.metadataOptions as object | undefined), httpTokens: "required" } };

export const imdsV2: Policy = {
  name: "imds-v2",
  description: "The metadata service of instances asks for a token.",
  severity: "high",
  level: "mandatory",
  fix: "Set metadataOptions.httpTokens: required",
  url: reference("ec2/instance"),
  frameworks: [cis("5.6"), fsbp("EC2.8"), fsbp("EC2.170")],
  checkov: checkov(79, 341),
  rules: [
    ...on<aws.ec2.InstanceArgs>(
      ["aws:ec2/instance:Instance", "aws:ec2/spotInstanceRequest:SpotInstanceRequest"],
      (instance, report) => {
        const byTemplate = isGiven(() => instance.launchTemplate) && !isGiven(() => instance.metadataOptions);
        if (!byTemplate) checkMetadata(instance.metadataOptions, report);
      },
    ),
    ...on<aws.ec2.LaunchTemplateArgs>(
      ["aws:ec2/launchTemplate:LaunchTemplate", "aws:ec2/launchConfiguration:LaunchConfiguration"],
      (template, report) => checkMetadata(template.metadataOptions, report),
    ),
    ...on<aws.ec2.SpotFleetRequestArgs>(
      "aws:ec2/spotFleetRequest:SpotFleetRequest",
      ({ launchSpecifications }, report) => {
        if (listOf(launchSpecifications).length > 0)
          report("launch specifications cannot ask for a token (IMDSv1), launch templates can");
      },
    ),
    ...on<aws.ec2.InstanceMetadataDefaultsArgs>(
      "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults",
      (defaults, report) => {
        if (defaults.httpTokens !== "required") report("the account's default is no token");
      },
    ),
    ...on<aws.imagebuilder.InfrastructureConfigurationArgs>(
      "aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration",
      (configuration, report) => {
        if (configuration.instanceMetadataOptions?.httpTokens !== "required")
          report("build hosts answer without a token (IMDSv1)");
      },
    ),
  ],
  remedies: [
    { type: "aws:ec2/launchTemplate:LaunchTemplate", mend: withTokens },
    {
      type: "aws:ec2/instance:Instance",
      mend: (props) => (isGiven(() => props.launchTemplate) && !props.metadataOptions ? undefined : withTokens(props)),
    },
  ],
};

export const vpc: readonly Policy[] = [vpcEndpointsPresent, flowLogsOn, noInternetRouteToDataSubnets, imdsV2];
