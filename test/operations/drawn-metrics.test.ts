import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { filterPattern } from "../../components/operations/monitoring/applications";
import { dashboardBody } from "../../components/operations/monitoring/dashboards";
import { companionsOf } from "../../components/operations/monitoring/drawn-metrics";
import { guideTexts } from "../../reference/guide-texts";
import { evaluateBlueprint } from "../support/blueprint";
import { plain, type Registered } from "../support/program";

const filterType = "aws:cloudwatch/logMetricFilter:LogMetricFilter";

/** The series of a blueprint's dashboard whose names a test asks for, as `namespace metric dimension=value ... statistic/period`. */
function seriesOf(registered: Registered, component: string, metrics: readonly string[]): string[] {
  const { inputs } = registered.one("aws:cloudwatch/dashboard:Dashboard", `watch-${component}`);
  const { widgets } = JSON.parse(String(inputs.dashboardBody)) as {
    widgets: { properties: { metrics?: unknown[][] } }[];
  };
  return widgets
    .flatMap(({ properties }) => properties.metrics ?? [])
    .filter(([, metric]) => metrics.includes(String(metric)))
    .map(([namespace, metric, ...rest]) => {
      const { stat, period } = rest.pop() as { stat: string; period: number };
      const pairs = rest.flatMap((key, index) =>
        index % 2 === 0 ? [`${String(key)}=${String(rest[index + 1])}`] : [],
      );
      return [namespace, metric, ...pairs, `${stat}/${period}`].join(" ");
    })
    .sort();
}

