import assert from "node:assert/strict";
import { ValidationError } from "../../components/common/validation";
import { FargateService, type FargateServiceArgs } from "../../components/services/fargate-service";
import { containerDefinition, secretReference } from "../../components/services/fargate-service/container";
import { FargateCluster } from "../../components/services/fargate-cluster";
import { register, testCloud } from "../support/program";

const image = `123456789012.dkr.ecr.us-east-1.amazonaws.com/ml@sha256:${"a".repeat(64)}`;
const secretArn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:betfair-x";
const appSubnets = [
  { id: "app-a", zone: "us-east-1a", cidr: "10.0.10.0/24" },
  { id: "app-b", zone: "us-east-1b", cidr: "10.0.11.0/24" },
];
const route = { listenerArn: "arn:listener", loadBalancerArnSuffix: "app/lb/1", priority: 10, paths: ["/ml/*"] };
const args: FargateServiceArgs = {
  cloud: testCloud,
  clusterArn: "arn:cluster",
  clusterName: "cluster",
  vpcId: "vpc-1",
  appSubnets,
  securityGroupId: "sg-app",
  keyArn: "arn:key",
  image,
  repositoryArns: ["arn:aws:ecr:us-east-1:123456789012:repository/ml"],
  cpuUnits: 2048,
  memoryMiB: 4096,
  logGroupName: "/ecs/clever-better-ml",
  port: 8000,
  healthCheck: { path: "/health", intervalSeconds: 30 },
  route,
  desiredCount: 2,
  scaling: { min: 2, max: 10, targetCpuPercent: 70 },
  secrets: { BETFAIR_KEY: `${secretArn}#app-key` },
  decryptKeyArns: ["arn:aws:kms:us-east-1:123456789012:key/1"],
  statements: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::models/*" }],
  alarmTopicArn: "arn:topic",
};
const build = (change: Partial<FargateServiceArgs> = {}) =>
  register(() => new FargateService("ml", { ...args, ...change }));
const serviceType = "awsx:ecs:FargateService";
interface ServiceInputs {
  readonly desiredCount: number;
  readonly deploymentMinimumHealthyPercent: number;
  readonly deploymentMaximumPercent: number;
  readonly availabilityZoneRebalancing: string;
  readonly deploymentConfiguration: Record<string, unknown>;
  readonly deploymentCircuitBreaker: object;
  readonly alarms: { readonly enable: boolean; readonly rollback: boolean; readonly alarmNames: string[] };
  readonly networkConfiguration: Record<string, unknown>;
  readonly loadBalancers?: Record<string, unknown>[];
}
const serviceOf = (program: Awaited<ReturnType<typeof build>>) =>
  program.one(serviceType).inputs as unknown as ServiceInputs;

describe("FargateService", () => {
  it("runs tasks of the given size in private subnets, without public addresses", async () => {
    const program = await build();
    const task = program.one("aws:ecs/taskDefinition:TaskDefinition").inputs;
    assert.deepEqual([task.cpu, task.memory, task.networkMode], ["2048", "4096", "awsvpc"]);
    assert.deepEqual(task.requiresCompatibilities, ["FARGATE"]);
    const service = serviceOf(program);
    assert.deepEqual(service.networkConfiguration, {
      subnets: ["app-a", "app-b"],
      securityGroups: ["sg-app"],
      assignPublicIp: false,
    });
    assert.equal(service.desiredCount, 2);
    assert.equal(program.one(serviceType).remote, true);
  });

  it("goes back by itself when tasks fail or an alarm goes off", async () => {
    const program = await build();
    const service = serviceOf(program);
    assert.deepEqual(service.deploymentCircuitBreaker, { enable: true, rollback: true });
    assert.deepEqual([service.alarms.enable, service.alarms.rollback], [true, true]);
    assert.deepEqual(service.alarms.alarmNames, [
      "ml-cpu-alarm",
      "ml-memory-alarm",
      "ml-errors-alarm",
      "ml-unhealthy-alarm",
    ]);
    assert.deepEqual([service.deploymentMinimumHealthyPercent, service.deploymentMaximumPercent], [100, 200]);
    assert.deepEqual(service.deploymentConfiguration, { strategy: "ROLLING" });
  });

  it("scales between its bounds on CPU", async () => {
    const program = await build();
    const target = program.one("aws:appautoscaling/target:Target").inputs;
    assert.deepEqual([target.minCapacity, target.maxCapacity], [2, 10]);
    assert.match(String(target.resourceId), /^service\/cluster\/ml/);
    const policy = program.one("aws:appautoscaling/policy:Policy").inputs as unknown as {
      policyType: string;
      targetTrackingScalingPolicyConfiguration: { targetValue: number; predefinedMetricSpecification: object };
    };
    assert.equal(policy.policyType, "TargetTrackingScaling");
    assert.equal(policy.targetTrackingScalingPolicyConfiguration.targetValue, 70);
    assert.deepEqual(policy.targetTrackingScalingPolicyConfiguration.predefinedMetricSpecification, {
      predefinedMetricType: "ECSServiceAverageCPUUtilization",
    });
  });

  it("is asked for its health where and how often it says", async () => {
    const program = await build();
    const target = program.one("aws:lb/targetGroup:TargetGroup").inputs as unknown as {
      targetType: string;
      port: number;
      healthCheck: object;
    };
    assert.equal(target.targetType, "ip");
    assert.equal(target.port, 8000);
    assert.deepEqual(target.healthCheck, {
      path: "/health",
      interval: 30,
      timeout: 5,
      healthyThreshold: 2,
      unhealthyThreshold: 3, // a sick task loses its requests in a minute and a half
      matcher: "200",
    });
    const rule = program.one("aws:lb/listenerRule:ListenerRule").inputs;
    assert.deepEqual(rule.conditions, [{ pathPattern: { values: ["/ml/*"] } }]);
    assert.ok(program.one(serviceType).dependencies.includes(program.one("aws:lb/listenerRule:ListenerRule").urn));
  });

  it("as a singleton stops the old task before it starts the new one, and drains first", async () => {
    const program = await build({ singleton: true, desiredCount: 1, scaling: undefined });
    const service = serviceOf(program);
    assert.deepEqual([service.deploymentMinimumHealthyPercent, service.deploymentMaximumPercent], [0, 100]);
    assert.equal(service.availabilityZoneRebalancing, "DISABLED");
    const [container] = JSON.parse(
      String(program.one("aws:ecs/taskDefinition:TaskDefinition").inputs.containerDefinitions),
    ) as { stopTimeout: number }[];
    assert.equal(container!.stopTimeout, 120, "the longest that Fargate waits");
    assert.equal(program.ofType("aws:appautoscaling/target:Target").length, 0);
  });

  it("shifts requests between two target groups, under alarms, for blue/green and canary", async () => {
    for (const [strategy, expected] of [
      ["blue-green", { strategy: "BLUE_GREEN", bakeTimeInMinutes: "5" }],
      [
        "canary",
        {
          strategy: "CANARY",
          bakeTimeInMinutes: "5",
          canaryConfiguration: { canaryPercent: 10, canaryBakeTimeInMinutes: "5" },
        },
      ],
    ] as const) {
      const program = await build({ deployment: { strategy, bakeMinutes: 5 } });
      const service = serviceOf(program);
      assert.deepEqual(service.deploymentConfiguration, expected);
      assert.equal(program.ofType("aws:lb/targetGroup:TargetGroup").length, 2);
      const binding = service.loadBalancers![0] as { advancedConfiguration: Record<string, string> };
      assert.match(binding.advancedConfiguration.alternateTargetGroupArn!, /targetgroup\/ml-green/);
      assert.ok(binding.advancedConfiguration.productionListenerRule);
      assert.match(binding.advancedConfiguration.roleArn!, /role\/ml-shift/);
      assert.deepEqual(service.alarms.alarmNames.slice(2), [
        "ml-errors-blue-alarm",
        "ml-unhealthy-blue-alarm",
        "ml-errors-green-alarm",
        "ml-unhealthy-green-alarm",
      ]);
    }
  });

  it("logs into its own encrypted group and keeps it", async () => {
    const program = await build();
    const group = program.one("aws:cloudwatch/logGroup:LogGroup").inputs;
    assert.deepEqual([group.name, group.retentionInDays, group.kmsKeyId], ["/ecs/clever-better-ml", 90, "arn:key"]);
  });

  it("starts with the right to its own image, log and secrets, and lets the application do what it says", async () => {
    const program = await build();
    const policyOf = (ending: string) =>
      JSON.parse(String(program.one("aws:iam/rolePolicy:RolePolicy", ending).inputs.policy)) as {
        Statement: { Sid?: string; Action: string | string[]; Resource: string | string[] }[];
      };
    const start = policyOf("execution-start").Statement;
    assert.deepEqual(
      start.map(({ Sid }) => Sid),
      ["Log", "RegistryLogin", "Pull", "Secrets", "Decrypt"],
    );
    assert.deepEqual(start[3]!.Resource, [secretArn]);
    assert.equal(start.filter(({ Resource }) => Resource === "*").length, 1, "only the registry's login");
    assert.deepEqual(policyOf("task-app").Statement, [
      { Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::models/*" },
    ]);
    for (const role of program.ofType("aws:iam/role:Role"))
      assert.match(String(role.inputs.assumeRolePolicy), /"aws:SourceAccount":"123456789012"/);
  });

  it("alarms on CPU over 80 % and memory over 85 % for 5 minutes, and on missing tasks", async () => {
    const program = await build();
    const of = (ending: string) => program.one("aws:cloudwatch/metricAlarm:MetricAlarm", `${ending}-alarm`).inputs;
    for (const [ending, threshold] of [
      ["cpu", 80],
      ["memory", 85],
    ] as const) {
      const alarm = of(ending);
      assert.equal(alarm.threshold, threshold);
      assert.equal(Number(alarm.period) * Number(alarm.evaluationPeriods), 300);
      assert.deepEqual(alarm.dimensions, { ClusterName: "cluster", ServiceName: "ml" });
    }
    assert.deepEqual(
      [of("tasks").comparisonOperator, of("tasks").threshold, of("tasks").treatMissingData],
      ["LessThanThreshold", 2, "breaching"],
    );
  });

  it("runs a container without privileges, on a read-only root, that no log can hold up", () => {
    const container = containerDefinition("ml", args, {
      image,
      logGroup: "/ecs/ml",
      environment: { B: "2", A: "1" },
      secrets: { KEY: `${secretArn}#app-key` },
    });
    assert.equal(container.privileged, false);
    assert.equal(container.readonlyRootFilesystem, true);
    assert.deepEqual(container.linuxParameters.capabilities, { drop: ["ALL"] });
    assert.equal(container.logConfiguration.options.mode, "non-blocking");
    assert.deepEqual(
      container.environment.map(({ name }) => name),
      ["A", "B"],
    );
    assert.deepEqual(container.secrets, [{ name: "KEY", valueFrom: `${secretArn}:app-key::` }]);
    assert.equal(secretReference(secretArn), secretArn);
    assert.equal("healthCheck" in container, false, "the load balancer asks");
    const alone = containerDefinition(
      "bot",
      { ...args, healthCheck: { path: "/health", intervalSeconds: 30, command: ["CMD", "/app/healthy"] } },
      { image, logGroup: "x", environment: {}, secrets: {} },
    );
    assert.deepEqual(alone.healthCheck, {
      command: ["CMD", "/app/healthy"],
      interval: 30,
      timeout: 5,
      retries: 3,
      startPeriod: 60,
    });
  });

  it("opens shells only where it is told to, with the right to the session channel", async () => {
    const closed = await build();
    assert.equal(closed.one(serviceType).inputs.enableExecuteCommand, false);
    const open = await build({ executeCommand: true });
    assert.equal(open.one(serviceType).inputs.enableExecuteCommand, true);
    assert.match(
      String(open.one("aws:iam/rolePolicy:RolePolicy", "task-sessions").inputs.policy),
      /ssmmessages:OpenDataChannel/,
    );
  });

  describe("refuses", () => {
    const single = { singleton: true, desiredCount: 1, scaling: undefined };
    const table: [string, Partial<FargateServiceArgs>, RegExp][] = [
      [
        "a size that Fargate does not have",
        { memoryMiB: 1024 },
        /memoryMiB: does not go with 2048 CPU units on Fargate/,
      ],
      ["a singleton twice", { ...single, desiredCount: 2 }, /desiredCount: runs a singleton more than once/],
      [
        "a singleton that scales",
        { singleton: true, desiredCount: 1, scaling: { min: 1, max: 2, targetCpuPercent: 70 } },
        /scaling: would run a singleton more than once/,
      ],
      [
        "a singleton side by side with itself",
        { ...single, deployment: { strategy: "blue-green" } },
        /deployment\.strategy: runs old and new side by side/,
      ],
      ["a singleton on spare capacity", { ...single, spot: true }, /spot: may take a singleton away/],
      [
        "a shift of requests without requests",
        { route: undefined, deployment: { strategy: "canary" } },
        /deployment\.strategy: shifts requests, and the service gets none/,
      ],
      [
        "a canary that is most of the flock",
        { deployment: { strategy: "canary", canaryPercent: 60 } },
        /deployment\.canaryPercent: is not a small first share/,
      ],
      [
        "bounds out of order",
        { scaling: { min: 3, max: 2, targetCpuPercent: 70 } },
        /scaling: has bounds out of order/,
      ],
      ["a count outside of its bounds", { desiredCount: 1 }, /desiredCount: lies outside of scaling's bounds/],
      [
        "scaling without room",
        { scaling: { min: 2, max: 10, targetCpuPercent: 99 } },
        /scaling\.targetCpuPercent: leaves no room/,
      ],
      ["a stop that Fargate cuts short", { stopTimeoutSeconds: 300 }, /stopTimeoutSeconds: is not a time that Fargate/],
      ["a route without port", { port: undefined }, /port: is missing on a service that a load balancer speaks to/],
      ["a route without health check", { healthCheck: undefined }, /healthCheck: is missing on a service/],
      ["a route without paths", { route: { ...route, paths: [] } }, /route\.paths: is empty/],
      [
        "more patterns than a rule takes",
        { route: { ...route, paths: ["/a", "/b", "/c", "/d", "/e", "/f"] } },
        /route\.paths: has more patterns than a rule takes/,
      ],
      [
        "a health check without slash",
        { healthCheck: { path: "health", intervalSeconds: 30 } },
        /healthCheck\.path: does not start with a slash/,
      ],
      [
        "an interval that no health check has",
        { healthCheck: { path: "/health", intervalSeconds: 1 } },
        /healthCheck\.intervalSeconds: is not an interval/,
      ],
      ["an image by tag", { image: "ml:latest" }, /image: is not pinned by digest/],
      ["half a task", { desiredCount: 2.5 }, /desiredCount: is not a number of tasks/],
      ["a port that is none", { port: 99999 }, /port: is not a port/],
      ["a Local Zone", { appSubnets: [{ id: "x", zone: "us-east-1-chi-2a", cidr: "" }] }, /appSubnets: lie in a Local/],
      [
        "a variable that is a secret too",
        { environment: { BETFAIR_KEY: "x" } },
        /secrets\.BETFAIR_KEY: is a plain variable too/,
      ],
      [
        "a secret among plain variables",
        { environment: { DB_PASSWORD: "x" } },
        /environment\.DB_PASSWORD: reads like a secret/,
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

describe("FargateCluster", () => {
  it("measures every task and logs every session under its key", async () => {
    const program = await register(() => new FargateCluster("services", { cloud: testCloud }));
    const cluster = program.one("aws:ecs/cluster:Cluster").inputs as unknown as {
      settings: object[];
      configuration: { executeCommandConfiguration: Record<string, unknown> };
    };
    assert.deepEqual(cluster.settings, [{ name: "containerInsights", value: "enabled" }]);
    assert.equal(cluster.configuration.executeCommandConfiguration.logging, "OVERRIDE");
    assert.match(String(cluster.configuration.executeCommandConfiguration.kmsKeyId), /^arn:aws:kms/);
  });
});
