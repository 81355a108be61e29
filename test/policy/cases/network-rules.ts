import { secret, unknown } from "../support/pack";
import { a, table } from "../support/tables";

const group = "aws:ec2/securityGroup:SecurityGroup";
const rule = "aws:ec2/securityGroupRule:SecurityGroupRule";
const ingress = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const vpc = a("aws:ec2/vpc:Vpc", { cidrBlock: "10.0.0.0/16" }, { name: "vpc" });
const entry = { settings: { publicEntries: ["web*"] } };
const acl = "aws:ec2/networkAcl:NetworkAcl";
const aclRule = "aws:ec2/networkAclRule:NetworkAclRule";
const allow = { action: "allow", ruleNo: 100, protocol: "tcp", cidrBlock: "0.0.0.0/0", fromPort: 1024, toPort: 65535 };
const deny = { ...allow, action: "deny", ruleNo: 50, fromPort: 3389, toPort: 3389 };
const subnet = a("aws:ec2/subnet:Subnet", { tags: { tier: "data" } }, { name: "s" });
const routed = (...more: ReturnType<typeof a>[]) => [
  subnet,
  a("aws:ec2/internetGateway:InternetGateway", {}, { name: "igw" }),
  a("aws:ec2/routeTable:RouteTable", {}, { name: "t", ...(more.length === 0 ? { refs: { routes: "igw" } } : {}) }),
  a(
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    {},
    { name: "x", refs: { subnetId: "s", routeTableId: "t" } },
  ),
  ...more,
];
const template = "aws:ec2/launchTemplate:LaunchTemplate";
const endpoint = (name: string, serviceName: unknown) =>
  a("aws:ec2/vpcEndpoint:VpcEndpoint", { serviceName }, { name, refs: { vpcId: "vpc" } });

