/** What each use of the project needs of a machine, and how to get it. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
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
  /** What mends it on this machine, where that is not what mends it everywhere. */
  readonly mend?: string;
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
  /** Version of an installed package; undefined where it is not there. */
  readonly packageVersion: (name: string) => string | undefined;
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

/** CI's Node is the one that is recommended; this is the oldest that everything runs on. */
export const oldestNode = "20.19.0";

/** The oldest that Pulumi's runtime says it is for; older ones are warned of, by npm and by AWS's SDK. */
const quietNode = "22.0.0";

/** Where Pulumi's installer puts the CLI. */
const pulumiFolder = ({ env }: Machine) => path.join(env.HOME ?? "", ".pulumi", "bin");

/** The CLI as it can be run: by its name, or where its installer put it. */
function pulumiOf(machine: Machine): string {
  const own = path.join(pulumiFolder(machine), "pulumi");
  return machine.run("pulumi", "version") === undefined && machine.exists(own) ? own : "pulumi";
}

export const checks: readonly Check[] = [
  {
    name: `Node.js ${oldestNode} or newer`,
    uses: everywhere,
    mend: "install Node.js 24: https://nodejs.org/en/download (or `nvm install 24`)",
    look: ({ nodeVersion }) => {
      const ok = !lt(nodeVersion, oldestNode);
      const warned = ok && lt(nodeVersion, quietNode);
      return {
        ok,
        found: warned
          ? `${nodeVersion}; it works, with warnings: EBADENGINE of npm ci, for Pulumi's runtime asks for 22, and AWS's NodeVersionSupportWarning. 24 has none`
          : nodeVersion,
      };
    },
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
    look: (machine) => {
      const folder = pulumiFolder(machine);
      const found = pulumiOf(machine);
      if (found === "pulumi") return program("pulumi", ["version"])(machine);
      return {
        ok: false,
        found: `is in ${folder}, which is not on the PATH`,
        mend: `export PATH="${folder}:$PATH", or open a new terminal`,
      };
    },
  },
  {
    name: "Pulumi's aws plugin",
    uses: [...onTheEngine, "account"],
    optional: true,
    mend: "nothing where get.pulumi.com is reached: Pulumi fetches it; else `pulumi plugin install resource aws`",
    look: (machine) => {
      const needed = machine.packageVersion("@pulumi/aws");
      const listed = machine.run(pulumiOf(machine), "plugin", "ls");
      const versions = (listed ?? "").split("\n").flatMap((one) => /^aws\s+resource\s+(\S+)/.exec(one)?.[1] ?? []);
      const there = needed === undefined ? versions[0] : versions.find((version) => version === needed);
      if (there !== undefined) return { ok: true, found: `aws resource ${there}` };
      const other =
        versions.length > 0 ? `only ${versions.join(", ")}: the program asks for ${needed}` : "not fetched yet";
      return {
        ok: false,
        found: other,
        mend:
          `nothing where get.pulumi.com is reached: Pulumi fetches it; else \`pulumi plugin install resource aws ${needed ?? ""}`.trim() +
          "`",
      };
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
    look: (machine) => {
      const said = machine.env.PULUMI_BACKEND_URL ?? machine.run(pulumiOf(machine), "whoami");
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
  const packageVersion = (name: string) => {
    const file = path.join(root, "node_modules", ...name.split("/"), "package.json");
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version : undefined;
  };
  return { root, nodeVersion: process.versions.node, env: process.env, run, exists: existsSync, packageVersion, list };
}
