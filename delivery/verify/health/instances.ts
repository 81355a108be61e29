import { EC2Client, paginateDescribeInstances, paginateDescribeInstanceStatus } from "@aws-sdk/client-ec2";
import type { Finding, Subject } from "../check";

/** Running instances of the stack with a failed status check, and their number. */
export async function instances({ settings, client }: Subject): Promise<{ looked: number; findings: Finding[] }> {
  const ec2 = new EC2Client(client);
  const Filters = [
    { Name: "tag:project", Values: [settings.project] },
    { Name: "tag:stack", Values: [settings.stack] },
    { Name: "instance-state-name", Values: ["running"] },
  ];
  const running = new Set<string>();
  for await (const page of paginateDescribeInstances({ client: ec2, pageSize: 1000 }, { Filters })) {
    for (const { Instances = [] } of page.Reservations ?? [])
      for (const { InstanceId } of Instances) if (InstanceId) running.add(InstanceId);
  }
  const findings = new Map<string, Finding>();
  for (const check of ["instance", "system"]) {
    const impaired = [{ Name: `${check}-status.status`, Values: ["impaired"] }];
    for await (const page of paginateDescribeInstanceStatus({ client: ec2, pageSize: 1000 }, { Filters: impaired })) {
      for (const { InstanceId = "", InstanceStatus, SystemStatus } of page.InstanceStatuses ?? []) {
        const status = check === "instance" ? InstanceStatus : SystemStatus;
        if (!running.has(InstanceId) || status?.Status !== "impaired") continue;
        findings.set(InstanceId, { what: InstanceId, problem: `fails its ${check} status check` });
      }
    }
  }
  return { looked: running.size, findings: [...findings.values()] };
}
