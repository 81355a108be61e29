import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readListingFile } from "../../../components/trading/model-catalog/listing-file";

const a = "models/lstm/AAPL/m-outer_0_inner_1";
const b = "models/lstm/BTC-USD/m-outer_0_inner_1";

describe("readListingFile", () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), "listing-"))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const read = (content: string | Buffer) => {
    const file = join(folder, "models.txt");
    writeFileSync(file, content);
    const { catalog, notes } = readListingFile(file, "models/");
    return {
      accepted: catalog.accepted.map(({ key }) => key),
      rejected: catalog.rejected,
      notes: notes.map((note) => note.replace(`${file}: `, "")),
    };
  };

  it("reads the line ends of every system, with and without one at the end", () => {
    for (const text of [`${a}\n${b}\n`, `${a}\n${b}`, `${b}\n${a}\n`]) {
      assert.deepEqual(read(text), { accepted: [a, b], rejected: [], notes: [] });
    }
    assert.deepEqual(read(`${a}\r\n${b}\r\n`), {
      accepted: [a, b],
      rejected: [],
      notes: ["Windows line ends read as line ends"],
    });
  });

  it("passes comments and blank lines over, and says how many", () => {
    const { accepted, rejected, notes } = read(`# two models\n\n${a}\n   \n# more\n${b}\n\n`);
    assert.deepEqual([accepted, rejected], [[a, b], []]);
    assert.deepEqual(notes, ["2 comments passed over, 3 blank lines passed over"]);
    assert.deepEqual(read(`#\n${a}\n\n`).notes, ["1 comment passed over, 1 blank line passed over"]);
  });

  it("keeps white space as part of a key, and reports it", () => {
    assert.deepEqual(read(`${a} \n`).rejected, [
      { key: `${a} `, reason: 'has white space around the model "m-outer_0_inner_1 "' },
    ]);
  });

  it("reads byte order marks, and the UTF-16 of PowerShell", () => {
    assert.deepEqual(read(`\ufeff${a}\n`).accepted, [a]);
    assert.deepEqual(read(Buffer.from(`\ufeff${a}\r\n${b}\r\n`, "utf16le")).accepted, [a, b]);
  });

  it("takes an empty file for an empty listing", () => {
    assert.deepEqual(read(""), { accepted: [], rejected: [], notes: [] });
  });

  it("says what is wrong with a file that it cannot read", () => {
    assert.throws(() => readListingFile(join(folder, "absent"), "models/"), /fleet\.listing: does not exist[^]*absent/);
    assert.throws(() => readListingFile(folder, "models/"), /fleet\.listing: is a folder/);
    assert.throws(() => read(Buffer.from([0x6d, 0xff, 0x6d])), /fleet\.listing: is not text in UTF-8/);
  });

  it("says so where it may not read", function () {
    if (process.getuid?.() === 0) return this.skip(); // root may read everything
    const file = join(folder, "closed");
    writeFileSync(file, a);
    chmodSync(file, 0);
    assert.throws(() => readListingFile(file, "models/"), /fleet\.listing: may not be read/);
  });
});
