import assert from "node:assert/strict";
import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  DescribeInstanceRefreshesCommand,
  StartInstanceRefreshCommand,
} from "@aws-sdk/client-auto-scaling";
import { mockClient } from "aws-sdk-client-mock";
import { nextStep, working, type Group, type Refresh, type Wanted } from "../../lambdas/instance-refresh/core";
import { makeHandler } from "../../lambdas/instance-refresh/handler";

const wanted: Wanted = { group: "web", templateId: "lt-1", version: "2", last: true };
const old: Group = { version: "1", hostVersions: ["1", "1"] };
const fresh: Group = { version: "2", hostVersions: ["2", "2"] };
const refresh = (change: Partial<Refresh>): Refresh => ({ id: "r-1", status: "InProgress", version: "2", ...change });

describe("instance refresh", () => {
  describe("decides", () => {
    it("to start where the group runs another version", () => {
      assert.equal(nextStep(wanted, old, undefined, undefined).do, "start");
    });
    it("to start where only new hosts would get the version", () => {
      assert.equal(nextStep(wanted, { version: "2", hostVersions: ["2", "1"] }, undefined, undefined).do, "start");
    });
    it("that an old failure of the same version is tried again", () => {
      assert.equal(nextStep(wanted, old, refresh({ status: "Failed" }), undefined).do, "start");
    });
    it("that a group of the version is done", () => {
      assert.deepEqual(nextStep(wanted, fresh, undefined, undefined), { do: "done", message: "web runs version 2" });
    });
    it("to wait while any refresh works, its own or not", () => {
      for (const status of working) {
        assert.equal(nextStep(wanted, old, refresh({ status, version: "7" }), undefined).do, "wait", status);
        assert.equal(nextStep(wanted, fresh, refresh({ status }), "r-1").do, "wait", status);
      }
    });
    it("to fail where its own refresh ended in any other way, with AWS's reason", () => {
      for (const status of ["Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed"]) {
        const step = nextStep(wanted, old, refresh({ status, reason: "host i-1 is unhealthy" }), "r-1");
        assert.equal(step.do, "fail", status);
        assert.match(step.message, new RegExp(`ended as ${status}: host i-1 is unhealthy`));
      }
    });
    it("to wait for the last hosts after a success", () => {
      const step = nextStep(
        wanted,
        { version: "2", hostVersions: ["2", "1"] },
        refresh({ status: "Successful" }),
        "r-1",
      );
      assert.equal(step.do, "wait");
    });
  });

  describe("carries out", () => {
    const api = mockClient(AutoScalingClient);
    after(() => {
      api.restore(); // or every later test of this process gets the mock
    });
    let clock = 0;
    const call = (change: Partial<Wanted> = {}, remaining = 900_000) => {
      clock = 0;
      const handler = makeHandler({
        client: new AutoScalingClient({ region: "us-east-1" }),
        now: () => clock,
        sleep: (milliseconds) => {
          clock += milliseconds;
          return Promise.resolve();
        },
      });
      return handler({ ...wanted, ...change }, { getRemainingTimeInMillis: () => remaining });
    };
    const groupOf = ({ version, hostVersions }: Group) => ({
      AutoScalingGroups: [
        {
          AutoScalingGroupName: "web",
          MinSize: 1,
          MaxSize: 2,
          DesiredCapacity: 2,
          DefaultCooldown: 0,
          AvailabilityZones: [],
          HealthCheckType: "ELB",
          CreatedTime: new Date(0),
          LaunchTemplate: { LaunchTemplateId: "lt-1", Version: version },
          Instances: hostVersions.map((Version, index) => ({
            InstanceId: `i-${index}`,
            AvailabilityZone: "us-east-1a",
            LifecycleState: "InService" as const,
            HealthStatus: "Healthy",
            ProtectedFromScaleIn: false,
            LaunchTemplate: { LaunchTemplateId: "lt-1", Version },
          })),
        },
      ],
    });
    const refreshOf = (Status: string, StatusReason?: string) => ({
      InstanceRefreshes: [
        {
          InstanceRefreshId: "r-1",
          Status: Status as "Successful",
          StatusReason,
          DesiredConfiguration: { LaunchTemplate: { LaunchTemplateId: "lt-1", Version: "2" } },
        },
      ],
    });
    beforeEach(() => {
      api.reset();
      api.on(StartInstanceRefreshCommand).resolves({ InstanceRefreshId: "r-1" });
    });

    it("a whole refresh: starts it with roll-back, waits, and is done", async () => {
      api
        .on(DescribeAutoScalingGroupsCommand)
        .resolvesOnce(groupOf(old))
        .resolvesOnce(groupOf(old))
        .resolves(groupOf(fresh));
      api
        .on(DescribeInstanceRefreshesCommand)
        .resolvesOnce({})
        .resolvesOnce(refreshOf("InProgress"))
        .resolves(refreshOf("Successful"));
      assert.deepEqual(await call(), { state: "done", message: "web runs version 2", refresh: "r-1" });
      const started = api.commandCalls(StartInstanceRefreshCommand);
      assert.equal(started.length, 1);
      assert.equal(started[0]?.args[0].input.Preferences?.AutoRollback, true);
      assert.equal(started[0].args[0].input.Preferences.MinHealthyPercentage, 100);
      assert.deepEqual(started[0].args[0].input.DesiredConfiguration?.LaunchTemplate, {
        LaunchTemplateId: "lt-1",
        Version: "2",
      });
    });

    it("nothing where the group is there already", async () => {
      api.on(DescribeAutoScalingGroupsCommand).resolves(groupOf(fresh));
      api.on(DescribeInstanceRefreshesCommand).resolves({});
      assert.equal((await call()).state, "done");
      assert.equal(api.commandCalls(StartInstanceRefreshCommand).length, 0);
    });

    it("an error where AWS rolled back", async () => {
      api.on(DescribeAutoScalingGroupsCommand).resolves(groupOf(old));
      api
        .on(DescribeInstanceRefreshesCommand)
        .resolvesOnce({})
        .resolves(refreshOf("RollbackSuccessful", "instances are unhealthy"));
      await assert.rejects(call(), /r-1 of web ended as RollbackSuccessful: instances are unhealthy/);
    });

    it("a hand-over to the next call, which goes on with the same refresh", async () => {
      api.on(DescribeAutoScalingGroupsCommand).resolves(groupOf(old));
      api.on(DescribeInstanceRefreshesCommand).resolvesOnce({}).resolves(refreshOf("InProgress"));
      const first = await call({ last: false });
      assert.equal(first.state, "unfinished");
      assert.equal(first.refresh, "r-1");
      api.on(DescribeInstanceRefreshesCommand).resolves(refreshOf("Failed", "no"));
      await assert.rejects(call({ earlier: JSON.stringify(first) }), /ended as Failed: no/);
      assert.equal(api.commandCalls(StartInstanceRefreshCommand).length, 1, "never started twice");
    });

    it("an end where the call before was done", async () => {
      const earlier = JSON.stringify({ state: "done", message: "web runs version 2" });
      assert.equal((await call({ earlier })).state, "done");
      assert.equal(api.calls().length, 0);
    });

    it("an error where the last call's time is over", async () => {
      api.on(DescribeAutoScalingGroupsCommand).resolves(groupOf(old));
      api.on(DescribeInstanceRefreshesCommand).resolvesOnce({}).resolves(refreshOf("InProgress"));
      await assert.rejects(call(), /The time for web is over: refresh r-1 works \(0 %\)/);
    });

    it("an error for a group that is not there", async () => {
      api.on(DescribeAutoScalingGroupsCommand).resolves({ AutoScalingGroups: [] });
      api.on(DescribeInstanceRefreshesCommand).resolves({});
      await assert.rejects(call(), /There is no auto-scaling group web/);
    });
  });
});
