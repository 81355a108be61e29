/** What each use of the project needs of a machine, and how to get it. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import * as path from "node:path";
import { lt } from "./versions";

/** The uses, from the least to the most that they need. */
export const uses = ["plan", "test", "sandbox", "engine", "account"] as const;
export type Use = (typeof uses)[number];

/** What each use is, in a line. */
export const useText: Readonly<Record<Use, string>> = {
  plan: "npm run plan: the offline planner",
  test: "npm test: every unit test with real servers and a browser",
  sandbox: "npm run sandbox: the real engine against an emulated AWS",
  engine: "npm run engine: whole stacks on the emulator",
  account: "pulumi up: a real account",
};

/** What a check found. */
export interface Finding {
  readonly ok: boolean;
  /** What is there, or what is wrong. */
  readonly found: string;
}

export interface Check {
  readonly name: string;
  readonly uses: readonly Use[];
  /** Without it the use goes on with less. @default false */
  readonly optional?: boolean;
  /** The command, or the sentence, that mends it. */
  readonly mend: string;
  readonly look: (machine: Machine) => Finding;
}

/** The machine as the checks see it. */
export interface Machine {
  readonly root: string;
  readonly nodeVersion: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What a program prints; undefined where it is not there or fails. */
  readonly run: (program: string, ...args: string[]) => string | undefined;
  readonly exists: (file: string) => boolean;
  /** Names of the files in a folder that match. */
  readonly list: (folder: string) => readonly string[];
}

/** A program that must answer; its first line is what is shown. */
function program(name: string, args: readonly string[] = ["--version"]): Check["look"] {
  return ({ run }) => {
    const said = run(name, ...args);
    return said === undefined ? { ok: false, found: "not found" } : { ok: true, found: said.split("\n")[0] ?? "" };
  };
}

const debian = (...packages: string[]) => `sudo apt-get install -y ${packages.join(" ")}`;
const everywhere = uses;
const onTheEngine: readonly Use[] = ["sandbox", "engine"];

/** The newest Node that Pulumi's packages and this one run on is CI's; this is the oldest. */
export const oldestNode = "20.19.0";

export const checks: readonly Check[] = [
  {
    name: `Node.js ${oldestNode} or newer`,
    uses: everywhere,
    mend: "install Node.js 24: https://nodejs.org/en/download (or `nvm install 24`)",
    look: ({ nodeVersion }) => ({ ok: !lt(nodeVersion, oldestNode), found: nodeVersion }),
  },
  {
    name: "the project's packages",
    uses: everywhere,
    mend: "npm ci",
    look: ({ root, exists }) => {
      const ok = exists(path.join(root, "node_modules", "@pulumi", "aws", "package.json"));
      return { ok, found: ok ? "installed" : "node_modules lacks @pulumi/aws" };
    },
  },
  {
    name: "Python 3 with venv",
    uses: ["test", "sandbox", "engine"],
    mend: debian("python3", "python3-venv"),
    look: ({ run }) => {
      const version = run("python3", "--version");
      if (version === undefined) return { ok: false, found: "not found" };
      const venv = run("python3", "-c", "import venv, ensurepip") !== undefined;
      return { ok: venv, found: venv ? version : `${version} without venv` };
    },
  },
  { name: "shellcheck", uses: ["test"], mend: debian("shellcheck"), look: program("shellcheck") },
  {
    name: "PostgreSQL's server",
    uses: ["test"],
    mend: debian("postgresql"),
    look: ({ list }) => {
      const versions = list("/usr/lib/postgresql");
      return { ok: versions.length > 0, found: versions.length > 0 ? versions.join(", ") : "not found" };
    },
  },
  { name: "pgBackRest", uses: ["test"], mend: debian("pgbackrest"), look: program("pgbackrest", ["version"]) },
  { name: "Redis's server", uses: ["test"], mend: debian("redis-server"), look: program("redis-server") },
  { name: "Chromium", uses: ["test"], mend: debian("chromium"), look: program("chromium") },
  {
    name: "the Pulumi CLI",
    uses: [...onTheEngine, "account"],
    mend: "curl -fsSL https://get.pulumi.com | sh, then open a new terminal",
    look: program("pulumi", ["version"]),
  },
  {
    name: "Pulumi's aws plugin",
    uses: [...onTheEngine, "account"],
    optional: true,
    mend: "nothing where get.pulumi.com is reached: Pulumi fetches it; else `pulumi plugin install resource aws`",
    look: ({ run }) => {
      const listed = run("pulumi", "plugin", "ls");
      const line = listed?.split("\n").find((one) => /^aws\s/.test(one));
      return { ok: line !== undefined, found: line?.trim().split(/\s+/).slice(0, 3).join(" ") ?? "not fetched yet" };
    },
  },
  {
    name: "AWS credentials",
    uses: ["account"],
    mend: "aws configure sso, then `export AWS_PROFILE=...`; `aws sts get-caller-identity` must answer",
    look: ({ run }) => {
      const said = run("aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text");
      return { ok: said !== undefined, found: said?.trim() ?? "no answer from aws sts get-caller-identity" };
    },
  },
  {
    name: "a place for state",
    uses: ["account"],
    mend: "pulumi login, or `pulumi login s3://your-state-bucket`",
    look: ({ env, run }) => {
      const said = env.PULUMI_BACKEND_URL ?? run("pulumi", "whoami");
      return { ok: said !== undefined, found: said?.trim() ?? "not logged in" };
    },
  },
  {
    name: "kubectl",
    uses: ["account"],
    optional: true,
    mend: "install kubectl for stacks with kubernetes: https://kubernetes.io/docs/tasks/tools/",
    look: program("kubectl", ["version", "--client"]),
  },
  {
    name: "Docker",
    uses: ["account"],
    optional: true,
    mend: "install Docker for images that the stack builds itself: https://docs.docker.com/engine/install/",
    look: program("docker"),
  },
];

/** The machine that this runs on. */
export function thisMachine(root: string, list: Machine["list"]): Machine {
  const run = (name: string, ...args: string[]) => {
    const ran = spawnSync(name, args, {
      encoding: "utf8",
      timeout: 20_000,
      env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "1" },
    });
    return ran.status === 0 ? (ran.stdout || ran.stderr).trim() : undefined;
  };
  return { root, nodeVersion: process.versions.node, env: process.env, run, exists: existsSync, list };
}
