import type { Image } from "@aws-sdk/client-ec2";
import {
  amiId,
  amiStages,
  proofProblem,
  type AmiKind,
  type AmiProof,
  type AmiStage,
} from "../components/common/ami-pointer";
import { UsageError } from "../plan/failure";
import type { Pointed, StagePointers } from "./pointers";
import { askRuns, compareImages, proofByRuns, type FactChange } from "./prove";

/** What a change of a pointer comes to. */
export interface Change {
  readonly kind: AmiKind;
  readonly to: AmiStage;
  readonly pointer: string;
  readonly before: string | undefined;
  readonly after: string;
  readonly differences: readonly FactChange[];
  /** What is kept beside the pointer. */
  readonly proof?: AmiProof | undefined;
  /** Why the stage refuses the image; nothing is written then. */
  readonly refused?: string | undefined;
  readonly written: boolean;
}

export interface ChangeOptions {
  /** Writes; without it the change is only shown. */
  readonly yes?: boolean;
  /** Lets an unproven image through, and says why. */
  readonly override?: string | undefined;
  /** Minutes that an instance has to run before it proves anything. */
  readonly minutes: number;
}

/** The stage that an image comes from. */
export function stageBefore(stage: AmiStage): AmiStage {
  const before = amiStages[amiStages.indexOf(stage) - 1];
  if (!before) {
    throw new UsageError(
      `--to ${stage}: nothing comes before ${stage}\n  allowed: qa or prod\n  fix:     npm run ami -- set writes the pointers of ${stage}`,
    );
  }
  return before;
}

/** Shortest reason that says anything. */
const reasonLength = 10;

export function checkOverride(reason: string | undefined): void {
  if (reason === undefined || reason.trim().length >= reasonLength) return;
  throw new UsageError(
    `--override: is no reason\n  value:   ${JSON.stringify(reason)}\n  allowed: at least ${reasonLength} characters that say why, such as "qa's fleet is stopped for the holiday"`,
  );
}

function missingImage(ami: string, { access }: StagePointers): UsageError {
  const account = access.profile === undefined ? "this account" : `the account of profile ${access.profile}`;
  return new UsageError(
    `${ami} is not an image that ${account} sees in ${access.region}\n  fix:     share it (launch permission, and the use of its KMS key), or copy it there`,
  );
}

/** The proof that a stage asks for, or why there is none. */
async function prove(
  from: StagePointers,
  kind: AmiKind,
  { ami, proof }: Pointed,
  { minutes, override }: ChangeOptions,
): Promise<{ proof: AmiProof } | { refused: string }> {
  if (proof && proofProblem(ami, proof) === undefined) return { proof };
  const runs = await askRuns(from, kind, ami, minutes);
  if (runs.proven) return { proof: await proofByRuns(from, ami, runs) };
  if (override === undefined) return { refused: runs.reason };
  return { proof: { ami, override: override.trim(), by: await from.caller(), at: new Date().toISOString() } };
}

async function apply(
  to: StagePointers,
  kind: AmiKind,
  ami: string,
  owner: StagePointers,
  what: { readonly fresh: Image; readonly proof?: AmiProof | undefined; readonly refused?: string | undefined },
  options: ChangeOptions,
): Promise<Change> {
  const before = (await to.read(kind))?.ami;
  const old = before === undefined ? undefined : await to.image(before);
  const write = options.yes === true && what.refused === undefined;
  if (write) {
    await to.write(kind, ami, what.proof);
    // Only images of one's own can be marked; AWS's own are never reaped.
    if (what.fresh.ImageOwnerAlias === undefined) await owner.mark(to.stage, ami, before);
  }
  return {
    kind,
    to: to.stage,
    pointer: to.nameOf(kind),
    before,
    after: ami,
    differences: compareImages(old, what.fresh),
    proof: what.proof,
    refused: what.refused,
    written: write,
  };
}

/** Copies a stage's pointer to the next one; into prod only what qa has run, unless a reason is given. */
export async function promote(
  from: StagePointers,
  to: StagePointers,
  kind: AmiKind,
  options: ChangeOptions,
): Promise<Change> {
  checkOverride(options.override);
  const source = await from.read(kind);
  if (!source) {
    const first =
      from.stage === "dev"
        ? `npm run ami -- set ${kind} AMI --stage dev`
        : `npm run ami -- promote ${kind} --to ${from.stage}`;
    throw new UsageError(
      `${from.nameOf(kind)}: there is no such pointer in ${from.access.region}\n  fix:     ${first}`,
    );
  }
  const fresh = await to.image(source.ami);
  if (!fresh) throw missingImage(source.ami, to);
  const proven = to.stage === "prod" ? await prove(from, kind, source, options) : {};
  return apply(to, kind, source.ami, from, { fresh, ...proven }, options);
}

/** Writes a pointer of the first stage: an AMI id, or the name of a parameter whose present value is taken. */
export async function setPointer(
  to: StagePointers,
  kind: AmiKind,
  source: string,
  options: ChangeOptions,
): Promise<Change> {
  if (to.stage !== "dev") {
    throw new UsageError(
      `--stage ${to.stage}: images get there by promotion\n  allowed: dev\n  fix:     npm run ami -- promote ${kind} --to ${to.stage}`,
    );
  }
  const ami = amiId.test(source) ? source : source.startsWith("/") ? await to.parameter(source) : undefined;
  if (ami === undefined || !amiId.test(ami)) {
    throw new UsageError(
      `${source}: is neither an AMI id nor a parameter that names one\n  allowed: ami-0123456789abcdef0, or /name/of/parameter`,
    );
  }
  const fresh = await to.image(ami);
  if (!fresh) throw missingImage(ami, to);
  return apply(to, kind, ami, to, { fresh }, options);
}
