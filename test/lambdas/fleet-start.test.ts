import assert from "node:assert/strict";
import { type Instance } from "@aws-sdk/client-ec2";
import { allIn as all, awsError, emulatedFleet } from "../support/fleet";

describe("the fleet's schedule on an emulated AWS", () => {
  const fleet = emulatedFleet();
  describe("start", () => {
    it("starts what is stopped, and only of its own stack", async () => {
      const ids = await fleet.runStopped(60);
      const others = [
        ...(await fleet.runStopped(1, { stack: "prod" })),
        ...(await fleet.runStopped(1, { tags: { hold: "yes" } })),
      ];
      const run = await fleet.machine("start");
      assert.equal(run.failure, undefined);
      assert.deepEqual(await fleet.states(ids), all("running", 60));
      assert.deepEqual(await fleet.states(others), all("stopped", 2));
      assert.deepEqual(run.output, { action: "start", ok: true, done: 60, failed: 0, text: "60 started, 0 not" });
    });

    it("tries again where there is no capacity, and starts the others at once", async () => {
      const ids = await fleet.runStopped(8);
      const [scarce = ""] = ids;
      let refusals = 0;
      fleet.intercept = (operation, input) => {
        const wanted = operation === "StartInstancesCommand" ? (input.InstanceIds as string[]) : [];
        if (wanted.includes(scarce) && wanted.length === 1 && ++refusals <= 2)
          throw awsError("InsufficientInstanceCapacity");
        if (wanted.includes(scarce) && wanted.length > 1) throw awsError("InsufficientInstanceCapacity");
      };
      const run = await fleet.machine("start");
      assert.equal(run.failure, undefined);
      assert.equal(refusals, 3);
      assert.equal(run.waitedSeconds, 240);
      assert.deepEqual(await fleet.states(ids), all("running", 8));
      assert.equal((run.output as { done: number }).done, 8);
    });

    it("gives up after five tries and pages", async () => {
      const [scarce = ""] = await fleet.runStopped(1);
      fleet.intercept = (operation) => {
        if (operation === "StartInstancesCommand") throw awsError("InsufficientInstanceCapacity");
      };
      const run = await fleet.machine("start");
      assert.equal(run.failure?.cause, `0 started, 1 not (no-capacity: ${scarce})`);
      assert.equal(run.waitedSeconds, 4 * 120);
    });

    it("reports an instance that EC2 refuses to start, without trying again", async () => {
      const [bad = "", ...good] = await fleet.runStopped(4);
      fleet.intercept = (operation, input) => {
        if (operation === "StartInstancesCommand" && (input.InstanceIds as string[]).includes(bad))
          throw awsError("Client.InvalidKMSKey.InvalidState");
      };
      const run = await fleet.machine("start");
      assert.deepEqual(await fleet.states(good), all("running", 3));
      assert.equal(run.failure?.cause, `3 started, 1 not (refused: ${bad})`);
      assert.equal(run.waitedSeconds, 0);
    });

    it("waits for an instance that is still stopping", async () => {
      const ids = await fleet.runStopped(1);
      let looks = 0;
      fleet.alter = (operation, output) => {
        if (operation !== "DescribeInstancesCommand" || ++looks > 2) return;
        for (const { Instances = [] } of output.Reservations as { Instances?: Instance[] }[])
          for (const one of Instances) one.State = { Name: "stopping" };
      };
      const run = await fleet.machine("start");
      assert.equal(run.failure, undefined);
      assert.equal(run.waitedSeconds, 120);
      assert.deepEqual(await fleet.states(ids), ["running"]);
    });
  });

  describe("readiness", () => {
    const morning = { scheduledTime: "2026-11-20T14:20:00Z" };

    it("is content when everything runs and answers", async () => {
      await fleet.run(55);
      assert.deepEqual(await fleet.readiness()(morning), { checked: 55, unready: [] });
    });

    it("names what does not run or does not answer; held instances are let be", async () => {
      await fleet.run(1);
      const [off = ""] = await fleet.runStopped(1);
      const [mute = ""] = await fleet.run(1, { agent: { online: false } });
      await fleet.runStopped(1, { tags: { hold: "repair" } });
      const { checked, unready } = await fleet.readiness()(morning);
      assert.equal(checked, 4);
      const byWhy = [...unready].sort((a, b) => a.why.localeCompare(b.why));
      assert.deepEqual(byWhy, [
        { id: mute, why: "agent-offline" },
        { id: off, why: "not-running" },
      ]);
    });

    it("names an impaired instance", async () => {
      const [bad = ""] = await fleet.run(1);
      fleet.alter = (operation, output) => {
        if (operation === "DescribeInstanceStatusCommand")
          output.InstanceStatuses = [{ InstanceId: bad, SystemStatus: { Status: "impaired" } }];
      };
      assert.deepEqual((await fleet.readiness()(morning)).unready, [{ id: bad, why: "impaired" }]);
    });

    it("does not look on a holiday, and looks whenever a person asks", async () => {
      await fleet.runStopped(1);
      assert.deepEqual(await fleet.readiness()({ scheduledTime: "2026-12-25T14:20:00Z" }), { checked: 0, unready: [] });
      assert.equal((await fleet.readiness()({})).unready.length, 1);
    });
  });
});
