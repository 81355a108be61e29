/** `npm run docs`: writes the documents that are made from the sources, and says which changed. */
import { writeFileSync } from "node:fs";
import { documentPath, documents, freshText, keptText, shownPath } from "./documents";

async function main(): Promise<void> {
  for (const document of documents) {
    const text = await freshText(document);
    const changed = text !== keptText(document.file);
    if (changed) writeFileSync(documentPath(document.file), text);
    console.log(`${shownPath(document.file)}: ${changed ? "written" : "up to date"}`);
  }
}

void main();
