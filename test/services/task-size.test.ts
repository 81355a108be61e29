import assert from "node:assert/strict";
import fc from "fast-check";
import { nextTaskSize, taskSizeIssues, taskSizes } from "../../components/services/fargate-service/task-size";

describe("Fargate's task sizes", () => {
  it("are AWS's table", () => {
    // One line a CPU size, as the developer guide has them: smallest and largest memory in MiB, and how many there are.
    assert.deepEqual(
      taskSizes.map(({ cpuUnits, memoryMiB }) => [cpuUnits, memoryMiB[0], memoryMiB.at(-1), memoryMiB.length]),
      [
        [256, 512, 2048, 3],
        [512, 1024, 4096, 4],
        [1024, 2048, 8192, 7],
        [2048, 4096, 16384, 13],
        [4096, 8192, 30720, 23],
        [8192, 16384, 61440, 12],
        [16384, 32768, 122880, 12],
      ],
    );
  });

  it("take the bot's 512 with 1024 and the ML service's 2048 with 4096", () => {
    assert.deepEqual(taskSizeIssues(512, 1024), []);
    assert.deepEqual(taskSizeIssues(2048, 4096), []);
  });

  it("say which memory goes with the CPU, and the next size that holds both", () => {
    const [issue] = taskSizeIssues(512, 8192, "services.bot");
    assert.equal(issue?.path, "services.bot.memoryMiB");
    assert.equal(issue.problem, "does not go with 512 CPU units on Fargate");
    assert.equal(issue.allowed, "1024 to 4096 in steps of 1024");
    assert.equal(issue.fix, "The next size that holds both: cpuUnits 1024 with memoryMiB 8192.");
    assert.equal(taskSizeIssues(256, 4096)[0]?.allowed, "512, 1024, 2048");
  });

  it("say which CPU sizes there are, and when Fargate has none", () => {
    const [issue] = taskSizeIssues(300, 1024);
    assert.equal(issue?.problem, "is not a CPU size of Fargate");
    assert.equal(issue.allowed, "256, 512, 1024, 2048, 4096, 8192, 16384");
    assert.match(taskSizeIssues(32768, 1024)[0]?.fix ?? "", /Fargate has no size that holds both/);
  });

  it("suggest only sizes that exist, and never a smaller one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20000 }), fc.integer({ min: 1, max: 130000 }), (cpu, memory) => {
        const next = nextTaskSize(cpu, memory);
        if (!next) {
          assert.ok(cpu > 16384 || memory > 122880);
          return;
        }
        assert.ok(next.cpuUnits >= cpu && next.memoryMiB >= memory);
        assert.deepEqual(taskSizeIssues(next.cpuUnits, next.memoryMiB), []);
      }),
    );
  });
});
