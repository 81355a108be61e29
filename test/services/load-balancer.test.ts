import assert from "node:assert/strict";
import fc from "fast-check";
import { ValidationError } from "../../components/common/validation";
import { AccessLogBucket, logWriterStatements } from "../../components/services/access-log-bucket";
import { LoadBalancer, balancerName, type LoadBalancerArgs } from "../../components/services/load-balancer";
import { register, testCloud } from "../support/program";

const subnets = [
  { id: "subnet-a", zone: "us-east-1a", cidr: "10.0.1.0/24" },
  { id: "subnet-b", zone: "us-east-1b", cidr: "10.0.2.0/24" },
];
const args: LoadBalancerArgs = {
  cloud: testCloud,
  vpcId: "vpc-1",
  vpcCidr: "10.0.0.0/16",
  subnets,
  exposure: "internet",
  domain: { domainName: "bot.example.com", zoneId: "Z1" },
  targets: { app: { securityGroupId: "sg-app", port: 8000 } },
  firewall: {},
  alarmTopicArn: "arn:topic",
};
const build = (change: Partial<LoadBalancerArgs> = {}) =>
  register(() => new LoadBalancer("entry", { ...args, ...change }));
const ingress = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const egress = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule";

describe("LoadBalancer", () => {
  it("listens on 443 alone, with TLS 1.2 and up, behind a firewall", async () => {
    const program = await build();
    const listener = program.one("aws:lb/listener:Listener").inputs;
    assert.equal(listener.port, 443);
    assert.equal(listener.protocol, "HTTPS");
    assert.equal(listener.sslPolicy, "ELBSecurityPolicy-TLS13-1-2-Res-2021-06");
    assert.equal((listener.defaultActions as { type: string }[])[0]?.type, "fixed-response");
    const balancer = program.one("aws:lb/loadBalancer:LoadBalancer").inputs;
    assert.equal(balancer.internal, false);
    assert.equal(balancer.enableDeletionProtection, true);
    assert.equal(balancer.dropInvalidHeaderFields, true);
    assert.deepEqual(balancer.subnets, ["subnet-a", "subnet-b"]);
    assert.equal((balancer.accessLogs as { enabled: boolean }).enabled, true);
    const association = program.one("aws:wafv2/webAclAssociation:WebAclAssociation");
    assert.match(String(association.inputs.resourceArn), /loadbalancer\/app/);
  });

  it("has one described rule for each way: 443 in, the application's port out and in there", async () => {
    const program = await build();
    const groupId = "sg-";
    assert.equal(program.ofType(ingress).length, 2);
    assert.equal(program.ofType(egress).length, 1);
    const clients = program.one(ingress, "from-0-0-0-0-0").inputs;
    assert.deepEqual(
      [clients.fromPort, clients.toPort, clients.ipProtocol, clients.cidrIpv4, clients.description],
      [443, 443, "tcp", "0.0.0.0/0", "HTTPS from clients"],
    );
    const into = program.one(ingress, "into-app").inputs;
    assert.deepEqual([into.securityGroupId, into.fromPort, into.toPort], ["sg-app", 8000, 8000]);
    assert.ok(String(into.referencedSecurityGroupId).startsWith(groupId));
    const out = program.one(egress).inputs;
    assert.deepEqual([out.referencedSecurityGroupId, out.fromPort, out.toPort], ["sg-app", 8000, 8000]);
    for (const rule of [...program.ofType(ingress), ...program.ofType(egress)]) assert.ok(rule.inputs.description);
    const group = program.one("aws:ec2/securityGroup:SecurityGroup").inputs;
    assert.equal("ingress" in group || "egress" in group, false, "never mixed with inline rules");
  });

  it("proves its certificate in the zone and answers under the domain", async () => {
    const program = await build();
    assert.equal(program.one("aws:acm/certificate:Certificate").inputs.domainName, "bot.example.com");
    const proof = program.one("aws:route53/record:Record", "tls-validation").inputs;
    assert.equal(proof.type, "CNAME");
    assert.match(String(proof.name), /\.bot\.example\.com\.$/);
    const record = program.one("aws:route53/record:Record", "dns").inputs;
    assert.equal(record.name, "bot.example.com");
    assert.equal(record.type, "A");
    assert.match(
      JSON.stringify(program.one("aws:lb/listener:Listener").inputs.certificateArn),
      /arn:aws:acm:us-east-1/,
      "the listener waits for the valid certificate",
    );
  });

  it("stays in the VPC, with a given certificate and TLS 1.3 alone, where it is told to", async () => {
    const program = await build({
      exposure: "internal",
      firewall: undefined,
      domain: undefined,
      certificateArn: "arn:cert",
      minimumTls: "1.3",
      deletionProtection: false,
    });
    assert.equal(program.one("aws:lb/loadBalancer:LoadBalancer").inputs.internal, true);
    assert.equal(program.one("aws:lb/listener:Listener").inputs.sslPolicy, "ELBSecurityPolicy-TLS13-1-3-2021-06");
    assert.equal(program.one(ingress, "from-10-0-0-0-16").inputs.cidrIpv4, "10.0.0.0/16");
    assert.equal(program.one("aws:s3/bucket:Bucket").inputs.forceDestroy, true);
    assert.equal(program.ofType("aws:wafv2/webAcl:WebAcl").length, 0);
    assert.equal(program.ofType("aws:acm/certificate:Certificate").length, 0);
    assert.equal(program.ofType("aws:route53/record:Record").length, 0);
  });

  it("writes its log only after the bucket admits it", async () => {
    const program = await build();
    const balancer = program.one("aws:lb/loadBalancer:LoadBalancer");
    assert.ok(balancer.dependencies.includes(program.one("aws:s3/bucketPolicy:BucketPolicy").urn));
  });

  it("alarms on its own errors and says what to do first", async () => {
    const program = await build();
    const alarm = program.one("aws:cloudwatch/metricAlarm:MetricAlarm", "errors-alarm").inputs;
    assert.equal(alarm.metricName, "HTTPCode_ELB_5XX_Count");
    assert.match(String(alarm.alarmDescription), /First look at/);
    assert.deepEqual(alarm.alarmActions, ["arn:topic"]);
    assert.deepEqual(alarm.okActions, ["arn:topic"]);
  });

  it("names what is replaced anew, within 32 characters", () => {
    const letters = fc.stringMatching(/^[a-z][a-z0-9-]{0,60}$/);
    fc.assert(
      fc.property(letters, fc.integer({ min: 1, max: 65535 }), fc.integer({ min: 1, max: 65535 }), (name, a, b) => {
        const first = balancerName(name, a);
        assert.match(first, /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/);
        assert.equal(first === balancerName(name, b), a === b);
      }),
    );
  });

  describe("refuses", () => {
    const local = { id: "subnet-c", zone: "us-east-1-chi-2a", cidr: "10.0.3.0/24" };
    const table: [string, Partial<LoadBalancerArgs>, RegExp][] = [
      ["one zone", { subnets: subnets.slice(0, 1) }, /subnets: lie in fewer than two zones/],
      [
        "two subnets of a zone",
        { subnets: [...subnets, { ...subnets[0]!, id: "x" }] },
        /subnets: has more than one subnet of a zone/,
      ],
      ["a Local Zone", { subnets: [...subnets, local] }, /subnets: lie in a Local Zone[^]*us-east-1-chi-2a/],
      ["no certificate", { domain: undefined }, /certificateArn: is missing, and so is domain/],
      ["two certificates", { certificateArn: "arn:cert" }, /certificateArn: is given beside domain/],
      [
        "the internet without a firewall",
        { firewall: undefined },
        /firewall: is missing on a load balancer that faces the internet/,
      ],
      [
        "an internal one open to everybody",
        { exposure: "internal", allowedCidrs: ["0.0.0.0/0"] },
        /allowedCidrs: opens an internal load balancer to every address/,
      ],
      [
        "CloudFront alone beside others",
        { onlyFromCloudFront: true, allowedCidrs: ["198.51.100.0/24"] },
        /onlyFromCloudFront: stands beside allowedCidrs, which let others in/,
      ],
      [
        "CloudFront at an internal one",
        { exposure: "internal", onlyFromCloudFront: true },
        /onlyFromCloudFront: is set on an internal load balancer/,
      ],
      [
        "a port that is none",
        { targets: { app: { securityGroupId: "sg", port: 70000 } } },
        /targets\.app\.port: is not a port/,
      ],
    ];
    for (const [what, change, message] of table) {
      it(what, async () => {
        await assert.rejects(
          build(change),
          (error: unknown) => error instanceof ValidationError && message.test(error.message),
        );
      });
    }
  });
});

