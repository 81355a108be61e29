/** `npm run ami`: the images that instances start from. */
import { SSMClient } from "@aws-sdk/client-ssm";
import { EC2Client } from "@aws-sdk/client-ec2";
import { amiKinds, amiStages, imageKindTag, type AmiStage } from "../components/common/ami-pointer";
import { judgeAccount, reap } from "../lambdas/ami-reaper/reap";
import { start } from "../plan/command-line";
import { describeAwsError, exitStatus, UsageError } from "../plan/failure";
import { parseArguments, type ChangingOptions, type CommonOptions, type Request } from "./arguments";
import { StagePointers } from "./pointers";
import { promote, setPointer, stageBefore } from "./promote";
import { askRuns, proofByRuns } from "./prove";
import { showChange, showPointers, showVerdicts, type Shown } from "./report";

/** What a command says, and its exit status. */
interface Answer {
  readonly status: number;
  readonly text: string;
  readonly json: unknown;
}

const access = ({ project, region, profile }: CommonOptions, stage: AmiStage) =>
  new StagePointers({ project, region, profile, stage });

async function show(options: CommonOptions): Promise<Answer> {
  const shown: Shown[] = [];
  for (const stage of amiStages) {
    const pointers = access(options, stage);
    for (const kind of amiKinds) {
      const pointed = await pointers.read(kind);
      if (!pointed) continue;
      const image = await pointers.image(pointed.ami);
      const { ami, proof } = pointed;
      shown.push({
        stage,
        kind,
        pointer: pointers.nameOf(kind),
        ami,
        name: image?.Name,
        created: image?.CreationDate,
        proof,
      });
    }
  }
  return { status: exitStatus.fine, text: showPointers(shown), json: shown };
}

async function prove(kind: Extract<Request, { command: "prove" }>["kind"], options: ChangingOptions): Promise<Answer> {
  const qa = access(options, "qa");
  const pointed = await qa.read(kind);
  if (!pointed) {
    throw new UsageError(
      `${qa.nameOf(kind)}: there is no such pointer in ${options.region}\n  fix:     npm run ami -- promote ${kind} --to qa`,
    );
  }
  const runs = await askRuns(qa, kind, pointed.ami, options.minutes);
  if (!runs.proven) {
    const json = { ami: pointed.ami, ...runs };
    return { status: exitStatus.refused, text: `${pointed.ami} is not proven: ${runs.reason}.\n`, json };
  }
  const proof = await proofByRuns(qa, pointed.ami, runs);
  if (options.yes) await qa.writeProof(kind, proof);
  const kept = options.yes ? "The proof is kept beside the pointer." : "Nothing was written; --yes keeps the proof.";
  const said = `${pointed.ami} ran on ${runs.instances} instances of qa for up to ${runs.hours} h.`;
  return { status: exitStatus.fine, text: `${said}\n${kept}\n`, json: { ...proof, written: options.yes === true } };
}

async function run(request: Request): Promise<Answer> {
  switch (request.command) {
    case "show":
      return show(request.options);
    case "prove":
      return prove(request.kind, request.options);
    case "set": {
      const { kind, source, options } = request;
      const change = await setPointer(access(options, options.stage), kind, source, options);
      return { status: exitStatus.fine, text: showChange(change), json: change };
    }
    case "promote": {
      const { kind, options } = request;
      const from = access({ ...options, profile: options.fromProfile ?? options.profile }, stageBefore(options.to));
      const change = await promote(from, access(options, options.to), kind, options);
      const status = change.refused === undefined ? exitStatus.fine : exitStatus.refused;
      return { status, text: showChange(change), json: change };
    }
    case "reap": {
      const { project, region, profile, keep, days, yes } = request.options;
      const settings = { region, ...(profile ? { profile } : {}) };
      const [ec2, ssm] = [new EC2Client(settings), new SSMClient(settings)];
      const rules = { keepNewest: keep, minimumAgeDays: days };
      const verdicts = await judgeAccount(ec2, ssm, { project, kindTag: imageKindTag }, rules, new Date());
      const failed = yes ? await reap(ec2, verdicts) : [];
      const trouble = failed.map(({ id, code }) => `${id} would not go: ${code}\n`).join("");
      return {
        status: failed.length > 0 ? exitStatus.failed : exitStatus.fine,
        text: showVerdicts(verdicts, yes === true) + trouble,
        json: { verdicts, failed },
      };
    }
  }
}

/** Runs the command, and gives the exit status; failures are told on stderr by their message alone. */
export async function main(argv: readonly string[]): Promise<number> {
  let profile: string | undefined;
  try {
    const request = parseArguments(argv);
    profile = request?.options.profile;
    if (!request) return exitStatus.fine;
    const { status, text, json } = await run(request);
    process.stdout.write(request.options.json ? `${JSON.stringify(json, null, 2)}\n` : text);
    return status;
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(error.message);
      return exitStatus.badInput;
    }
    console.error(`AWS could not be asked: ${describeAwsError(error, profile)}`);
    return exitStatus.failed;
  }
}

if (require.main === module) start(main);
