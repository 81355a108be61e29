import type * as aws from "@pulumi/aws";
import { containersOf } from "../frame/environment";
import {
  checkov,
  fsbp,
  on,
  pci,
  reference,
  type Policy,
  type Report,
  type StackResource,
  type StackView,
} from "../frame/policy";
import { isGiven, isTrue, listOf } from "../frame/values";

/** IPv6 addresses of a VPC are public ones: whoever has one needs no elastic IP. */
function checkIpv6(
  props: { readonly ipv6AddressCount?: number; readonly ipv6Addresses?: readonly string[] },
  report: Report,
): void {
  if ((props.ipv6AddressCount ?? 0) > 0 || listOf(props.ipv6Addresses).length > 0)
    report("it gets a public IPv6 address");
}

const fix = "Set associatePublicIpAddress: false; left out, the subnet decides";

export const noPublicIpInstance: Policy = {
  name: "no-public-ip-instance",
  description: "Instances have no public address.",
  severity: "critical",
  level: "mandatory",
  fix,
  url: reference("ec2/instance"),
  frameworks: [fsbp("EC2.9"), pci("1.4.2")],
  checkov: checkov(88),
  rules: [
    ...on<aws.ec2.InstanceArgs>(
      ["aws:ec2/instance:Instance", "aws:ec2/spotInstanceRequest:SpotInstanceRequest"],
      (instance, report) => {
        checkIpv6(instance, report);
        if (instance.associatePublicIpAddress) report("it gets a public address");
        // An interface or a template that is given decides; both are looked at themselves.
        const decided = isGiven(() => instance.primaryNetworkInterface) || isGiven(() => instance.launchTemplate);
        const older = isGiven(() => instance.networkInterfaces?.[0]);
        if (instance.associatePublicIpAddress === undefined && !decided && !older) {
          report("associatePublicIpAddress is not set, so the subnet decides");
        }
      },
    ),
    ...on<aws.ec2.SpotFleetRequestArgs>("aws:ec2/spotFleetRequest:SpotFleetRequest", (fleet, report) => {
      for (const { associatePublicIpAddress } of listOf(fleet.launchSpecifications)) {
        if (associatePublicIpAddress === undefined)
          report("associatePublicIpAddress is not set, so the subnet decides");
        else if (associatePublicIpAddress) report("its instances get public addresses");
      }
    }),
  ],
};

export const noPublicIpLaunchTemplate: Policy = {
  name: "no-public-ip-launch-template",
  description: "Launch templates and launch configurations give no public address.",
  severity: "critical",
  level: "mandatory",
  fix: 'Declare networkInterfaces with associatePublicIpAddress: "false"; left out, the subnet decides',
  url: reference("ec2/launchtemplate"),
  frameworks: [fsbp("EC2.25"), pci("1.4.2")],
  checkov: checkov(88),
  stackRule: (stack, report) => {
    for (const template of stack.ofType<aws.ec2.LaunchTemplateArgs>("aws:ec2/launchTemplate:LaunchTemplate")) {
      if (listOf(template.props.networkInterfaces).length > 0 || refusedByItsInstances(stack, template)) continue;
      report("no network interface is declared, so the subnet decides on a public address", template);
    }
  },
  rules: [
    ...on<aws.ec2.LaunchTemplateArgs>("aws:ec2/launchTemplate:LaunchTemplate", (template, report) => {
      for (const one of listOf(template.networkInterfaces)) {
        checkIpv6(one, report);
        if (isTrue(one.associateCarrierIpAddress)) report("its instances get public addresses of a carrier's");
        if (isTrue(one.associatePublicIpAddress)) report("its instances get public addresses");
        else if (!isGiven(() => one.associatePublicIpAddress) && !isGiven(() => one.networkInterfaceId)) {
          report("associatePublicIpAddress is not set, so the subnet decides");
        }
      }
    }),
    ...on<aws.ec2.LaunchConfigurationArgs>(
      "aws:ec2/launchConfiguration:LaunchConfiguration",
      (configuration, report) => {
        const { associatePublicIpAddress: given } = configuration;
        if (given === undefined) report("associatePublicIpAddress is not set, so the subnet decides");
        else if (given) report("its instances get public addresses");
      },
    ),
    ...on<aws.ec2.SpotFleetRequestArgs>(
      "aws:ec2/spotFleetRequest:SpotFleetRequest",
      ({ launchSpecifications }, report) => {
        for (const { associatePublicIpAddress: given } of listOf(launchSpecifications)) {
          if (given === undefined) report("a launch specification leaves associatePublicIpAddress to the subnet");
          else if (given) report("its instances get public addresses");
        }
      },
    ),
  ],
};

