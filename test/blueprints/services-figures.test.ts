import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readSettings } from "../../services/market-data/src/config";
import { parse } from "yaml";
import { engineReport } from "../../components/common/report";
import program from "../../index";
import { planAnswers } from "../../plan/evaluate/answers";
import { runProgram } from "../../plan/evaluate/monitor";
import { Registered } from "../support/program";

/** Evaluates a blueprint as it stands, with changes to some of its sections. */
async function evaluate(file: string, change: (config: Record<string, unknown>) => void = () => {}) {
  const text = readFileSync(join(__dirname, "../../blueprints", file), "utf8");
  const { config } = parse(text) as { config: Record<string, unknown> };
  change(config);
  const result = await runProgram(() => program({ ...engineReport, offline: true }), {
    project: "trading-platform",
    stack: "prod",
    config: Object.fromEntries(
      Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
    ),
    answers: planAnswers("us-east-1"),
  });
  return new Registered(result);
}

const ingress = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const egress = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule";

/** Id of the security group of a name. */
const groupId = (run: Registered, name: string) =>
  String(
    [...run.ofType(ingress), ...run.ofType(egress)].find(({ inputs, propertyDependencies }) =>
      (propertyDependencies.securityGroupId ?? []).some((urn) => urn.endsWith(`::${name}`))
        ? inputs.securityGroupId
        : undefined,
    )?.inputs.securityGroupId,
  );

/** Rules into or out of a security group: ports and the other side. */
const rulesOf = (run: Registered, type: string, group: string) =>
  run
    .ofType(type)
    .filter(({ inputs }) => inputs.securityGroupId === group)
    .map(({ inputs }) => [inputs.fromPort ?? "all", inputs.referencedSecurityGroupId ?? inputs.cidrIpv4]);

