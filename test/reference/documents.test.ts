import assert from "node:assert/strict";
import { documents, freshText, keptText, shownPath } from "../../reference/documents";

describe("the generated documents", () => {
  for (const document of documents) {
    it(`${shownPath(document.file)} is what the sources say (else: npm run docs)`, async () => {
      assert.ok(
        (await freshText(document)) === keptText(document.file),
        `${shownPath(document.file)} is stale: npm run docs`,
      );
    });
  }
});
