import assert from "node:assert/strict";
import { TerminateInstancesCommand, type Instance } from "@aws-sdk/client-ec2";
import { sortOut } from "../../lambdas/fleet-find/core";
import { allIn as all, awsError, emulatedFleet } from "../support/fleet";

describe("the fleet's schedule on an emulated AWS", () => {
  const fleet = emulatedFleet();

  describe("stop", () => {
    it("drains, waits and stops every running instance", async () => {
      const ids = await fleet.run(3, { agent: { polls: 2 } });
      const run = await fleet.machine("stop");
      assert.equal(run.failure, undefined);
      assert.deepEqual(await fleet.states(ids), all("stopped", 3));
      assert.equal(run.waitedSeconds, 45, "three looks, 15 seconds apart");
      assert.deepEqual(
        [...fleet.agents.commands.values()].map(({ document, parameters }) => ({ document, parameters })),
        [{ document: "drain", parameters: { Seconds: ["600"] } }],
      );
      assert.deepEqual(run.output, { action: "stop", ok: true, done: 3, failed: 0, text: "3 stopped, 0 not" });
    });

    it("has nothing to do without instances", async () => {
      const run = await fleet.machine("stop");
      assert.equal(run.failure, undefined);
      assert.equal((run.output as { done: number }).done, 0);
    });

    it("sends at most 50 ids at once and stops all of 120", async () => {
      const ids = await fleet.run(120);
      const run = await fleet.machine("stop");
      assert.equal(run.failure, undefined);
      assert.deepEqual(
        [...fleet.agents.commands.values()].map((command) => command.ids.length),
        [50, 50, 20],
      );
      assert.deepEqual(await fleet.states(ids), all("stopped", 120));
    });

    it("never touches another stack, another component, or a held instance", async () => {
      const mine = await fleet.run(1);
      const others = [
        ...(await fleet.run(1, { stack: "prod" })),
        ...(await fleet.run(1, { tags: { component: "trader" } })),
        ...(await fleet.run(1, { tags: { project: "another" } })),
        ...(await fleet.run(1, { tags: { hold: "debugging until Monday" } })),
      ];
      const run = await fleet.machine("stop");
      assert.equal(run.failure, undefined);
      assert.deepEqual(await fleet.states(mine), ["stopped"]);
      assert.deepEqual(await fleet.states(others), all("running", 4));
      assert.deepEqual(
        [...fleet.agents.commands.values()].flatMap(({ ids }) => ids),
        mine,
        "nor drains them",
      );
    });

    it("stops an instance whose hold says false", async () => {
      const ids = await fleet.run(1, { tags: { hold: "false" } });
      await fleet.machine("stop");
      assert.deepEqual(await fleet.states(ids), ["stopped"]);
    });

    it("leaves an instance alone that is held while it drains", async () => {
      const [id = ""] = await fleet.run(1, { agent: { polls: 1 } });
      const { drain } = fleet.functions();
      const holding: typeof drain = async (request) => {
        await fleet.tag([id], "hold", "true");
        return drain(request);
      };
      const run = await fleet.machine("stop", {}, { drain: holding });
      assert.equal(run.failure, undefined);
      assert.equal(await fleet.stateOf(id), "running");
    });

    it("refuses where a position is open, stops the others, and pages with the id", async () => {
      const [flat = ""] = await fleet.run(1);
      const [open = ""] = await fleet.run(1, { agent: { exit: 10 } });
      const run = await fleet.machine("stop");
      assert.deepEqual(await fleet.states([flat, open]), ["stopped", "running"]);
      assert.deepEqual(run.failure, {
        error: "InstancesLeft",
        cause: `1 stopped, 1 not (position-open: ${open})`,
      });
    });

    const scripted = [
      ["agent-offline", { online: false }],
      ["drain-failed", { exit: 1 }],
      ["no-drain-hook", { exit: 11 }],
      ["drain-timed-out", { status: "TimedOut", details: "ExecutionTimedOut" }],
      ["not-delivered", { status: "TimedOut", details: "DeliveryTimedOut" }],
      ["not-delivered", { status: "Cancelled" }],
    ] as const;
    for (const [problem, agent] of scripted) {
      it(`keeps an instance running that is ${problem} (${JSON.stringify(agent)}), and stops the rest`, async () => {
        const good = await fleet.run(2);
        const [bad = ""] = await fleet.run(1, { agent });
        const run = await fleet.machine("stop");
        assert.deepEqual(await fleet.states([...good, bad]), ["stopped", "stopped", "running"]);
        assert.equal(run.failure?.cause, `2 stopped, 1 not (${problem}: ${bad})`);
      });
    }

    it("does not wait for an instance without an agent", async () => {
      const [bad = ""] = await fleet.run(1, { agent: null });
      const run = await fleet.machine("stop");
      assert.equal(run.waitedSeconds, 0);
      assert.equal(run.failure?.cause, `0 stopped, 1 not (agent-offline: ${bad})`);
    });

    it("gives up on a silent command after the hook's time, the delivery's and a minute", async () => {
      const [bad = ""] = await fleet.run(1, { agent: { status: "InProgress" } });
      const run = await fleet.machine("stop");
      assert.equal(run.waitedSeconds, 600 + 120 + 60);
      assert.equal(run.failure?.cause, `0 stopped, 1 not (drain-timed-out: ${bad})`);
    });

    it("separates one id that Run Command refuses from 49 good ones", async () => {
      const good = await fleet.run(49);
      const [bad = ""] = await fleet.run(1, { agent: { invalid: true } });
      const run = await fleet.machine("stop");
      assert.deepEqual(await fleet.states(good), all("stopped", 49));
      assert.equal(run.failure?.cause, `49 stopped, 1 not (not-delivered: ${bad})`);
    });

    it("separates one instance that EC2 refuses to stop from the others", async () => {
      const ids = await fleet.run(7);
      const [bad = "", ...good] = ids;
      await fleet.protectFromStop(bad);
      const run = await fleet.machine("stop");
      assert.deepEqual(await fleet.states(good), all("stopped", 6));
      assert.equal(run.failure?.cause, `6 stopped, 1 not (refused: ${bad})`);
    });

    it("does not page for an instance that is terminated while it drains", async () => {
      const good = await fleet.run(1);
      const [gone = ""] = await fleet.run(1, { agent: { exit: 1 } });
      const { drain } = fleet.functions();
      const terminating: typeof drain = async (request) => {
        await fleet.ec2.send(new TerminateInstancesCommand({ InstanceIds: [gone] }));
        return drain(request);
      };
      const run = await fleet.machine("stop", {}, { drain: terminating });
      assert.equal(run.failure, undefined);
      assert.deepEqual(await fleet.states(good), ["stopped"]);
    });

    it("leaves stopped and terminated instances out", async () => {
      await fleet.runStopped(2);
      const [gone = ""] = await fleet.run(1);
      await fleet.ec2.send(new TerminateInstancesCommand({ InstanceIds: [gone] }));
      const run = await fleet.machine("stop");
      assert.equal(run.failure, undefined);
      assert.equal(fleet.agents.commands.size, 0);
    });

    it("comes back for an instance that is pending, and stops it once it runs", async () => {
      const ids = await fleet.run(2);
      let looks = 0;
      fleet.alter = (operation, output) => {
        if (operation !== "DescribeInstancesCommand" || ++looks > 1) return;
        for (const { Instances = [] } of output.Reservations as { Instances?: Instance[] }[]) {
          for (const one of Instances) if (one.InstanceId === ids[0]) one.State = { Name: "pending" };
        }
      };
      const run = await fleet.machine("stop");
      assert.equal(run.failure, undefined);
      assert.ok(run.visited.includes("LetThemChange"));
      assert.deepEqual(await fleet.states(ids), all("stopped", 2));
      assert.deepEqual(
        [...fleet.agents.commands.values()].map((command) => command.ids),
        [[ids[1]], [ids[0]]],
      );
      assert.equal((run.output as { done: number }).done, 2);
    });

    it("gives an instance up that stays pending, after five passes", async () => {
      const [slow = ""] = await fleet.run(1);
      const others = await fleet.run(1);
      fleet.alter = (operation, output) => {
        if (operation !== "DescribeInstancesCommand") return;
        for (const { Instances = [] } of output.Reservations as { Instances?: Instance[] }[])
          for (const one of Instances) if (one.InstanceId === slow) one.State = { Name: "pending" };
      };
      const run = await fleet.machine("stop");
      fleet.alter = undefined;
      assert.equal(run.failure?.cause, `1 stopped, 1 not (still-changing: ${slow})`);
      assert.deepEqual(await fleet.states(others), ["stopped"]);
    });

    it("leaves instances of an Auto Scaling group alone: it would replace them", async () => {
      const ids = await fleet.run(1);
      fleet.alter = (operation, output) => {
        if (operation !== "DescribeInstancesCommand") return;
        for (const { Instances = [] } of output.Reservations as { Instances?: Instance[] }[])
          for (const one of Instances) one.Tags?.push({ Key: "aws:autoscaling:groupName", Value: "workers" });
      };
      const run = await fleet.machine("stop");
      assert.equal(run.failure?.cause, `0 stopped, 1 not (in-auto-scaling-group: ${ids.join()})`);
    });

    it("tries again when EC2 or Systems Manager throttle", async () => {
      const ids = await fleet.run(3);
      let throttled = 0;
      fleet.intercept = (operation) => {
        if (operation === "StopInstancesCommand" && throttled++ < 2) throw awsError("RequestLimitExceeded");
      };
      fleet.agents.throttle(3);
      const run = await fleet.machine("stop");
      assert.equal(run.failure, undefined);
      assert.equal(throttled, 3);
      assert.deepEqual(await fleet.states(ids), all("stopped", 3));
    });

    it("does not let a batch that fails for good stall the other batches", async () => {
      const ids = await fleet.run(60);
      fleet.intercept = (operation, input) => {
        if (operation === "StopInstancesCommand" && (input.InstanceIds as string[]).length === 50)
          throw awsError("RequestLimitExceeded");
      };
      const run = await fleet.machine("stop");
      const states = await fleet.states(ids);
      assert.equal(states.filter((state) => state === "stopped").length, 10);
      assert.match(run.failure?.cause ?? "", /^10 stopped, 50 not \(batch-failed: i-\w+, .* and 45 more\)$/);
    });

    it("lets every state that an instance can be in be what it is: running stops, pending waits, the rest is left alone", () => {
      const states = ["pending", "running", "stopping", "stopped", "shutting-down", "terminated"] as const;
      const instances = states.map((Name) => ({ InstanceId: `i-${Name}`, State: { Name }, Tags: [] }));
      const stop = sortOut("stop", 1, instances);
      assert.deepEqual([stop.batches, stop.coming, stop.problems], [[["i-running"]], ["i-pending"], {}]);
      const start = sortOut("start", 1, instances);
      assert.deepEqual([start.batches, start.coming, start.problems], [[["i-stopped"]], ["i-stopping"], {}]);
    });

    it("keeps the state of 5,000 failing instances below Step Functions' 256 KiB", async () => {
      const ids = Array.from({ length: 5000 }, (_, index) => `i-${index.toString(16).padStart(17, "0")}`);
      const instances = ids.map((InstanceId) => ({ InstanceId, State: { Name: "running" as const }, Tags: [] }));
      const found = { ...sortOut("stop", 1, instances), earlier: [], results: [] };
      assert.equal(found.batches.length, 100);
      const drain = ({ ids: some = [] as string[] }) =>
        Promise.resolve({ action: "stop", ids: some, finished: true, done: 0, problems: { "drain-timed-out": some } });
      const run = await fleet.machine("stop", {}, {
        find: () => Promise.resolve(found),
        drain,
        power: (batch: unknown) => Promise.resolve(batch),
      } as never);
      assert.match(run.failure?.cause ?? "", /^0 stopped, 5000 not/);
      assert.ok(run.largestState < 262_144, `${run.largestState} bytes`);
    });

    it("of two executions for the same time lets one act, and the same one again", async () => {
      await fleet.run(1);
      const { decide: ask } = fleet.functions();
      const scheduledTime = "2026-11-20T21:30:00Z";
      const answers = await Promise.all(
        ["a", "b", "c"].map((execution) => ask({ action: "stop", scheduledTime, execution })),
      );
      assert.equal(answers.filter(({ act }) => act).length, 1);
      assert.ok(answers.some(({ reason }) => reason === "another execution acts for this time already"));
      const winner = ["a", "b", "c"][answers.findIndex(({ act }) => act)] ?? "";
      assert.equal((await ask({ action: "stop", scheduledTime, execution: winner })).act, true, "a repeated call");
      assert.equal((await ask({ action: "start", scheduledTime: "2026-11-20T14:00:00Z", execution: "d" })).act, true);
    });

    it("acts once when the whole machine is started twice", async () => {
      const ids = await fleet.run(2);
      const input = { scheduledTime: "2026-11-23T21:30:00Z" };
      const runs = await Promise.all([fleet.machine("stop", input), fleet.machine("stop", input)]);
      assert.deepEqual(
        runs.map(({ failure }) => failure),
        [undefined, undefined],
      );
      assert.equal(fleet.agents.commands.size, 1);
      assert.deepEqual(await fleet.states(ids), all("stopped", 2));
    });

    it("does nothing on a holiday, and at the usual hour of a half day", async () => {
      const ids = await fleet.run(1);
      for (const scheduledTime of ["2026-12-25T21:30:00Z", "2026-11-27T21:30:00Z", "2026-11-21T21:30:00Z"]) {
        const run = await fleet.machine("stop", { scheduledTime });
        assert.deepEqual(run.visited.slice(-1), ["NothingToDo"], scheduledTime);
      }
      assert.deepEqual(await fleet.states(ids), ["running"]);
      await fleet.machine("stop", { scheduledTime: "2026-11-27T18:30:00Z" });
      assert.deepEqual(await fleet.states(ids), ["stopped"], "but stops half an hour after the early closing");
    });
  });
});