describe("document 004's services (betting-bot.yaml)", () => {
  let run: Registered;
  before(async () => (run = await evaluate("betting-bot.yaml")));
  const task = (key: string) => run.one("aws:ecs/taskDefinition:TaskDefinition", `services-${key}-task`).inputs;
  const service = (key: string) =>
    run.one("awsx:ecs:FargateService", `services-${key}-service`).inputs as unknown as Record<string, unknown>;

  it("the bot: 512 CPU units, 1 GB, a single instance for its account", () => {
    assert.deepEqual([task("bot").cpu, task("bot").memory], ["512", "1024"]);
    const bot = service("bot");
    assert.deepEqual(
      [bot.desiredCount, bot.deploymentMinimumHealthyPercent, bot.deploymentMaximumPercent],
      [1, 0, 100],
    );
    assert.equal(bot.availabilityZoneRebalancing, "DISABLED");
  });

  it("the ML service: 2048 CPU units, 4 GB, 2 to 10 tasks at 70 % CPU", () => {
    assert.deepEqual([task("ml").cpu, task("ml").memory, service("ml").desiredCount], ["2048", "4096", 2]);
    const target = run.one("aws:appautoscaling/target:Target").inputs;
    assert.deepEqual([target.minCapacity, target.maxCapacity], [2, 10]);
    const policy = run.one("aws:appautoscaling/policy:Policy").inputs as unknown as {
      targetTrackingScalingPolicyConfiguration: { targetValue: number };
    };
    assert.equal(policy.targetTrackingScalingPolicyConfiguration.targetValue, 70);
  });

  it("health checks on /health every 30 seconds, tasks on port 8000 in the private application subnets", () => {
    const targets = run.ofType("aws:lb/targetGroup:TargetGroup").filter(({ name }) => name.startsWith("services-"));
    assert.equal(targets.length, 3, "the bot's, and the ML service's two sides");
    for (const { inputs } of targets) {
      const { path, interval } = inputs.healthCheck as { path: string; interval: number };
      assert.deepEqual([path, interval, inputs.port], ["/health", 30, 8000]);
    }
    for (const key of ["bot", "ml"]) {
      const network = service(key).networkConfiguration as { assignPublicIp: boolean; subnets: string[] };
      assert.deepEqual([network.assignPublicIp, network.subnets.length], [false, 2], key);
      const { propertyDependencies } = run.one("awsx:ecs:FargateService", `services-${key}-service`);
      const subnets = (propertyDependencies.networkConfiguration ?? []).filter((urn) => urn.includes("subnet:Subnet"));
      assert.deepEqual(
        subnets.map((urn) => urn.split("::").at(-1)),
        ["network-app-us-east-1a", "network-app-us-east-1b"],
        key,
      );
      assert.deepEqual(task(key).requiresCompatibilities, ["FARGATE"], key);
    }
  });

  it("two repositories, scanned on push, that keep their last 10 images", () => {
    const repositories = run.ofType("aws:ecr/repository:Repository").map(({ inputs }) => inputs);
    assert.deepEqual(repositories.map(({ name }) => name).sort(), ["clever-better-bot", "clever-better-ml"]);
    for (const { imageScanningConfiguration } of repositories)
      assert.deepEqual(imageScanningConfiguration, { scanOnPush: true });
    for (const { inputs } of run.ofType("aws:ecr/lifecyclePolicy:LifecyclePolicy"))
      assert.match(String(inputs.policy), /"countNumber":10/);
  });

  it("ALB-SG: 443 in, App-SG:8000 out", () => {
    const alb = groupId(run, "services-entry-sg");
    const app = groupId(run, "services-app-sg");
    assert.deepEqual(rulesOf(run, ingress, alb), [[443, "0.0.0.0/0"]]);
    assert.deepEqual(rulesOf(run, egress, alb), [[8000, app]]);
  });

  it("App-SG: 8000 from ALB-SG in, everything out", () => {
    const app = groupId(run, "services-app-sg");
    assert.deepEqual(rulesOf(run, ingress, app), [[8000, groupId(run, "services-entry-sg")]]);
    assert.deepEqual(rulesOf(run, egress, app), [["all", "0.0.0.0/0"]]);
  });

  it("DB-SG: 5432 from App-SG in", () => {
    const app = groupId(run, "services-app-sg");
    const fromApp = run.ofType(ingress).filter(({ inputs }) => inputs.referencedSecurityGroupId === app);
    assert.deepEqual(
      fromApp.map(({ inputs }) => inputs.fromPort),
      [5432],
    );
  });

  it("a load balancer in both public subnets, TLS 1.3, behind a firewall", () => {
    const balancer = run.one("aws:lb/loadBalancer:LoadBalancer", "services-entry-alb").inputs;
    assert.equal((balancer.subnets as string[]).length, 2);
    assert.equal(balancer.internal, false);
    const listeners = run
      .ofType("aws:lb/listener:Listener")
      .filter(({ name }) => name.startsWith("services-"))
      .map(({ inputs }) => [inputs.port, inputs.sslPolicy]);
    assert.deepEqual(listeners, [[443, "ELBSecurityPolicy-TLS13-1-3-2021-06"]]);
    assert.equal(run.ofType("aws:wafv2/webAclAssociation:WebAclAssociation").length, 1);
  });

  it("logs in /ecs/clever-better-bot and /ecs/clever-better-ml, 90 days", () => {
    const groups = run
      .ofType("aws:cloudwatch/logGroup:LogGroup")
      .filter(({ inputs }) => String(inputs.name).startsWith("/ecs/"))
      .map(({ inputs }) => [inputs.name, inputs.retentionInDays]);
    assert.deepEqual(groups.sort(), [
      ["/ecs/clever-better-bot", 90],
      ["/ecs/clever-better-ml", 90],
    ]);
  });

  it("task roles that read secrets, read and write models, and write their log, each on named resources", () => {
    for (const key of ["bot", "ml"]) {
      const { Statement } = JSON.parse(
        String(run.one("aws:iam/rolePolicy:RolePolicy", `services-${key}-task-app`).inputs.policy),
      ) as { Statement: { Action: string[]; Resource: string | string[] }[] };
      assert.deepEqual(
        Statement.flatMap(({ Action }) => Action).filter((action) => !action.startsWith("kms:")),
        ["secretsmanager:GetSecretValue", "s3:GetObject", "s3:PutObject", "logs:CreateLogStream", "logs:PutLogEvents"],
        key,
      );
      for (const { Resource } of Statement) assert.notEqual(Resource, "*", key);
    }
  });

  it("alarms: CPU over 80 % and memory over 85 % for 5 minutes", () => {
    for (const key of ["bot", "ml"]) {
      for (const [role, threshold] of [
        ["cpu", 80],
        ["memory", 85],
      ] as const) {
        const alarm = run.one("aws:cloudwatch/metricAlarm:MetricAlarm", `services-${key}-${role}-alarm`).inputs;
        assert.deepEqual(
          [alarm.threshold, Number(alarm.period) * Number(alarm.evaluationPeriods)],
          [threshold, 300],
          `${key} ${role}`,
        );
      }
    }
  });
});

