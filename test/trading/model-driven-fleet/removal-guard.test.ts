import assert from "node:assert/strict";
import fc from "fast-check";
import { formatIssue } from "../../../components/common/validation";
import { checkRemovals } from "../../../components/trading/model-driven-fleet/removal-guard";

const source = "s3://bucket/models/";

describe("checkRemovals", () => {
  it("lets a share up to the limit go, and not one more", () => {
    const limits = { maxRemovalPercent: 10 };
    assert.deepEqual(checkRemovals({ deployed: 100, removed: 10, listed: 90, source }, limits), []);
    assert.equal(checkRemovals({ deployed: 100, removed: 11, listed: 89, source }, limits).length, 1);
    assert.deepEqual(checkRemovals({ deployed: 100, removed: 0, listed: 0, source }, limits), []);
  });

  it("says how many would go, and the setting that agrees to it", () => {
    const [issue] = checkRemovals({ deployed: 30, removed: 7, listed: 23, source }, { maxRemovalPercent: 10 });
    assert.equal(
      formatIssue(issue!),
      [
        "  fleet.maxRemovalPercent: 7 of 30 deployed models (23.3 %) would be terminated",
        "    value:   10",
        "    allowed: at most 10 % at once, or exactly as many as fleet.confirmRemovals says",
        "    fix:     If that is meant, set trading-platform:fleet.confirmRemovals to 7 for this deployment; otherwise look at s3://bucket/models/.",
      ].join("\n"),
    );
  });

  it("takes a confirmation only when it names the exact number", () => {
    const removal = { deployed: 30, removed: 7, listed: 23, source };
    assert.deepEqual(checkRemovals(removal, { maxRemovalPercent: 10, confirmRemovals: 7 }), []);
    for (const confirmRemovals of [6, 8, 30]) {
      const [issue] = checkRemovals(removal, { maxRemovalPercent: 10, confirmRemovals });
      assert.equal(issue?.path, "fleet.confirmRemovals");
      assert.match(issue.problem, new RegExp(`not the ${confirmRemovals} that were confirmed`));
    }
  });

  it("never removes a fleet because the listing is empty, whatever is set", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), (deployed) => {
        const removal = { deployed, removed: deployed, listed: 0, source };
        const issues = checkRemovals(removal, { maxRemovalPercent: 100, confirmRemovals: deployed });
        assert.match(issues[0]?.problem ?? "", /an empty listing never removes a fleet/);
      }),
    );
  });
});
