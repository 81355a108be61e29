import type { AcceptedModel, RejectedKey } from "../../common/report";
import { parseKey } from "../../../lambdas/common/model-key";

/** A model that can be deployed. */
export interface CatalogModel extends AcceptedModel {
  /** Whether the artifact is the object itself, or every object under the key as a folder. */
  readonly artifact: "object" | "folder";
}

/** Every key of a listing, accepted or rejected; both sorted by key in code units. */
export interface Catalog {
  /** Where the keys come from: `s3://bucket/models/`, or a file's name. */
  readonly source: string;
  readonly accepted: readonly CatalogModel[];
  readonly rejected: readonly RejectedKey[];
}

/** Order of code units: the same on every machine, whatever its language. */
export function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

interface Entry {
  readonly model: AcceptedModel;
  /** Times that the key itself is listed. */
  objects: number;
  /** Objects that lie under the key. */
  files: number;
}

/**
 * Collects keys in any order and any number of passes, so that a listing is never held beside its catalog: a key becomes
 * its model at once, and the files under one model share one entry.
 */
export class CatalogBuilder {
  private readonly entries = new Map<string, Entry>();
  private readonly rejections = new Map<string, string>();

  constructor(private readonly prefix: string) {}

  add(key: string): void {
    const parsed = parseKey(key, this.prefix);
    if (parsed.kind === "rejected") {
      this.rejections.set(key, parsed.reason);
      return;
    }
    let entry = this.entries.get(parsed.model.key);
    if (!entry) this.entries.set(parsed.model.key, (entry = { model: parsed.model, objects: 0, files: 0 }));
    if (parsed.kind === "object") entry.objects++;
    if (parsed.kind === "file") entry.files++;
  }

  build(source: string): Catalog {
    const accepted: CatalogModel[] = [];
    const rejected: RejectedKey[] = Array.from(this.rejections, ([key, reason]) => ({ key, reason }));
    for (const { model, objects, files } of this.entries.values()) {
      const folder = `${model.key}/`;
      if (objects === 0 && files === 0) {
        rejected.push({ key: folder, reason: "is an empty folder: no artifact lies under it" });
        continue;
      }
      const { key, type, symbol, model: name, outer, inner } = model; // one by one: a spread costs ten times as much
      accepted.push({ key, type, symbol, model: name, outer, inner, artifact: objects > 0 ? "object" : "folder" });
      if (objects > 1)
        rejected.push({ key: model.key, reason: `duplicate: is listed ${objects} times and counts once` });
      if (objects > 0 && files > 0) {
        rejected.push({
          key: folder,
          reason: `duplicate: the object without the slash is the artifact; ${files} under this folder are not fetched`,
        });
      }
    }
    accepted.sort((a, b) => byCodeUnits(a.key, b.key));
    rejected.sort((a, b) => byCodeUnits(a.key, b.key));
    return { source, accepted, rejected };
  }
}
