import { secret, unknown } from "../support/pack";
import { a, table } from "../support/tables";

const spotFleet = "aws:ec2/spotFleetRequest:SpotFleetRequest";
const template = "aws:ec2/launchTemplate:LaunchTemplate";
const eip = "aws:ec2/eip:Eip";
const interfaces = (...list: object[]) => ({ networkInterfaces: list });
const entries = { settings: { publicEntries: ["bastion*"] } };

export const networkAddresses = [
  table(
    "no-public-ip-instance",
    "aws:ec2/instance:Instance",
    ["pass", { associatePublicIpAddress: false }],
    ["pass", { launchTemplate: { id: "lt" } }],
    ["pass", { primaryNetworkInterface: { networkInterfaceId: unknown } }],
    ["fail", { associatePublicIpAddress: true }, /public address/],
    ["fail", { associatePublicIpAddress: false, ipv6AddressCount: 1 }, /IPv6/],
    ["fail", { associatePublicIpAddress: false, ipv6Addresses: ["2600::1"] }, /IPv6/],
    [
      "fail",
      a("aws:ec2/spotInstanceRequest:SpotInstanceRequest", { associatePublicIpAddress: true }),
      /public address/,
    ],
    [
      "fail",
      a("aws:ec2/spotFleetRequest:SpotFleetRequest", { launchSpecifications: [{ associatePublicIpAddress: true }] }),
      /public addresses/,
    ],
    ["undefined", {}, /the subnet decides/],
    ["undefined", a("aws:ec2/spotFleetRequest:SpotFleetRequest", { launchSpecifications: [{}] }), /the subnet decides/],
    ["unknown", { associatePublicIpAddress: unknown }, "cannot tell"],
    ["secret", { associatePublicIpAddress: secret(true) }, /public address/],
  ),
  table(
    "no-public-ip-launch-template",
    template,
    ["pass", interfaces({ associatePublicIpAddress: "false" })],
    ["pass", interfaces({ associatePublicIpAddress: false })],
    ["pass", interfaces({ networkInterfaceId: unknown })],
    ["fail", interfaces({ associatePublicIpAddress: "true" }), /public addresses/],
    ["fail", interfaces({ associatePublicIpAddress: "false", associateCarrierIpAddress: "true" }), /carrier/],
    ["fail", a(spotFleet, { launchSpecifications: [{ associatePublicIpAddress: true }] }), /public addresses/],
    ["fail", a(spotFleet, { launchSpecifications: [{}] }), /to the subnet/],
    ["pass", a(spotFleet, { launchSpecifications: [{ associatePublicIpAddress: false }] })],
    [
      "fail",
      interfaces({ associatePublicIpAddress: "false" }, { associatePublicIpAddress: "true" }),
      /public addresses/,
    ],
    ["fail", interfaces({ associatePublicIpAddress: "false", ipv6AddressCount: 2 }), /IPv6/],
    [
      "fail",
      a("aws:ec2/launchConfiguration:LaunchConfiguration", { associatePublicIpAddress: true }),
      /public addresses/,
    ],
    ["pass", a("aws:ec2/launchConfiguration:LaunchConfiguration", { associatePublicIpAddress: false })],
    ["undefined", [a(template)], /no network interface is declared/],
    [
      "pass",
      [
        a(template, {}, { name: "t" }),
        a(
          "aws:ec2/instance:Instance",
          { associatePublicIpAddress: false },
          { name: "i", refs: { launchTemplate: "t" } },
        ),
      ],
    ],
    [
      "fail",
      [
        a(template, {}, { name: "t" }),
        a(
          "aws:ec2/instance:Instance",
          { associatePublicIpAddress: false },
          { name: "i", refs: { launchTemplate: "t" } },
        ),
        a("aws:autoscaling/group:Group", {}, { name: "g", refs: { launchTemplate: "t" } }),
      ],
      /no network interface is declared/,
    ],
    ["undefined", interfaces({}), /the subnet decides/],
    ["undefined", a("aws:ec2/launchConfiguration:LaunchConfiguration"), /the subnet decides/],
    ["unknown", interfaces({ associatePublicIpAddress: unknown }), "cannot tell"],
    ["secret", interfaces({ associatePublicIpAddress: secret("true") }), /public addresses/],
  ),
  table(
    "no-public-ip-subnet",
    "aws:ec2/subnet:Subnet",
    ["pass", { mapPublicIpOnLaunch: false }],
    ["fail", { mapPublicIpOnLaunch: true }, /public addresses on launch/],
    ["fail", { assignIpv6AddressOnCreation: true }, /IPv6/],
    ["fail", a("aws:ec2/defaultSubnet:DefaultSubnet"), /public addresses on launch/],
    ["fail", a("awsx:ec2:Vpc"), /public subnets/],
    ["pass", a("awsx:ec2:Vpc", { subnetSpecs: [{ type: "Private" }] })],
    ["undefined", {}],
    ["unknown", { mapPublicIpOnLaunch: unknown }, "cannot tell"],
    ["secret", { mapPublicIpOnLaunch: secret(true) }, /public addresses/],
  ),
  table(
    "no-public-ip-network-interface",
    "aws:ec2/networkInterface:NetworkInterface",
    ["pass", { privateIps: ["10.0.0.4"] }],
    ["pass", a(eip, { networkInterface: "eni-1" }, { name: "bastion" }), "nothing", entries],
    ["fail", { ipv6AddressCount: 1 }, /IPv6/],
    ["fail", a(eip, { networkInterface: "eni-1" }), /makes a network interface public/],
    [
      "fail",
      a("aws:ec2/eipAssociation:EipAssociation", { networkInterfaceId: unknown }),
      /makes a network interface public/,
    ],
    ["undefined", {}],
    ["unknown", a(eip, { networkInterface: unknown }), /makes a network interface public/],
    ["secret", { ipv6Addresses: secret(["2600::1"]) }, /IPv6/],
  ),
  table(
    "no-public-ip-fargate",
    "aws:ecs/service:Service",
    ["pass", { networkConfiguration: { subnets: ["s"], assignPublicIp: false } }],
    ["pass", a("awsx:ecs:FargateService", { networkConfiguration: { subnets: ["s"] } })],
    ["fail", { networkConfiguration: { assignPublicIp: true } }, /public addresses/],
    ["fail", a("aws:ecs/taskSet:TaskSet", { networkConfiguration: { assignPublicIp: true } }), /public addresses/],
    [
      "fail",
      a("aws:cloudwatch/eventTarget:EventTarget", { ecsTarget: { networkConfiguration: { assignPublicIp: true } } }),
      /public addresses/,
    ],
    [
      "fail",
      a("aws:scheduler/schedule:Schedule", {
        target: { ecsParameters: { networkConfiguration: { assignPublicIp: true } } },
      }),
      /public addresses/,
    ],
    [
      "fail",
      a("aws:batch/jobDefinition:JobDefinition", {
        containerProperties: JSON.stringify({ networkConfiguration: { assignPublicIp: "ENABLED" } }),
      }),
      /public addresses/,
    ],
    ["fail", a("awsx:ecs:FargateService", { assignPublicIp: true }), /public addresses/],
    ["fail", a("awsx:ecs:FargateService"), /awsx uses public subnets/],
    ["undefined", {}],
    ["unknown", { networkConfiguration: { assignPublicIp: unknown } }, "cannot tell"],
    ["secret", { networkConfiguration: secret({ assignPublicIp: true }) }, /public addresses/],
  ),
  table(
    "elastic-ip-only-for-nat-or-bastion",
    eip,
    [
      "pass",
      [a(eip, {}, { name: "e" }), a("aws:ec2/natGateway:NatGateway", {}, { name: "n", refs: { allocationId: "e" } })],
    ],
    [
      "pass",
      [
        a(eip, {}, { name: "e" }),
        a("aws:lb/loadBalancer:LoadBalancer", {}, { name: "n", refs: { subnetMappings: "e" } }),
      ],
    ],
    ["pass", [a(eip, {}, { name: "bastion" })], "nothing", entries],
    [
      "fail",
      [a("aws:ec2/instance:Instance", {}, { name: "i" }), a(eip, {}, { name: "e", refs: { instance: "i" } })],
      /belongs to an instance/,
    ],
    ["fail", [a("aws:ec2/eipAssociation:EipAssociation", { instanceId: "i-1" })], /makes an instance public/],
    ["undefined", [a(eip)], /no NAT gateway or load balancer/],
    [
      "unknown",
      [
        a(eip, { instance: unknown }, { name: "e" }),
        a("aws:ec2/natGateway:NatGateway", {}, { name: "n", refs: { allocationId: "e" } }),
      ],
    ],
    ["secret", [a("aws:ec2/eipAssociation:EipAssociation", { instanceId: secret("i-1") })], /makes an instance public/],
  ),
];
