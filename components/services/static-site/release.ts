/** A release of a static site: the files of a built folder under one content-made name. */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Issue } from "../../common/validation";

export interface SiteFile {
  /** Path below the folder, with forward slashes. */
  readonly path: string;
  /** Where it lies on this machine. */
  readonly source: string;
  readonly contentType: string;
  readonly cacheControl: string;
}

export interface SiteRelease {
  /** Twelve hexadecimal digits made of every path and content: the same folder gives the same release. */
  readonly id: string;
  readonly files: readonly SiteFile[];
}

/** Most files that a deployment uploads as resources; beyond it a sync by the pipeline is the better tool. */
export const maxFiles = 2000;

const contentTypes: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  mjs: "text/javascript; charset=utf-8",
  json: "application/json",
  map: "application/json",
  webmanifest: "application/manifest+json",
  txt: "text/plain; charset=utf-8",
  xml: "application/xml",
  svg: "image/svg+xml",
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  avif: "image/avif",
  ico: "image/x-icon",
  woff: "font/woff",
  woff2: "font/woff2",
  ttf: "font/ttf",
  wasm: "application/wasm",
  pdf: "application/pdf",
};

/** Media type by a file's ending. */
export function contentTypeOf(path: string): string {
  const ending = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase();
  return (ending && contentTypes[ending]) ?? "application/octet-stream";
}

/**
 * How long browsers and the edge keep a file. The edge may keep everything, as a release is part of its cache key. Browsers keep
 * files whose name holds a hash of 8 or more, as bundlers write them, and ask again for all others.
 */
export function cacheControlOf(path: string): string {
  const hashed = /[.-](?=[A-Za-z0-9_-]*\d)[A-Za-z0-9_-]{8,}\.[a-z0-9]+$/.test(path);
  return hashed ? "public, max-age=31536000, immutable" : "public, max-age=0, s-maxage=31536000, must-revalidate";
}

function walk(folder: string, path: string, files: SiteFile[]): void {
  const entries = readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const below = path + entry.name;
    const source = join(folder, entry.name);
    if (entry.isDirectory()) walk(source, `${below}/`, files);
    else if (entry.isFile())
      files.push({ path: below, source, contentType: contentTypeOf(below), cacheControl: cacheControlOf(below) });
  }
}

/** What is wrong with a built folder. */
export function folderIssues(folder: string, path: string): Issue[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    return [{ path, problem: "is not a folder", value: folder, fix: "Build the site first, or set release alone." }];
  const { files } = readRelease(folder);
  if (!files.some((file) => file.path === "index.html"))
    return [
      {
        path,
        problem: "has no index.html",
        value: folder,
        fix: "Name the folder that the build writes, such as dist.",
      },
    ];
  if (files.length > maxFiles)
    return [
      {
        path,
        problem: `has ${files.length} files`,
        value: folder,
        allowed: `at most ${maxFiles}`,
        fix: "Let the pipeline sync the folder to releases/<id>/ of the bucket, and set release to that id.",
      },
    ];
  return [];
}

/** Reads a built folder. */
export function readRelease(folder: string): SiteRelease {
  const files: SiteFile[] = [];
  walk(folder, "", files);
  const hash = createHash("sha256");
  for (const file of files) hash.update(file.path).update("\0").update(readFileSync(file.source)).update("\0");
  return { id: hash.digest("hex").slice(0, 12), files };
}
