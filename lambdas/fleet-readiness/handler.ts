import { Logger } from "@aws-lambda-powertools/logger";
import { MetricUnit, Metrics } from "@aws-lambda-powertools/metrics";
import { EC2Client, paginateDescribeInstanceStatus } from "@aws-sdk/client-ec2";
import { paginateDescribeInstanceInformation, SSMClient } from "@aws-sdk/client-ssm";
import { clientSettings, jsonVariable, lazily, variable } from "../common/environment";
import { batchesOf, findInstances, idOf, type Selector } from "../common/instances";
import { isOpening, type WindowSettings } from "../common/running-windows";
import { unreadyInstances } from "./core";

export interface ReadinessRequest {
  /** Time that the schedule fired for; absent when somebody asks by hand, which always checks. */
  readonly scheduledTime?: string;
}

/** Instances with a failed status check; the filters keep the answer short in an account of thousands. */
async function impairedAmong(ec2: EC2Client, ids: readonly string[]): Promise<Set<string>> {
  const impaired = new Set<string>();
  for (const check of ["instance", "system"]) {
    const Filters = [{ Name: `${check}-status.status`, Values: ["impaired"] }];
    for await (const page of paginateDescribeInstanceStatus({ client: ec2, pageSize: 1000 }, { Filters })) {
      for (const { InstanceId, InstanceStatus, SystemStatus } of page.InstanceStatuses ?? []) {
        if (InstanceId && [InstanceStatus, SystemStatus].some((it) => it?.Status === "impaired"))
          impaired.add(InstanceId);
      }
    }
  }
  return new Set(ids.filter((id) => impaired.has(id)));
}

async function onlineAmong(ssm: SSMClient, ids: readonly string[]): Promise<Set<string>> {
  const online = new Set<string>();
  for (const some of batchesOf(ids)) {
    const Filters = [{ Key: "InstanceIds", Values: some }];
    for await (const page of paginateDescribeInstanceInformation({ client: ssm, pageSize: 50 }, { Filters })) {
      for (const { InstanceId, PingStatus } of page.InstanceInformationList ?? []) {
        if (InstanceId && PingStatus === "Online") online.add(InstanceId);
      }
    }
  }
  return online;
}

/** Before each opening: what should run does run, is healthy and answers; the metric pages otherwise. */
export function makeHandler(ec2: EC2Client, ssm: SSMClient) {
  const logger = new Logger();
  const metrics = new Metrics({ defaultDimensions: { stack: variable("STACK") } });
  return async (request: ReadinessRequest) => {
    const { scheduledTime } = request;
    if (scheduledTime !== undefined) {
      const opening = new Date(Date.parse(scheduledTime) + Number(variable("READINESS_MINUTES")) * 60_000);
      if (!isOpening(jsonVariable<WindowSettings>("WINDOWS"), opening)) return { checked: 0, unready: [] };
    }
    const states = ["pending", "running", "stopping", "stopped"];
    const instances = await findInstances(ec2, jsonVariable<Selector>("SELECTOR"), states);
    const running = instances.filter((instance) => instance.State?.Name === "running").map(idOf);
    const [impaired, online] = await Promise.all([impairedAmong(ec2, running), onlineAmong(ssm, running)]);
    const unready = unreadyInstances(instances, impaired, online);
    metrics.addMetric("InstancesNotReady", MetricUnit.Count, unready.length);
    metrics.publishStoredMetrics();
    if (unready.length > 0) logger.error("not ready for the opening", { unready });
    return { checked: instances.length, unready };
  };
}

export const handler = lazily(() => makeHandler(new EC2Client(clientSettings), new SSMClient(clientSettings)));