/** What launches by a template; an instance may refuse the address itself, as it must where it names its subnet. */
const instanceType = "aws:ec2/instance:Instance";
const otherUsers = [
  "aws:autoscaling/group:Group",
  "aws:ec2/fleet:Fleet",
  "aws:ec2/spotFleetRequest:SpotFleetRequest",
] as const;

/** True where every launch by the template is an instance that says itself that it wants no public address. */
function refusedByItsInstances(stack: StackView, template: StackResource<unknown>): boolean {
  if (stack.referrers(template, otherUsers).length > 0) return false;
  const instances = stack.referrers<aws.ec2.InstanceArgs>(template, instanceType, "launchTemplate");
  return instances.length > 0 && instances.every(({ props }) => props.associatePublicIpAddress === false);
}

const subnetTypes = ["aws:ec2/subnet:Subnet", "aws:ec2/defaultSubnet:DefaultSubnet"] as const;

export const noPublicIpSubnet: Policy = {
  name: "no-public-ip-subnet",
  description: "No subnet gives public addresses to what is launched in it.",
  severity: "high",
  level: "mandatory",
  fix: "Set mapPublicIpOnLaunch and assignIpv6AddressOnCreation to false",
  url: reference("ec2/subnet"),
  frameworks: [fsbp("EC2.15"), pci("1.4.2")],
  checkov: checkov(130),
  rules: [
    ...on<aws.ec2.SubnetArgs>(subnetTypes, (subnet, report, { type }) => {
      if (subnet.mapPublicIpOnLaunch) report("it gives public addresses on launch");
      // A default subnet does unless it is told not to; one that is made here does not.
      else if (type === subnetTypes[1] && subnet.mapPublicIpOnLaunch === undefined)
        report("it gives public addresses on launch");
      if (subnet.assignIpv6AddressOnCreation) report("it gives public IPv6 addresses on launch");
    }),
    ...on<{ natGateways?: object; subnetSpecs?: readonly { type: string }[] }>(["awsx:ec2:Vpc"], (vpc, report) => {
      const specs = listOf(vpc.subnetSpecs);
      if (specs.length === 0 || specs.some(({ type }) => type.toLowerCase() === "public")) {
        report("its public subnets give public addresses on launch");
      }
    }),
  ],
  remedies: [
    {
      type: subnetTypes[0],
      mend: (props) => (props.mapPublicIpOnLaunch === true ? { mapPublicIpOnLaunch: false } : undefined),
    },
  ],
};

export const noPublicIpNetworkInterface: Policy = {
  name: "no-public-ip-network-interface",
  description: "No network interface has a public address.",
  severity: "high",
  level: "mandatory",
  fix: "Take the elastic IP off the interface, and reach it through a load balancer or Session Manager",
  url: reference("ec2/networkinterface"),
  frameworks: [pci("1.4.2")],
  rules: [
    ...on<aws.ec2.NetworkInterfaceArgs>("aws:ec2/networkInterface:NetworkInterface", checkIpv6),
    ...on<aws.ec2.EipArgs>("aws:ec2/eip:Eip", (address, report, at) => {
      if (isGiven(() => address.networkInterface) && !at.isPublicEntry(at))
        report("it makes a network interface public");
    }),
    ...on<aws.ec2.EipAssociationArgs>("aws:ec2/eipAssociation:EipAssociation", (association, report, at) => {
      if (isGiven(() => association.networkInterfaceId) && !at.isPublicEntry(at))
        report("it makes a network interface public");
    }),
  ],
};

