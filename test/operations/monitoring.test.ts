import assert from "node:assert/strict";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { metricAlarm } from "../../components/common/alarm";
import { planAlarms, severityOf, testNamespace, type PagingSettings } from "../../components/operations/alarm-plan";
import { Monitoring, applicationMetrics } from "../../components/operations/monitoring";
import { filterPattern } from "../../components/operations/monitoring/applications";
import { dashboardBody } from "../../components/operations/monitoring/dashboards";
import { pageRule } from "../../components/operations/monitoring/paging";
import { runbookOf } from "../../components/operations/runbook-links";
import { validate } from "../../config";
import { evaluateBlueprint } from "../support/blueprint";
import { register, testCloud, type Registered } from "../support/program";

const alarmType = "aws:cloudwatch/metricAlarm:MetricAlarm";
const compositeType = "aws:cloudwatch/compositeAlarm:CompositeAlarm";

/** A stack of two components with an alarm of each kind, watched as the program would. */
function build(paging: PagingSettings, more: Partial<ConstructorParameters<typeof Monitoring>[1]> = {}) {
  return register(() => {
    const topics = {
      critical: pulumi.output("arn:critical"),
      warning: pulumi.output("arn:warning"),
      info: pulumi.output("arn:info"),
    };
    const alarms = planAlarms(topics, paging);
    const alarm = (component: pulumi.Resource, name: string, metric: string, topic = topics.critical) =>
      metricAlarm(
        name,
        {
          description: `${metric} is wrong.`,
          namespace: "AWS/RDS",
          metric,
          dimensions: { DBInstanceIdentifier: name },
          statistic: "Average",
          threshold: 80,
          alarmTopicArn: topic,
        },
        { parent: component },
      );
    const data = new pulumi.ComponentResource("test:Data", "data");
    const services = new pulumi.ComponentResource("test:Services", "services");
    alarm(data, "data-storage", "FreeStorageSpace");
    alarm(data, "data-lag", "ReplicaLag");
    alarm(data, "data-cpu", "CPUUtilization");
    alarm(services, "services-tasks", "RunningTaskCount");
    alarm(services, "services-slow", "Latency", topics.warning);
    new aws.cloudwatch.MetricAlarm(
      "services-host",
      {
        namespace: "AWS/EC2",
        metricName: "StatusCheckFailed_System",
        comparisonOperator: "GreaterThanThreshold",
        evaluationPeriods: 1,
        alarmActions: ["arn:aws:automate:us-east-1:ec2:recover", topics.critical],
      },
      { parent: services },
    );
    new Monitoring("watch", {
      cloud: testCloud,
      project: "trading-platform",
      stack: "test",
      topics,
      paging,
      alarms,
      applications: {},
      dashboards: true,
      logRetentionDays: 90,
      ...more,
    });
  });
}
const each: PagingSettings = { mode: "each", marketHoursComponents: [] };
const system: PagingSettings = { mode: "system", marketHoursComponents: [] };
const actionsOf = (registered: Registered, name: string) => registered.one(alarmType, name).inputs.alarmActions;