describe("document 003's web tier and site (web-terminal.yaml)", () => {
  let run: Registered;
  before(async () => (run = await evaluate("web-terminal.yaml")));

  it("two t3.medium in an auto-scaling group over the private subnets", () => {
    assert.equal(run.one("aws:ec2/launchTemplate:LaunchTemplate", "web-blue").inputs.instanceType, "t3.medium");
    const group = run.one("aws:autoscaling/group:Group").inputs;
    assert.deepEqual([group.minSize, group.desiredCapacity], [2, 2]);
    const subnets = run.one("aws:autoscaling/group:Group").propertyDependencies.vpcZoneIdentifiers ?? [];
    assert.deepEqual(
      subnets.map((urn) => urn.split("::").at(-1)),
      ["network-app-us-east-1a", "network-app-us-east-1b"],
    );
  });

  it("hosts tagged Environment and Name as the document has them, beside the platform's own tags", () => {
    const asked = {
      Environment: "production",
      Name: "abacus-terminal-app",
      project: "trading-platform",
      stage: "prod",
    };
    const template = run.one("aws:ec2/launchTemplate:LaunchTemplate", "web-blue").inputs as unknown as {
      tagSpecifications: { resourceType: string; tags: Record<string, string> }[];
    };
    const { tags } = template.tagSpecifications.find(({ resourceType }) => resourceType === "instance")!;
    const group = run.one("aws:autoscaling/group:Group").inputs as unknown as {
      tags: { key: string; value: string; propagateAtLaunch: boolean }[];
    };
    for (const [key, value] of Object.entries(asked)) {
      assert.equal(tags[key], value, key);
      const handed = group.tags.filter((tag) => tag.key === key);
      assert.deepEqual(handed, [{ key, value, propagateAtLaunch: true }]);
    }
  });

  it("an instance profile that is the hosts' own, and APP_ENVIRONMENT=production in their user data", () => {
    const template = run.one("aws:ec2/launchTemplate:LaunchTemplate", "web-blue").inputs;
    assert.ok(template.iamInstanceProfile);
    const script = Buffer.from(String(template.userData), "base64").toString();
    assert.match(script, /^APP_ENVIRONMENT=production$/m);
    assert.match(script, /^MASSIVE_API_KEY arn:aws:secretsmanager:\S+ apiKey$/m);
  });

  it("everything that the market-data service asks of its environment, checked by the service itself", () => {
    const template = run.one("aws:ec2/launchTemplate:LaunchTemplate", "web-blue").inputs;
    const script = Buffer.from(String(template.userData), "base64").toString();
    const plain = [...script.matchAll(/^([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name = "", value = ""]) => [name, value]);
    const secret = [...script.matchAll(/^([A-Z][A-Z0-9_]*) arn:aws:secretsmanager:\S+ (\w+)$/gm)];
    assert.deepEqual(secret.map(([, name, field]) => `${name}=${field}`).sort(), [
      "DATABASE_PASSWORD=password",
      "DATABASE_USER=username",
      "JWT_SECRET=signingKey",
      "MASSIVE_API_KEY=apiKey",
      "REDIS_PASSWORD=authToken",
    ]);
    const filled = secret.map(([, name = ""]) => [name, "filled"]);
    const settings = readSettings(Object.fromEntries([...plain, ...filled]) as Record<string, string>);
    assert.deepEqual([settings.STAGE, settings.PORT, settings.PROVIDERS], ["prod", 8000, ["massive"]]);
    assert.deepEqual([settings.DATABASE_NAME, settings.REDIS_CLUSTER], ["abacus", true]);
    assert.match(settings.REDIS_URL, /^rediss:\/\/.+:6379$/);
    assert.ok(settings.DATABASE_HOST);
  });

  it("a load balancer, TLS 1.2 and up, and a way into PostgreSQL and Redis for the hosts alone", () => {
    const [listener] = run.ofType("aws:lb/listener:Listener");
    assert.deepEqual(
      [listener!.inputs.port, listener!.inputs.sslPolicy],
      [443, "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"],
    );
    const app = groupId(run, "web-app-sg");
    const ports = run.ofType(ingress).filter(({ inputs }) => inputs.referencedSecurityGroupId === app);
    assert.deepEqual(ports.map(({ inputs }) => inputs.fromPort).sort(), [5432, 6379]);
  });

  it("client to CloudFront to the load balancer, with caching, CORS and security headers", () => {
    const distribution = run.one("aws:cloudfront/distribution:Distribution").inputs as unknown as {
      origins: { originId: string; domainName: string }[];
      viewerCertificate: { minimumProtocolVersion: string };
    };
    assert.equal(distribution.origins[1]!.domainName, "api.terminal.example.com");
    assert.equal(distribution.viewerCertificate.minimumProtocolVersion, "TLSv1.2_2021");
    assert.equal(run.ofType("aws:cloudfront/cachePolicy:CachePolicy").length, 1);
    assert.ok(run.one("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy").inputs.corsConfig);
  });

  it("counts a client by its own address: two proxies, and nobody past CloudFront who could make one up", () => {
    const template = run.one("aws:ec2/launchTemplate:LaunchTemplate", "web-blue").inputs;
    assert.match(Buffer.from(String(template.userData), "base64").toString(), /^TRUSTED_PROXIES=2$/m);
    const balancer = groupId(run, "web-entry-sg");
    const into = run.ofType(ingress).filter(({ inputs }) => inputs.securityGroupId === balancer);
    assert.deepEqual(
      into.map(({ name, inputs }) => [name, inputs.cidrIpv4, String(inputs.prefixListId).slice(0, 3)]),
      [["web-entry-from-cloudfront", undefined, "pl-"]],
    );
  });

  it("rate limits by tier at the load balancer, by address and endpoint at the edge", () => {
    const limits = (name: string) =>
      (run.one("aws:wafv2/webAcl:WebAcl", name).inputs.rules as { name: string }[])
        .map((rule) => rule.name)
        .filter((rule) => rule.startsWith("rate-"));
    assert.deepEqual(limits("web-entry-firewall-acl"), ["rate-free", "rate-pro"]);
    assert.deepEqual(limits("site-firewall-acl"), ["rate-address", "rate-quotes"]);
  });

  it("runs blue and green side by side where green is given", async () => {
    const both = await evaluate("web-terminal.yaml", (config) => {
      const web = config["trading-platform:web"] as { groups: Record<string, Record<string, unknown>> };
      const digest = `sha256:${"1".repeat(64)}`;
      web.groups.green = { ...web.groups.blue, weight: 10, image: { repositoryName: "abacus-terminal", digest } };
      web.groups.blue!.weight = 90;
    });
    assert.equal(both.ofType("aws:autoscaling/group:Group").length, 2);
    assert.equal(both.ofType("aws:ecr/repository:Repository").length, 1, "one repository, two digests");
    const green = both.one("aws:ec2/launchTemplate:LaunchTemplate", "web-green").inputs;
    assert.match(Buffer.from(String(green.userData), "base64").toString(), /abacus-terminal@sha256:1{64}/);
  });
});

describe("document 001's cluster (ai-platform.yaml)", () => {
  let run: Registered;
  before(async () => (run = await evaluate("ai-platform.yaml")));

  it("a private cluster of the document's name over three zones, encrypted, with every log", () => {
    const { inputs } = run.one("eks:index:Cluster");
    assert.equal(inputs.name, "production-eks-cluster");
    assert.equal((inputs.privateSubnetIds as string[]).length, 3);
    assert.equal(inputs.endpointPublicAccess, false);
    assert.ok(inputs.encryptionConfigKeyArn);
    assert.equal((inputs.enabledClusterLogTypes as string[]).length, 5);
  });

  it("node groups by kind of work, spot for batch", () => {
    const groups = Object.fromEntries(
      run.ofType("aws:eks/nodeGroup:NodeGroup").map(({ name, inputs }) => [name, inputs.capacityType]),
    );
    assert.deepEqual(groups, {
      "kubernetes-general": "ON_DEMAND",
      "kubernetes-trading": "ON_DEMAND",
      "kubernetes-batch": "SPOT",
      "kubernetes-gpu": "ON_DEMAND",
    });
  });

  it("VPC CNI, CoreDNS and kube-proxy among its add-ons", () => {
    const addons = run.ofType("aws:eks/addon:Addon").map(({ inputs }) => inputs.addonName);
    for (const addon of ["vpc-cni", "coredns", "kube-proxy"]) assert.ok(addons.includes(addon), addon);
  });

  it("a group of the nodes that lets nothing in of its own, and out to HTTPS, PostgreSQL and Redis alone", () => {
    const nodes = groupId(run, "kubernetes-nodes-sg");
    assert.deepEqual(rulesOf(run, ingress, nodes), []);
    assert.deepEqual(rulesOf(run, egress, nodes), [
      [443, "0.0.0.0/0"],
      [5432, "10.0.0.0/16"],
      [6379, "10.0.0.0/16"],
    ]);
    const groups = run
      .ofType("aws:ec2/securityGroup:SecurityGroup")
      .filter(({ name }) => name.startsWith("kubernetes"));
    assert.deepEqual(
      groups.map(({ name, inputs }) => [name, inputs.ingress, inputs.egress]),
      [["kubernetes-nodes-sg", undefined, undefined]],
    );
    assert.equal(run.one("eks:index:Cluster").inputs.skipDefaultSecurityGroups, true);
  });

  it("keys that rotate, every one of them", () => {
    const keys = run.ofType("aws:kms/key:Key");
    assert.ok(keys.length > 10, `${keys.length} keys`);
    for (const { name, inputs } of keys) assert.equal(inputs.enableKeyRotation, true, name);
  });

  it("nodes let into PostgreSQL and Redis", () => {
    const nodes = groupId(run, "kubernetes-nodes-sg");
    const ports = run.ofType(ingress).filter(({ inputs }) => inputs.referencedSecurityGroupId === nodes);
    assert.deepEqual(ports.map(({ inputs }) => inputs.fromPort).sort(), [5432, 6379]);
  });

  it("a backup of the cluster's configuration", () => {
    assert.match(
      JSON.stringify(run.one("aws:backup/selection:Selection", "kubernetes-backup").inputs.resources),
      /cluster\/production-eks-cluster/,
    );
  });
});