interface TaskNetwork {
  readonly assignPublicIp?: boolean | string;
}

function checkTask(network: TaskNetwork | undefined, report: Report): void {
  const given = network?.assignPublicIp;
  if (isTrue(given) || given === "ENABLED") report("its tasks get public addresses");
}

export const noPublicIpFargate: Policy = {
  name: "no-public-ip-fargate",
  description: "Fargate tasks have no public address.",
  severity: "critical",
  level: "mandatory",
  fix: "Set assignPublicIp: false in the network configuration, and use private subnets",
  url: reference("ecs/service"),
  frameworks: [fsbp("ECS.2"), pci("1.4.2")],
  checkov: checkov(333),
  rules: [
    ...on<aws.ecs.ServiceArgs>("aws:ecs/service:Service", (service, report) =>
      checkTask(service.networkConfiguration, report),
    ),
    ...on<aws.ecs.TaskSetArgs>("aws:ecs/taskSet:TaskSet", (set, report) => checkTask(set.networkConfiguration, report)),
    ...on<aws.cloudwatch.EventTargetArgs>("aws:cloudwatch/eventTarget:EventTarget", (target, report) =>
      checkTask(target.ecsTarget?.networkConfiguration, report),
    ),
    ...on<aws.scheduler.ScheduleArgs>("aws:scheduler/schedule:Schedule", (schedule, report) =>
      checkTask(schedule.target.ecsParameters?.networkConfiguration, report),
    ),
    ...on<aws.batch.JobDefinitionArgs>("aws:batch/jobDefinition:JobDefinition", (job, report) => {
      for (const container of containersOf(job.containerProperties)) {
        checkTask(container.networkConfiguration as TaskNetwork | undefined, report);
      }
    }),
    ...on<{ networkConfiguration?: TaskNetwork; assignPublicIp?: boolean }>(
      "awsx:ecs:FargateService",
      (service, report) => {
        checkTask(service.networkConfiguration ?? service, report);
        // Without either, awsx takes the default VPC and gives public addresses.
        if (!isGiven(() => service.networkConfiguration) && service.assignPublicIp === undefined) {
          report("no network is given, so awsx uses public subnets");
        }
      },
    ),
  ],
};

/** Elastic IPs by what they may belong to; declared entries are the bastions and NAT instances that a stack names. */
export const elasticIpOnlyForNatOrBastion: Policy = {
  name: "elastic-ip-only-for-nat-or-bastion",
  description: "Elastic IPs belong to NAT gateways, network load balancers or declared entries only.",
  severity: "high",
  level: "mandatory",
  fix: "Release the address, or name it in policies.publicEntries with the bastion that needs it",
  url: reference("ec2/eip"),
  frameworks: [pci("1.4.2")],
  checkov: checkov("2:19"),
  stackRule: (stack, report, context) => {
    const users = [
      "aws:ec2/natGateway:NatGateway",
      "aws:lb/loadBalancer:LoadBalancer",
      "aws:alb/loadBalancer:LoadBalancer",
    ];
    const associations = stack.ofType<aws.ec2.EipAssociationArgs>("aws:ec2/eipAssociation:EipAssociation");
    for (const one of associations) {
      if (isGiven(() => one.props.instanceId) && !context.isPublicEntry(one))
        report("it makes an instance public", one);
    }
    for (const address of stack.ofType<aws.ec2.EipArgs>("aws:ec2/eip:Eip")) {
      if (context.isPublicEntry(address)) continue;
      const linked = (property: string) => (address.propertyDependencies[property] ?? []).length > 0;
      if (linked("instance") || linked("networkInterface")) report("it belongs to an instance", address);
      else if (stack.referrers(address, users).length === 0)
        report("it belongs to no NAT gateway or load balancer", address);
    }
  },
};

export const publicAddresses: readonly Policy[] = [
  noPublicIpInstance,
  noPublicIpLaunchTemplate,
  noPublicIpSubnet,
  noPublicIpNetworkInterface,
  noPublicIpFargate,
  elasticIpOnlyForNatOrBastion,
];
