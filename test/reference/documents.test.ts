import assert from "node:assert/strict";
import { documents, freshText, keptText } from "../../reference/documents";

describe("the generated documents", () => {
  for (const document of documents) {
    it(`docs/${document.file} is what the sources say (else: npm run docs)`, async () => {
      assert.ok(
        (await freshText(document)) === keptText(document.file),
        `docs/${document.file} is stale: npm run docs`,
      );
    });
  }
});
