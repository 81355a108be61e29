import assert from "node:assert/strict";
import { describe, it } from "mocha";
import * as fc from "fast-check";
import { classSize } from "../../components/data/memory";
import {
  checkTuning,
  inBaseUnits,
  maxConnections,
  parameterKinds,
  serverParameters,
  tuningProfiles,
  type ParameterValue,
} from "../../components/data/tuning";

const value = (name: string, given: ParameterValue) => inBaseUnits(name, given);

describe("PostgreSQL parameters in base units", () => {
  const cases: [string, ParameterValue, string][] = [
    ["shared_buffers", "4GB", "524288"],
    ["effective_cache_size", "12GB", "1572864"],
    ["work_mem", "64MB", "65536"],
    ["maintenance_work_mem", "1GB", "1048576"],
    ["max_wal_size", "4GB", "4096"],
    ["wal_buffers", "64kB", "8"],
    ["checkpoint_timeout", "15min", "900"],
    ["log_min_duration_statement", "1s", "1000"],
    ["idle_in_transaction_session_timeout", "10min", "600000"],
    ["log_lock_waits", true, "1"],
    ["random_page_cost", 1.1, "1.1"],
    ["max_connections", 200, "200"],
    ["timescaledb.max_background_workers", 8, "8"],
  ];
  for (const [name, given, expected] of cases) {
    it(`${name} ${given} is ${expected}`, () => assert.deepEqual(value(name, given), { value: expected }));
  }

  const wrong: [string, ParameterValue, string][] = [
    ["shared_buffers", 4, "has no unit; a bare number would count 8kB"],
    ["work_mem", 64, "has no unit; a bare number would count kB"],
    ["shared_buffers", "4G", "has no unit that PostgreSQL knows"],
    ["shared_buffers", "4gb", "has no unit that PostgreSQL knows"],
    ["shared_buffers", "12kB", "is no whole number of 8kB"],
    ["max_wal_size", "100kB", "is no whole number of MB"],
    ["checkpoint_timeout", "15MB", "has no unit that PostgreSQL knows"],
    ["max_connections", "200", "is not a number"],
    ["log_lock_waits", 1, "is not true or false"],
    ["fsync", false, "is not a parameter that can be tuned here"],
  ];
  for (const [name, given, problem] of wrong) {
    it(`${name} ${JSON.stringify(given)} ${problem}`, () => assert.deepEqual(value(name, given), { problem }));
  }

  it("counts the same bytes however they are written", () => {
    const sizes = Object.keys(parameterKinds).filter((name) =>
      ["8kB", "kB", "MB"].includes(parameterKinds[name]!.unit),
    );
    fc.assert(
      fc.property(fc.constantFrom(...sizes), fc.integer({ min: 1, max: 4096 }), (name, gigabytes) => {
        assert.deepEqual(value(name, `${gigabytes}GB`), value(name, `${gigabytes * 1024}MB`));
        assert.deepEqual(value(name, `${gigabytes}GB`), value(name, `${gigabytes * 1024 * 1024}kB`));
      }),
    );
  });
});

describe("tuning profiles", () => {
  it("give document 004's figures on its class", () => {
    const parameters = new Map(
      serverParameters({ profile: "timeseries" }, "db.r6g.large").map((one) => [one.name, one]),
    );
    assert.equal(parameters.get("shared_buffers")?.value, "524288");
    assert.equal(parameters.get("effective_cache_size")?.value, "1572864");
    assert.equal(parameters.get("max_connections")?.value, "200");
    assert.equal(parameters.get("shared_buffers")?.applyMethod, "pending-reboot");
    assert.equal(parameters.get("work_mem")?.applyMethod, "immediate");
  });

  it("are themselves accepted on every class, and convert without rest", () => {
    const families = ["t3", "t4g", "m6g", "m7i", "r6g", "r7g", "x2g"];
    const sizes = ["medium", "large", "xlarge", "2xlarge", "4xlarge", "16xlarge"];
    let tried = 0;
    for (const profile of tuningProfiles) {
      for (const instanceClass of families.flatMap((family) => sizes.map((size) => `db.${family}.${size}`))) {
        if (!classSize(instanceClass)) continue;
        tried++;
        assert.deepEqual(checkTuning({ profile }, instanceClass, "instanceClass"), [], `${profile} ${instanceClass}`);
        for (const { name, value: count } of serverParameters({ profile }, instanceClass)) {
          assert.match(count, /^\d+(\.\d+)?$/, name);
        }
      }
    }
    assert.ok(tried > 100);
  });

  it("let the user's parameters win", () => {
    const tuning = { profile: "web", parameters: { max_connections: 321 } } as const;
    assert.equal(maxConnections(tuning, "db.r6g.large"), 321);
  });

  it("follow RDS's own rule for connections", () => {
    assert.equal(maxConnections({ profile: "web" }, "db.r6g.large"), Math.floor((16 * 2 ** 30) / 9_531_392));
    assert.equal(maxConnections({ profile: "web" }, "db.r6g.16xlarge"), 5000);
  });
});

describe("class sizes", () => {
  const cases: [string, number, number][] = [
    ["db.t3.medium", 2, 4],
    ["db.t4g.2xlarge", 8, 32],
    ["db.r6g.large", 2, 16],
    ["db.r6g.2xlarge", 8, 64],
    ["r7g.16xlarge", 64, 512],
    ["m7g.medium", 1, 4],
    ["db.m6i.xlarge", 4, 16],
    ["c6in.2xlarge", 8, 16],
  ];
  for (const [name, vcpus, memoryGiB] of cases) {
    it(`${name} has ${memoryGiB} GiB`, () => assert.deepEqual(classSize(name), { vcpus, memoryGiB }));
  }
  it("is not invented for classes that are not known", () => {
    for (const name of ["db.r6g", "r6g.huge", "db.z9.large", "r6g.micro", "t3.4xlarge", ""]) {
      assert.equal(classSize(name), undefined, name);
    }
  });
});
