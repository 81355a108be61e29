import { backing } from "./live-stack";

/** Says before the first test, in each of mocha's processes, what the engine runs against. */
export const mochaHooks = {
  beforeAll(): void {
    process.stderr.write(`Engine tests: pulumi ${backing().engine.version} against ${backing().backing}\n`);
  },
};
