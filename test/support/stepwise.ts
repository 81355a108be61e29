/**
 * For a suite whose steps need each the one before: what follows a failure is skipped. Mocha's own `bail` ends every other
 * file too where files run side by side, and drops what they came to.
 */
export function stepwise(): void {
  let failed = false;
  beforeEach(function () {
    if (failed) this.skip();
  });
  afterEach(function () {
    failed ||= this.currentTest?.state === "failed";
  });
}
