import assert from "node:assert/strict";
import { Cron } from "croner";
import fc from "fast-check";
import { clusterManifests, cronOf } from "../../components/services/eks-platform/kubernetes";

describe("objects for the cluster", () => {
  const { items } = clusterManifests({
    clusterName: "c",
    region: "us-east-1",
    kubernetesVersion: "1.35",
    volumeKeyArn: "arn:key",
    namespace: "trading",
    marketHours: { timeZone: "America/New_York", open: "09:30", close: "16:00" },
    autoscalerImage: "autoscaler:v1.35.0",
    kubectlImage: "kubectl:v1.35.0",
  });
  const of = (kind: string, name: string) => {
    const found = items.find((item) => item.kind === kind && item.metadata.name === name);
    assert.ok(found, `${kind} ${name}`);
    return found as unknown as { spec: Record<string, unknown> } & Record<string, unknown>;
  };

  it("close the disruption budget at the opening bell and open it at the closing one, in exchange time", () => {
    assert.deepEqual(of("PodDisruptionBudget", "trading").spec.maxUnavailable, 0);
    const open = of("CronJob", "market-open").spec;
    const close = of("CronJob", "market-close").spec;
    assert.deepEqual(
      [open.schedule, open.timeZone, close.schedule, close.timeZone],
      ["30 9 * * 1-5", "America/New_York", "0 16 * * 1-5", "America/New_York"],
    );
    assert.match(JSON.stringify(open), /maxUnavailable\\":0/);
    assert.match(JSON.stringify(close), /maxUnavailable\\":1/);
    const inSummer = new Cron(String(open.schedule), { timezone: String(open.timeZone) }).nextRun(
      new Date("2026-07-06T00:00:00Z"),
    );
    const inWinter = new Cron(String(open.schedule), { timezone: String(open.timeZone) }).nextRun(
      new Date("2026-12-07T00:00:00Z"),
    );
    assert.equal(inSummer?.toISOString(), "2026-07-06T13:30:00.000Z");
    assert.equal(inWinter?.toISOString(), "2026-12-07T14:30:00.000Z");
  });

  it("let the switch patch that one budget and nothing else", () => {
    const role = of("Role", "market-hours") as unknown as { rules: unknown[] };
    assert.deepEqual(role.rules, [
      {
        apiGroups: ["policy"],
        resources: ["poddisruptionbudgets"],
        resourceNames: ["trading"],
        verbs: ["get", "patch"],
      },
    ]);
  });

  it("scale the node groups of this cluster alone", () => {
    assert.match(
      JSON.stringify(of("Deployment", "cluster-autoscaler")),
      /asg:tag=k8s\.io\/cluster-autoscaler\/enabled,k8s\.io\/cluster-autoscaler\/c"/,
    );
  });

  it("make encrypted volumes by default", () => {
    const storage = items.find(({ kind }) => kind === "StorageClass") as unknown as { parameters: object };
    assert.deepEqual(storage.parameters, { type: "gp3", encrypted: "true", kmsKeyId: "arn:key" });
  });

  it("run no container as root", () => {
    const text = JSON.stringify(items.filter(({ kind }) => ["Deployment", "CronJob"].includes(kind)));
    assert.equal(text.match(/"runAsNonRoot":true/g)?.length, 3);
    assert.doesNotMatch(text, /"privileged":true/);
  });

  it("turn any time of day into its cron expression", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }), (hour, minute) => {
        const time = `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
        assert.equal(cronOf(time), `${minute} ${hour} * * 1-5`);
      }),
    );
  });
});