describe("AccessLogBucket", () => {
  it("is closed, versioned, encrypted, expiring, and admits its writers under this account's path alone", async () => {
    const program = await register(
      () => new AccessLogBucket("logs", { cloud: testCloud, writers: ["delivery"], retentionDays: 30 }),
    );
    assert.equal(program.one("aws:s3/bucket:Bucket").inputs.forceDestroy, false);
    const block = program.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").inputs;
    for (const flag of ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"])
      assert.equal(block[flag], true, flag);
    const stored = String(program.one("aws:s3/bucketPolicy:BucketPolicy").inputs.policy);
    for (const sid of ["TlsOnly", "Tls12OrLater", "Writedelivery"]) assert.match(stored, new RegExp(`"Sid":"${sid}"`));
    const writers = logWriterStatements("arn:aws:s3:::b", {
      cloud: testCloud,
      writers: ["elasticloadbalancing", "delivery"],
    });
    assert.equal(writers[0]?.Resource, "arn:aws:s3:::b/*AWSLogs/123456789012/*");
    assert.deepEqual(writers[1]?.Condition, { StringEquals: { "aws:SourceAccount": "123456789012" } });
    const lifecycle = program.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").inputs;
    assert.match(JSON.stringify(lifecycle.rules), /"days":30/);
  });
});
