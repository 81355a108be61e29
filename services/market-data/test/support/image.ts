import { execFile } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What a container of the image starts with. */
export interface BuiltImage {
  /** Folder in place of the image's `/`. */
  readonly root: string;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: { readonly uid: number; readonly gid: number };
  readonly command: readonly string[];
  readonly healthCommand: readonly string[];
  /** Addresses that the build would fetch. */
  readonly fetched: readonly string[];
}

interface Stage {
  readonly root: string;
  workdir: string;
  env: Record<string, string>;
  user: string;
  command: readonly string[];
  healthCommand: readonly string[];
  readonly fetched: string[];
}

/** Instructions, one a line, without comments and continued lines. */
function instructions(text: string): [name: string, rest: string][] {
  return text
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll(/\\\n\s*/g, " ")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1).trim()]);
}

/** What .dockerignore lets through: later lines win, `!` lets in again. */
function isSent(path: string, ignored: readonly string[]): boolean {
  let sent = true;
  for (const line of ignored) {
    const pattern = line.replace(/^!/, "");
    const below = pattern.startsWith("**/")
      ? `/${path}/`.includes(`/${pattern.slice(3)}/`)
      : pattern === "*" || path === pattern || path.startsWith(`${pattern}/`);
    if (below) sent = line.startsWith("!");
  }
  return sent;
}

/**
 * Does by hand what an engine does with a Dockerfile: each stage a folder, each COPY and RUN in it, from a context as
 * .dockerignore leaves it. Base images are this machine's Node; what ADD fetches is an empty file.
 */
export async function buildByHand(repository: string, dockerfile: string, place: string): Promise<BuiltImage> {
  const ignored = readFileSync(join(repository, `${dockerfile}.dockerignore`), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  for (const [name, rest] of instructions(readFileSync(join(repository, dockerfile), "utf8"))) {
    if (name === "FROM") {
      const key = / AS (\w+)$/.exec(rest)?.[1] ?? "final";
      stage = { root: join(place, key), workdir: "/", env: {}, user: "", command: [], healthCommand: [], fetched: [] };
      mkdirSync(stage.root, { recursive: true });
      stages.set(key, stage);
      continue;
    }
    if (stage === undefined) throw new Error(`${name} before FROM`);
    await perform(stage, name, rest, { repository, ignored, stages });
  }
  if (stage === undefined) throw new Error(`${dockerfile} has no FROM`);
  const [uid = NaN, gid = NaN] = stage.user.split(":").map(Number);
  return { ...stage, user: { uid, gid } };
}

async function perform(
  stage: Stage,
  name: string,
  rest: string,
  from: { repository: string; ignored: readonly string[]; stages: ReadonlyMap<string, Stage> },
): Promise<void> {
  const inside = (path: string) => join(stage.root, path.startsWith("/") ? path : join(stage.workdir, path));
  const words = rest.split(/\s+/).filter((word) => !word.startsWith("--"));
  switch (name) {
    case "WORKDIR":
      stage.workdir = rest;
      mkdirSync(inside("."), { recursive: true });
      return;
    case "ENV":
      for (const [, key = "", plain, quoted] of rest.matchAll(/(\w+)=(?:([^\s"]+)|"([^"]*)")/g))
        stage.env[key] = plain ?? quoted ?? "";
      return;
    case "COPY": {
      const other = from.stages.get(/--from=(\w+)/.exec(rest)?.[1] ?? "");
      const target = words.at(-1) ?? "";
      for (const source of words.slice(0, -1)) {
        const origin = other ? join(other.root, source) : join(from.repository, source);
        const intoFolder = target.endsWith("/");
        const isFile = statSync(origin).isFile();
        const goal = inside(intoFolder && isFile ? join(target, source.split("/").at(-1) ?? "") : target);
        mkdirSync(dirname(goal), { recursive: true });
        cpSync(origin, goal, {
          recursive: true,
          filter: (path) => other !== undefined || isSent(path.slice(from.repository.length + 1), from.ignored),
        });
      }
      return;
    }
    case "ADD":
      stage.fetched.push(words[0] ?? "");
      writeFileSync(inside(words.at(-1) ?? ""), "");
      return;
    case "RUN":
      await run("sh", ["-c", rest], {
        cwd: inside("."),
        env: { PATH: process.env.PATH, HOME: process.env.HOME, ...stage.env },
        maxBuffer: 2 ** 26,
      });
      return;
    case "USER":
      stage.user = rest;
      return;
    case "EXPOSE":
      return;
    case "HEALTHCHECK":
      stage.healthCommand = JSON.parse(rest.slice(rest.indexOf("["))) as string[];
      return;
    case "CMD":
      stage.command = JSON.parse(rest) as string[];
      return;
    default:
      throw new Error(`${name} is an instruction that this builder does not know`);
  }
}

/** A folder with this machine's Node alone, which the image's user may run wherever Node is installed. */
export function nodeFolder(place: string): string {
  const folder = join(place, "bin");
  mkdirSync(folder, { recursive: true });
  copyFileSync(process.execPath, join(folder, "node"));
  return folder;
}