describe("metrics that are drawn and not alarmed", () => {
  const watched = (namespace: string, metric: string, dimensions: Record<string, string>) => ({
    namespace,
    metric,
    dimensions,
  });

  it("stand under the dimensions of an alarm on the same thing, in AWS's names", () => {
    const table: readonly [string, Record<string, string>, readonly string[]][] = [
      ["AWS/ApplicationELB", { LoadBalancer: "app/a/1" }, ["RequestCount Sum 60", "TargetResponseTime p99 60"]],
      ["AWS/EC2", { InstanceId: "i-1" }, ["NetworkIn Sum 300", "NetworkOut Sum 300"]],
      [
        "AWS/ECS",
        { ClusterName: "c", ServiceName: "s" },
        ["ECS/ContainerInsights NetworkRxBytes Average 60", "ECS/ContainerInsights NetworkTxBytes Average 60"],
      ],
      [
        "AWS/RDS",
        { DBInstanceIdentifier: "d" },
        ["NetworkReceiveThroughput Average 60", "NetworkTransmitThroughput Average 60"],
      ],
      ["AWS/ElastiCache", { CacheClusterId: "r" }, ["NetworkBytesIn Sum 60", "NetworkBytesOut Sum 60"]],
      ["AWS/AutoScaling", { AutoScalingGroupName: "g" }, ["AWS/EC2 NetworkIn Sum 300", "AWS/EC2 NetworkOut Sum 300"]],
      ["AWS/SQS", { QueueName: "q" }, []],
    ];
    for (const [namespace, dimensions, expected] of table) {
      const found = companionsOf([watched(namespace, "Anything", dimensions)]);
      for (const one of found) assert.deepEqual(one.dimensions, dimensions, namespace);
      assert.deepEqual(
        found.map((one) => [one.namespace, one.metric, one.stat, one.period].join(" ")),
        expected.map((one) => (one.includes("/") ? one : `${namespace} ${one}`)),
        namespace,
      );
    }
  });

  it("are drawn once, and not where an alarm draws them anyway", () => {
    const at = { AutoScalingGroupName: "g" };
    const twice = [watched("AWS/EC2", "CPUUtilization", at), watched("AWS/AutoScaling", "GroupInServiceInstances", at)];
    assert.deepEqual(
      companionsOf([...twice, watched("AWS/EC2", "NetworkIn", at)]).map(({ metric }) => metric),
      ["NetworkOut"],
    );
  });

  it("follow the alarms' own graphs, and stand alone where a component has no alarm", () => {
    const drawn = { namespace: "p/s", metric: "ActiveMarkets", dimensions: {}, stat: "Maximum", period: 60 };
    const alone = dashboardBody("watch", [], "us-east-1", [drawn]).widgets;
    assert.deepEqual(
      alone.map(({ type, y }) => [type, y]),
      [["metric", 0]],
      "CloudWatch refuses a list of no alarms",
    );
    const host = {
      arn: "arn:a",
      ...watched("AWS/EC2", "CPUUtilization", { InstanceId: "i-1" }),
      stat: "Average",
      period: 60,
    };
    const titles = dashboardBody("watch", [{ ...host, threshold: 80 }], "us-east-1", [drawn]).widgets.map(
      ({ properties }) => properties.title,
    );
    assert.deepEqual(titles, [
      "watch",
      "AWS/EC2 CPUUtilization",
      "AWS/EC2 NetworkIn",
      "AWS/EC2 NetworkOut",
      "p/s ActiveMarkets",
    ]);
  });

  describe("betting-bot (document 004)", () => {
    let registered: Registered;
    before(async () => (registered = await evaluateBlueprint("betting-bot")));

    it("the load balancer's requests and latency, as a whole and by target group", () => {
      const series = seriesOf(registered, "services", ["RequestCount", "TargetResponseTime"]);
      const balancer = "LoadBalancer=app/[^/ ]+/[0-9a-f]+";
      for (const of of ["RequestCount", "TargetResponseTime"]) {
        const stat = of === "RequestCount" ? "Sum/60" : "p99/60";
        const whole = new RegExp(`^AWS/ApplicationELB ${of} ${balancer} ${stat}$`);
        assert.equal(series.filter((one) => whole.test(one)).length, 1, of);
        const part = new RegExp(
          `^AWS/ApplicationELB ${of} ${balancer} TargetGroup=targetgroup/[^/ ]+/[0-9a-f]+ ${stat}$`,
        );
        assert.equal(series.filter((one) => part.test(one)).length, 3, `${of}: the bot, and both sides of the canary`);
      }
      assert.equal(series.length, 8);
    });

    it("the network throughput of both services and both database nodes", () => {
      const cluster = registered.one("aws:ecs/cluster:Cluster").name;
      const services = seriesOf(registered, "services", ["NetworkRxBytes", "NetworkTxBytes"]);
      assert.deepEqual(
        services.map((one) => one.replace(/ClusterName=\S+/, "ClusterName=*")),
        ["Rx", "Tx"].flatMap((way) =>
          ["bot", "ml"].map(
            (key) => `ECS/ContainerInsights Network${way}Bytes ClusterName=* ServiceName=services-${key} Average/60`,
          ),
        ),
      );
      for (const one of services) assert.ok(one.includes(`ClusterName=${cluster}`), one);
      const ids = ["data-timescale-a-cpu", "data-timescale-b-cpu"].map((name) => {
        const { dimensions } = registered.one("aws:cloudwatch/metricAlarm:MetricAlarm", name).inputs;
        return (dimensions as { InstanceId: string }).InstanceId;
      });
      assert.equal(new Set(ids).size, 2);
      assert.deepEqual(
        seriesOf(registered, "data", ["NetworkIn", "NetworkOut"]),
        ["NetworkIn", "NetworkOut"].flatMap((way) => ids.map((id) => `AWS/EC2 ${way} InstanceId=${id} Sum/300`)).sort(),
      );
    });

    it("the applications' own metrics that no alarm watches", () => {
      const own = ["TradeExecutionLatency", "ActiveMarkets", "MLInferenceTime", "BetfairAPIErrors", "TradeFailures"];
      assert.deepEqual(seriesOf(registered, "watch", own), [
        "trading-platform/test ActiveMarkets Maximum/60",
        "trading-platform/test BetfairAPIErrors Sum/60",
        "trading-platform/test MLInferenceTime p99/60",
        "trading-platform/test TradeExecutionLatency p99/60",
        "trading-platform/test TradeFailures Sum/3600",
      ]);
    });

    it("the guide's one command brings PagerDuty's subscription to the topic of both alarms that page", async () => {
      const command = /`pulumi config set --secret --path trading-platform:(\w+)\.(\w+) (https:\S+)`/;
      const [, section = "", key = "", url = ""] = command.exec(guideTexts["betting-bot"].first.join("\n")) ?? [];
      const { config } = parse(readFileSync(join(__dirname, "../../blueprints/betting-bot.yaml"), "utf8")) as {
        config: Record<string, object>;
      };
      const endpoint = url.replace("<key>", "0123abcd");
      const paged = await evaluateBlueprint("betting-bot", {
        [section]: { ...config[`trading-platform:${section}`], [key]: endpoint },
      });
      const subscription = paged.one("aws:sns/topicSubscription:TopicSubscription", "monitoring-critical-pagerduty");
      assert.equal(plain(subscription.inputs.endpoint), endpoint);
      assert.equal(subscription.inputs.protocol, "https");
      for (const name of ["watch-bot-betfair-api-errors", "watch-bot-trade-failures"])
        assert.deepEqual(
          paged.one("aws:cloudwatch/metricAlarm:MetricAlarm", name).inputs.alarmActions,
          [subscription.inputs.topic],
          name,
        );
    });
  });

  describe("ai-platform (document 001)", () => {
    let registered: Registered;
    before(async () => (registered = await evaluateBlueprint("ai-platform")));

    it("the network of nodes, pods, databases and caches, and the state of the pods", () => {
      const cluster = "ClusterName=production-eks-cluster";
      const metrics = ["node_network_total_bytes", "pod_network_rx_bytes", "pod_network_tx_bytes"];
      const states = ["pod_number_of_container_restarts", "pod_status_running"];
      assert.deepEqual(seriesOf(registered, "kubernetes", [...metrics, ...states]), [
        ...metrics.map((metric) => `ContainerInsights ${metric} ${cluster} Average/60`),
        ...states.map((metric) => `ContainerInsights ${metric} ${cluster} Sum/60`),
      ]);
      const databases = seriesOf(registered, "data", ["NetworkReceiveThroughput", "NetworkTransmitThroughput"]);
      assert.equal(databases.length, 4, "primary and replica, in and out");
      for (const one of databases) assert.match(one, /^AWS\/RDS Network\w+ DBInstanceIdentifier=\S+ Average\/60$/);
      const caches = seriesOf(registered, "data", ["NetworkBytesIn", "NetworkBytesOut"]);
      assert.equal(caches.length, 6, "three nodes, in and out");
      for (const one of caches) assert.match(one, /^AWS\/ElastiCache NetworkBytes\w+ CacheClusterId=\S+ Sum\/60$/);
    });

    it("business metrics, read where the cluster's agent puts what its workload's pods write", () => {
      const names = ["MLInferenceTime", "TradeExecutionLatency", "ActiveMarkets"] as const;
      const filters = registered.ofType(filterType);
      assert.deepEqual(
        filters.map(({ inputs }) => [inputs.logGroupName, inputs.pattern, inputs.metricTransformation]),
        names.map((name) => [
          "/aws/containerinsights/production-eks-cluster/application",
          `{ $.log_processed.metric = "${name}" && $.log_processed.value = * && $.kubernetes.namespace_name = "trading" }`,
          {
            namespace: "trading-platform/test",
            name,
            value: "$.log_processed.value",
            unit: name === "ActiveMarkets" ? "Count" : "Milliseconds",
          },
        ]),
      );
      const group = registered.one("aws:cloudwatch/logGroup:LogGroup", "kubernetes-log-application");
      for (const filter of filters) assert.ok(filter.dependencies.includes(group.urn), "the group is there before it");
      assert.equal(seriesOf(registered, "watch", names).length, 3);
      assert.equal(
        filterPattern("ActiveMarkets"),
        '{ $.metric = "ActiveMarkets" && $.value = * }',
        "elsewhere at the top",
      );
    });
  });

  it("web-terminal (document 003): the hosts' network by their group, requests and latency", async () => {
    const registered = await evaluateBlueprint("web-terminal");
    const hosts = seriesOf(registered, "web", ["NetworkIn", "NetworkOut"]);
    const group = registered.one("aws:autoscaling/group:Group").name;
    assert.deepEqual(
      hosts.map((one) => one.replace(/(AutoScalingGroupName=[\w-]*?web-blue)\S*/, "$1")),
      ["NetworkIn", "NetworkOut"].map((way) => `AWS/EC2 ${way} AutoScalingGroupName=${group} Sum/300`),
    );
    assert.equal(seriesOf(registered, "web", ["RequestCount", "TargetResponseTime"]).length, 4);
  });
});