describe("Monitoring", () => {
  describe("severity", () => {
    it("tells of CPU, memory and connections without waking anybody, as document 004's table does", () => {
      for (const metric of [
        "CPUUtilization",
        "EngineCPUUtilization",
        "MemoryUtilization",
        "FreeableMemory",
        "MemoryUsedPercent",
        "mem_used_percent",
        "DatabaseConnections",
        "Connections",
        "node_cpu_utilization",
        "node_memory_utilization",
        "BlockedRequests",
        "pod_status_failed",
        "pod_status_pending",
      ])
        assert.equal(severityOf(metric), "warning", metric);
      for (const metric of [
        "FreeStorageSpace",
        "node_filesystem_utilization",
        "RunningTaskCount",
        "pod_container_status_waiting_reason_crash_loop_back_off",
        "BetfairAPIErrors",
        "TradeFailures",
        "Errors",
        undefined,
      ])
        assert.equal(severityOf(metric), "critical", metric);
    });

    it("gives each alarm its topic for its beginning and its end", async () => {
      const registered = await build(each);
      assert.deepEqual(actionsOf(registered, "data-cpu"), ["arn:warning"]);
      assert.deepEqual(registered.one(alarmType, "data-cpu").inputs.okActions, ["arn:warning"]);
      assert.deepEqual(actionsOf(registered, "data-storage"), ["arn:critical"]);
      assert.deepEqual(actionsOf(registered, "services-slow"), ["arn:warning"], "what was a warning stays one");
      assert.equal(registered.ofType(compositeType).length, 0);
    });
  });

  it("gives an alarm of another Region the topic of its severity there, and counts it nowhere here", async () => {
    let planned: readonly { readonly name: string }[] = [];
    const registered = await register(() => {
      const topicsOf = (where: string) => ({
        critical: pulumi.output(`${where}:critical`),
        warning: pulumi.output(`${where}:warning`),
        info: pulumi.output(`${where}:info`),
      });
      const west = topicsOf("west");
      planned = planAlarms(topicsOf("home"), system, { "us-west-2": west });
      const parent = new pulumi.ComponentResource("test:Data", "data");
      for (const metric of ["ReplicaLag", "CPUUtilization"])
        metricAlarm(
          metric,
          {
            description: "d",
            namespace: "AWS/RDS",
            metric,
            dimensions: {},
            statistic: "Maximum",
            threshold: 60,
            region: "us-west-2",
            alarmTopicArn: west.critical,
          },
          { parent },
        );
    });
    assert.deepEqual(actionsOf(registered, "ReplicaLag"), ["west:critical"]);
    assert.deepEqual(actionsOf(registered, "CPUUtilization"), ["west:warning"]);
    assert.deepEqual(planned, []);
  });

  describe("paging once", () => {
    it("joins a component's critical alarms in one page; each by itself is only kept", async () => {
      const registered = await build(system);
      assert.deepEqual(actionsOf(registered, "data-storage"), ["arn:info"]);
      assert.deepEqual(actionsOf(registered, "data-cpu"), ["arn:warning"], "a warning is no part of a page");
      const page = registered.one(compositeType, "page-data").inputs;
      assert.equal(page.alarmName, "trading-platform-test-watch-page-data");
      assert.deepEqual([page.alarmActions, page.okActions], [["arn:critical"], ["arn:critical"]]);
      assert.equal(String(page.alarmRule).match(/ALARM\(/g)?.length, 2, "storage and lag");
      assert.doesNotMatch(String(registered.one(compositeType, "page-services").inputs.alarmRule), /slow/);
    });

    it("leaves what an alarm does beside telling people", async () => {
      assert.deepEqual(actionsOf(await build(system), "services-host"), [
        "arn:aws:automate:us-east-1:ec2:recover",
        "arn:info",
      ]);
    });

    it("tells of the exchange's errors and of failing trades by themselves, whatever else is known to be wrong", async () => {
      const metrics = ["BetfairAPIErrors", "TradeFailures"] as const;
      const registered = await build(system, { applications: { bot: { logGroupName: "/ecs/bot", metrics } } });
      for (const name of ["watch-bot-betfair-api-errors", "watch-bot-trade-failures"])
        assert.deepEqual(actionsOf(registered, name), ["arn:critical"], name);
      assert.deepEqual(
        registered.ofType(compositeType).map(({ name, inputs }) => [name, inputs.actionsSuppressor]),
        [
          ["watch-page-data", undefined],
          ["watch-page-services", undefined],
        ],
        "no page of another component keeps either silent",
      );
    });

    it("splits a component with more alarms than a rule may name, and loses none", async () => {
      const registered = await register(() => {
        const topic = pulumi.output("arn:critical");
        const topics = { critical: topic, warning: pulumi.output("w"), info: pulumi.output("i") };
        const alarms = planAlarms(topics, system);
        const parent = new pulumi.ComponentResource("test:Many", "many");
        for (let index = 0; index < 230; index++)
          metricAlarm(
            `many-${index}`,
            {
              description: "d",
              namespace: "n",
              metric: "m",
              dimensions: {},
              statistic: "Sum",
              threshold: 0,
              alarmTopicArn: topic,
            },
            { parent },
          );
        new Monitoring("watch", {
          cloud: testCloud,
          project: "p",
          stack: "s",
          topics,
          paging: system,
          alarms,
          applications: {},
          dashboards: false,
          logRetentionDays: 90,
        });
      });
      const rules = registered.ofType(compositeType).map(({ inputs }) => String(inputs.alarmRule));
      const counts = rules.map((rule) => rule.match(/ALARM\(/g)?.length ?? 0);
      assert.deepEqual(counts.sort(), [32, 99, 99]);
    });
  });

  describe("market hours", () => {
    const hours: PagingSettings = { mode: "each", marketHoursComponents: ["data"] };
    const marketHours = { exchange: "NYSE" as const, overrides: [] };

    it("page while the market is open and warn while it is not", async () => {
      const registered = await build(hours, { marketHours });
      assert.deepEqual(actionsOf(registered, "data-storage"), ["arn:info"]);
      assert.deepEqual(actionsOf(registered, "services-tasks"), ["arn:critical"], "minds no hours");
      const market = /ALARM\("watch-market-open[^"]*"\)$/;
      const inSession = registered.one(compositeType, "page-data").inputs;
      assert.deepEqual(inSession.alarmActions, ["arn:critical"]);
      assert.match(String(inSession.alarmRule), new RegExp(`\\) AND ${market.source}`));
      const after = registered.one(compositeType, "after-hours-data").inputs;
      assert.deepEqual(after.alarmActions, ["arn:warning"]);
      assert.match(String(after.alarmRule), new RegExp(`\\) AND NOT ${market.source}`));
    });

    it("count as open where the clock is silent", async () => {
      const { inputs } = (await build(hours, { marketHours })).one(alarmType, "watch-market-open");
      assert.deepEqual([inputs.treatMissingData, inputs.threshold, inputs.metricName], ["breaching", 0, "MarketOpen"]);
      assert.deepEqual(inputs.dimensions, { service: "market-hours", stack: "test" });
    });

    it("are a condition on all alarms, not on the last", () => {
      assert.equal(pageRule(["a", "b"], { name: "open", open: true }), '(ALARM("a") OR ALARM("b")) AND ALARM("open")');
      assert.equal(pageRule(["a"], { name: "open", open: false }), '(ALARM("a")) AND NOT ALARM("open")');
      assert.equal(pageRule(["a", "b"]), 'ALARM("a") OR ALARM("b")');
    });
  });

  it("has a test alarm a severity that nothing but a test sets off, and that pages by itself", async () => {
    const registered = await build(system);
    for (const severity of ["critical", "warning", "info"]) {
      const { inputs } = registered.one(alarmType, `watch-test-${severity}`);
      assert.equal(inputs.name, `trading-platform-test-test-page-${severity}`);
      assert.deepEqual([inputs.alarmActions, inputs.okActions], [[`arn:${severity}`], [`arn:${severity}`]]);
      assert.deepEqual([inputs.namespace, inputs.treatMissingData], [testNamespace, "ignore"]);
    }
  });

  it("reads the documents' metrics out of an application's log, and alarms on two of them", async () => {
    const applications = { bot: { logGroupName: "/ecs/bot", metrics: Object.keys(applicationMetrics) as never } };
    const registered = await build(each, { applications });
    const filters = registered.ofType("aws:cloudwatch/logMetricFilter:LogMetricFilter");
    assert.deepEqual(filters.map(({ inputs }) => (inputs.metricTransformation as { name: string }).name).sort(), [
      "ActiveMarkets",
      "BetfairAPIErrors",
      "MLInferenceTime",
      "TradeExecutionLatency",
      "TradeFailures",
    ]);
    const { inputs } = registered.one("aws:cloudwatch/logMetricFilter:LogMetricFilter", "active-markets");
    assert.deepEqual(inputs.metricTransformation, {
      namespace: "trading-platform/test",
      name: "ActiveMarkets",
      value: "$.value",
      unit: "Count",
    });
    assert.equal(filterPattern("ActiveMarkets"), '{ $.metric = "ActiveMarkets" && $.value = * }');
  });

  it("draws one dashboard a component: all alarms' states, one graph a metric with its line", async () => {
    const registered = await build(each);
    const names = registered.ofType("aws:cloudwatch/dashboard:Dashboard").map(({ inputs }) => inputs.dashboardName);
    assert.deepEqual(names.sort(), ["trading-platform-test-data", "trading-platform-test-services"]);
    const series = (metric: string, id: string) => ({
      arn: `arn:${id}`,
      namespace: "AWS/RDS",
      metric,
      dimensions: { DBInstanceIdentifier: id },
      stat: "Average",
      period: 60,
      threshold: 80,
    });
    const { widgets } = dashboardBody(
      "data",
      [series("CPUUtilization", "a"), series("CPUUtilization", "b"), series("ReplicaLag", "b")],
      "us-east-1",
    );
    assert.deepEqual(
      widgets.map(({ type, properties }) => `${type} ${properties.title}`),
      [
        "alarm data",
        "metric AWS/RDS CPUUtilization",
        "metric AWS/RDS ReplicaLag",
        "metric AWS/RDS NetworkReceiveThroughput",
        "metric AWS/RDS NetworkTransmitThroughput",
      ],
    );
    const cpu = widgets[1]?.properties as { metrics: unknown[]; annotations: { horizontal: unknown[] } };
    assert.deepEqual(cpu.metrics, [
      ["AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", "a", { stat: "Average", period: 60 }],
      ["AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", "b", { stat: "Average", period: 60 }],
    ]);
    assert.deepEqual(cpu.annotations.horizontal, [{ label: "alarm", value: 80 }], "the same line once");
  });

  it("links every alarm to a runbook by its metric", async () => {
    const registered = await build(system);
    const description = (type: string, name: string) => String(registered.one(type, name).inputs.alarmDescription);
    assert.equal(
      description(alarmType, "data-cpu"),
      "CPUUtilization is wrong. Runbook: docs/runbooks/alarms/aws-rds-cpuutilization.md",
    );
    assert.match(description(compositeType, "page-data"), /Runbook: docs\/runbooks\/alarms\/composite\.md$/);
    assert.equal(runbookOf({ type: alarmType, name: "fleet-status-check" }), "fleet-status-check");
    const application = { type: alarmType, name: "x", namespace: "p/any-stack", metric: "TradeFailures" };
    assert.equal(runbookOf(application), "application-tradefailures", "the same for every stack");
  });

  describe("settings", () => {
    const load = (monitoring: unknown, stage = "dev") =>
      validate({ project: "p", organization: "o", stack: "s" }, { stage, owner: "o", monitoring }, "us-east-1")
        .monitoring;
    it("page once a component in a live stack, and one by one elsewhere", () => {
      assert.equal(load({ emails: { critical: ["a@example.com"] } }, "prod")?.paging, "system");
      assert.equal(load({})?.paging, "each");
    });
    it("refuse an application without a log, a metric that is none, and an exchange that is none", () => {
      assert.throws(
        () => load({ applications: { bot: { metrics: ["ActiveMarkets"] } } }),
        /monitoring\.applications\.bot: is no service and no workload of this stack, so that its log is not known/,
      );
      assert.throws(
        () =>
          load({
            applications: { bot: { metrics: ["Luck"] } },
            marketHours: { exchange: "Moon", components: ["fleet"] },
          }),
        (error: Error) =>
          error.message.includes("monitoring.applications.bot.metrics[0]") &&
          error.message.includes("monitoring.marketHours.exchange"),
      );
    });
  });

  it("betting-bot: document 004's alarm table, threshold, time and who is told", async () => {
    const registered = await evaluateBlueprint("betting-bot");
    const rows = (metric: string) =>
      registered
        .ofType(alarmType)
        .filter(({ inputs }) => inputs.metricName === metric)
        .map(({ inputs: { threshold, period, evaluationPeriods, alarmActions } }) => [
          threshold,
          Number(period) * Number(evaluationPeriods),
          (alarmActions as string[]).map((arn) => arn.split("-").at(-1)).join(),
        ]);
    const fiveMinutes = 300;
    for (const row of rows("CPUUtilization")) assert.deepEqual(row, [80, fiveMinutes, "warning"]);
    assert.equal(rows("CPUUtilization").length, 4, "two services, two database nodes");
    for (const row of rows("MemoryUtilization")) assert.deepEqual(row, [85, fiveMinutes, "warning"]);
    for (const row of rows("MemoryUsedPercent")) assert.deepEqual(row, [85, fiveMinutes, "warning"]);
    for (const [threshold, , told] of rows("Connections"))
      assert.deepEqual([threshold, told], [160, "warning"], "80 % of 200");
    assert.deepEqual(rows("BetfairAPIErrors"), [[10, 60, "critical"]], "by itself");
    assert.deepEqual(rows("TradeFailures"), [[3, 3600, "critical"]], "by itself");
    const filters = registered.ofType("aws:cloudwatch/logMetricFilter:LogMetricFilter");
    const logOf = (metric: string) =>
      filters.find(({ inputs }) => (inputs.metricTransformation as { name: string }).name === metric)?.inputs
        .logGroupName;
    for (const metric of ["TradeExecutionLatency", "BetfairAPIErrors", "ActiveMarkets"])
      assert.equal(logOf(metric), "/ecs/clever-better-bot", metric);
    assert.equal(logOf("MLInferenceTime"), "/ecs/clever-better-ml");
  });
});