export const networkRules = [
  table(
    "no-open-ingress",
    ingress,
    ["pass", { ipProtocol: "tcp", fromPort: 443, toPort: 443, cidrIpv4: "10.0.0.0/8" }],
    ["pass", { ipProtocol: "tcp", fromPort: 5432, toPort: 5432, referencedSecurityGroupId: unknown }],
    [
      "pass",
      a(ingress, { ipProtocol: "tcp", fromPort: 443, toPort: 443, cidrIpv4: "0.0.0.0/0" }, { name: "web-https" }),
      "nothing",
      entry,
    ],
    ["pass", a(rule, { type: "egress", protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["0.0.0.0/0"] })],
    ["pass", a("aws:ec2/managedPrefixList:ManagedPrefixList", { entries: [{ cidr: "203.0.113.0/24" }] })],
    [
      "fail",
      { ipProtocol: "tcp", fromPort: 443, toPort: 443, cidrIpv4: "0.0.0.0/0" },
      /0\.0\.0\.0\/0 may reach port 443/,
    ],
    [
      "fail",
      a(ingress, { ipProtocol: "tcp", fromPort: 80, toPort: 443, cidrIpv4: "0.0.0.0/0" }, { name: "web" }),
      /ports 80 to 443/,
      entry,
    ],
    ["fail", { ipProtocol: "-1", cidrIpv6: "::/0" }, /::\/0 may reach every port/],
    ["fail", { ipProtocol: "tcp", fromPort: 22, toPort: 22, cidrIpv4: "128.0.0.0/1" }, /port 22/],
    ["fail", { ipProtocol: "tcp", fromPort: 22, toPort: 22, cidrIpv6: "0:0::/0" }, /port 22/],
    [
      "fail",
      a(rule, { type: "ingress", protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: ["10.0.0.0/8", "0.0.0.0/0"] }),
      /port 22/,
    ],
    [
      "fail",
      a(rule, { type: "ingress", protocol: "tcp", fromPort: 22, toPort: 22, ipv6CidrBlocks: ["::/0"] }),
      /port 22/,
    ],
    [
      "fail",
      a(group, { ingress: [{ protocol: "tcp", fromPort: 8080, toPort: 8080, cidrBlocks: ["0.0.0.0/0"] }] }),
      /port 8080/,
    ],
    [
      "fail",
      a("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", {
        ingress: [{ protocol: "-1", fromPort: 0, toPort: 0, ipv6CidrBlocks: ["::/0"] }],
      }),
      /::\/0 may reach every port/,
    ],
    ["fail", a("aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry", { cidr: "0.0.0.0/0" }), /prefix list gets/],
    ["undefined", a(group)],
    ["unknown", { ipProtocol: "tcp", fromPort: 1, toPort: 1, cidrIpv4: unknown }, "cannot tell"],
    ["secret", { ipProtocol: "tcp", fromPort: 22, toPort: 22, cidrIpv4: secret("0.0.0.0/0") }, /port 22/],
  ),
  table(
    "sensitive-ports-from-groups-only",
    ingress,
    ["pass", [vpc, a(ingress, { ipProtocol: "tcp", fromPort: 5432, toPort: 5432, cidrIpv4: "10.0.4.0/24" })]],
    ["pass", [vpc, a(ingress, { ipProtocol: "tcp", fromPort: 443, toPort: 443, cidrIpv4: "192.168.0.0/24" })]],
    ["pass", [a(ingress, { ipProtocol: "tcp", fromPort: 4001, toPort: 4001 })]],
    [
      "fail",
      [vpc, a(ingress, { ipProtocol: "tcp", fromPort: 4001, toPort: 4002, cidrIpv4: "203.0.113.7/32" })],
      /203\.0\.113\.7\/32 may reach port 4001, 4002/,
    ],
    ["fail", [vpc, a(ingress, { ipProtocol: "-1", cidrIpv4: "10.1.0.0/16" })], /4001, 4002, 5432, 6379, 5000, 9090/],
    [
      "fail",
      [vpc, a(rule, { type: "ingress", protocol: "tcp", fromPort: 6379, toPort: 6379, cidrBlocks: ["10.0.0.0/8"] })],
      /port 6379/,
    ],
    [
      "fail",
      [vpc, a(group, { ingress: [{ protocol: "tcp", fromPort: 5000, toPort: 5000, ipv6CidrBlocks: ["2600::/32"] }] })],
      /port 5000/,
    ],
    ["undefined", [vpc, a(group)]],
    ["unknown", [vpc, a(ingress, { ipProtocol: "tcp", fromPort: 5432, toPort: 5432, cidrIpv4: unknown })]],
    [
      "secret",
      [vpc, a(ingress, { ipProtocol: "tcp", fromPort: 5432, toPort: 5432, cidrIpv4: secret("192.0.2.0/24") })],
      /port 5432/,
    ],
  ),
  table(
    "no-open-nacl-admin-ports",
    acl,
    ["pass", { ingress: [{ ...allow, fromPort: 443, toPort: 443 }] }],
    ["pass", { ingress: [allow, deny] }],
    ["pass", { ingress: [{ ...allow, cidrBlock: "10.0.0.0/16", protocol: "-1", fromPort: 0, toPort: 0 }] }],
    ["pass", { ingress: [{ ...allow, protocol: "udp" }] }],
    [
      "pass",
      [
        a(aclRule, {
          networkAclId: "acl-1",
          ruleNumber: 1,
          ruleAction: "allow",
          protocol: "-1",
          cidrBlock: "0.0.0.0/0",
          egress: true,
        }),
      ],
    ],
    ["fail", { ingress: [allow] }, /port 3389/],
    ["fail", { ingress: [allow, { ...deny, ruleNo: 200 }] }, /port 3389/],
    [
      "fail",
      { ingress: [{ ...allow, cidrBlock: undefined, ipv6CidrBlock: "::/0", fromPort: 22, toPort: 22 }] },
      /port 22/,
    ],
    [
      "fail",
      a("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl", {
        ingress: [{ ...allow, protocol: "-1", fromPort: 0, toPort: 0 }],
      }),
      /port 20, 21, 22, 3389/,
    ],
    [
      "fail",
      [
        a(acl, {}, { name: "acl" }),
        a(
          aclRule,
          { ruleNumber: 1, ruleAction: "allow", protocol: "6", cidrBlock: "0.0.0.0/0", fromPort: 20, toPort: 22 },
          { name: "r", refs: { networkAclId: "acl" } },
        ),
      ],
      /port 20, 21, 22/,
    ],
    ["undefined", {}],
    ["unknown", { ingress: [{ ...allow, cidrBlock: unknown }] }, "cannot tell"],
    ["secret", { ingress: secret([allow]) }, /port 3389/],
  ),
  table(
    "default-security-group-closed",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    ["pass", [vpc, a("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", {}, { name: "d", refs: { vpcId: "vpc" } })]],
    ["fail", [vpc], { advisory: /open within itself/ }],
    ["fail", { ingress: [{ protocol: "-1" }] }, { advisory: /it has rules/ }],
    ["undefined", {}],
    ["unknown", { ingress: unknown }, "cannot tell"],
    ["secret", { egress: secret([{ protocol: "-1" }]) }, { advisory: /it has rules/ }],
  ),
  table(
    "rule-described",
    ingress,
    ["pass", { description: "Clients over TLS" }],
    ["pass", a(group, { description: "The database", ingress: [{ description: "From the app" }] })],
    ["fail", { description: " " }, { advisory: /no description/ }],
    ["fail", a(group, { description: "Managed by Pulumi" }), { advisory: /group has no description/ }],
    ["fail", a(group, { description: "x", egress: [{}] }), { advisory: /inline rule/ }],
    ["fail", a(rule), { advisory: /no description/ }],
    ["fail", a("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"), { advisory: /no description/ }],
    ["undefined", {}, { advisory: /no description/ }],
    ["unknown", { description: unknown }, "cannot tell"],
    ["secret", { description: secret("x") }],
  ),
  table(
    "vpc-endpoints-present",
    "aws:ec2/vpc:Vpc",
    ["pass", [vpc, endpoint("s3", "com.amazonaws.us-east-1.s3")]],
    ["fail", [vpc], /no endpoint for s3/],
    [
      "fail",
      [vpc, endpoint("s3", "com.amazonaws.us-east-1.s3"), a("aws:ec2/instance:Instance", {}, { name: "i" })],
      /ssm, ssmmessages, logs/,
    ],
    [
      "pass",
      [
        vpc,
        endpoint("s3", "com.amazonaws.us-east-1.s3"),
        a("aws:ec2/instance:Instance", {}, { name: "i" }),
        a("aws:ec2/natGateway:NatGateway", {}, { name: "n" }),
      ],
    ],
    ["undefined", []],
    ["unknown", [vpc, endpoint("s3", unknown)]],
    ["secret", [vpc, endpoint("s3", secret("com.amazonaws.us-east-1.dynamodb"))], /no endpoint for s3/],
  ),
  table(
    "flow-logs-on",
    "aws:ec2/vpc:Vpc",
    ["pass", [vpc, a("aws:ec2/flowLog:FlowLog", { trafficType: "ALL" }, { name: "f", refs: { vpcId: "vpc" } })]],
    [
      "fail",
      [vpc, a("aws:ec2/flowLog:FlowLog", { trafficType: "ACCEPT" }, { name: "f", refs: { vpcId: "vpc" } })],
      /rejected traffic/,
    ],
    ["fail", [vpc, a("aws:ec2/flowLog:FlowLog", { trafficType: "ALL" })], /keeps no flow logs/],
    ["undefined", [vpc], /keeps no flow logs/],
    [
      "unknown",
      [vpc, a("aws:ec2/flowLog:FlowLog", { trafficType: unknown }, { name: "f", refs: { vpcId: "vpc" } })],
      "cannot tell",
    ],
    [
      "secret",
      [vpc, a("aws:ec2/flowLog:FlowLog", { trafficType: secret("ALL") }, { name: "f", refs: { vpcId: "vpc" } })],
    ],
  ),
  table(
    "no-internet-route-to-data-subnets",
    "aws:ec2/subnet:Subnet",
    ["pass", routed(a("aws:ec2/route:Route", { natGatewayId: "nat-1" }, { name: "r", refs: { routeTableId: "t" } }))],
    ["fail", routed(), /t routes it to the internet/],
    [
      "fail",
      routed(a("aws:ec2/route:Route", {}, { name: "r", refs: { routeTableId: "t", gatewayId: "igw" } })),
      /t routes it/,
    ],
    [
      "fail",
      routed(a("aws:ec2/route:Route", { gatewayId: "igw-1" }, { name: "r", refs: { routeTableId: "t" } })),
      /t routes it/,
    ],
    [
      "fail",
      [
        ...routed().map((one) => (one === subnet ? a("aws:ec2/subnet:Subnet", {}, { name: "s" }) : one)),
        a("aws:rds/subnetGroup:SubnetGroup", {}, { name: "g", refs: { subnetIds: "s" } }),
      ],
      /t routes it/,
    ],
    ["undefined", [subnet]],
    [
      "unknown",
      routed(
        a("aws:ec2/route:Route", { gatewayId: unknown }, { name: "r", refs: { routeTableId: "t", gatewayId: "igw" } }),
      ),
      /t routes it/,
    ],
    [
      "secret",
      routed(a("aws:ec2/route:Route", { gatewayId: secret("igw-1") }, { name: "r", refs: { routeTableId: "t" } })),
      /t routes it/,
    ],
  ),
  table(
    "imds-v2",
    "aws:ec2/instance:Instance",
    ["pass", { metadataOptions: { httpTokens: "required" } }],
    ["pass", { launchTemplate: { id: "lt" } }],
    ["pass", { metadataOptions: { httpEndpoint: "disabled" } }],
    ["fail", { metadataOptions: { httpTokens: "optional" } }, /IMDSv1/],
    ["fail", a("aws:ec2/spotFleetRequest:SpotFleetRequest", { launchSpecifications: [{}] }), /IMDSv1/],
    ["pass", a("aws:ec2/spotFleetRequest:SpotFleetRequest", { launchTemplateConfigs: [{}] })],
    ["fail", { launchTemplate: { id: "lt" }, metadataOptions: { httpTokens: "optional" } }, /IMDSv1/],
    [
      "fail",
      a(template, { metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 2 } }),
      { advisory: /hop/i },
    ],
    ["fail", a("aws:ec2/launchConfiguration:LaunchConfiguration"), /IMDSv1/],
    ["fail", a("aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults", {}), /no token/],
    ["fail", a("aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration"), /build hosts/],
    ["undefined", a(template), /IMDSv1/],
    ["unknown", { metadataOptions: { httpTokens: unknown } }, "cannot tell"],
    ["secret", { metadataOptions: secret({ httpTokens: "required" }) }],
  ),
];
