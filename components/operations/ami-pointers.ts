import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import {
  pointerImage,
  pointerName,
  proofName,
  proofProblem,
  readProof,
  type AmiKind,
  type AmiStage,
} from "../common/ami-pointer";

export interface AmiPointersArgs {
  readonly project: string;
  readonly stage: AmiStage;
  /** Kinds of images that this stack starts from. */
  readonly kinds: readonly AmiKind[];
  /** Makes the pointers where they are not there yet: the first stage. @default false */
  readonly create?: boolean;
  /** Stops a deployment whose pointers name images that qa has not run. @default false */
  readonly requireProof?: boolean;
}

/** AWS's own images, which a pointer names until the first one is built. */
const firstImages: Readonly<Record<AmiKind, string>> = {
  trading: "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
  "trading-arm64": "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
  ingest: "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
  gpu: "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-amazon-linux-2023/latest/ami-id",
};

/** The message that stops a deployment whose pointer names nothing proven. */
export function unprovenMessage(pointer: string, ami: string, problem: string, stage: AmiStage, kind: AmiKind): string {
  return [
    `images.kinds: ${pointer} names ${ami}, and ${problem}.`,
    `Let it run in qa, then: npm run ami -- promote ${kind} --to ${stage}`,
    "(--override REASON lets it through without; the reason is kept beside the pointer).",
  ].join("\n");
}

/**
 * The pointers that this stage's instances start from.
 *
 * Makes: in the first stage one SSM parameter for each kind, which names AWS's own image until a build or
 * `npm run ami -- set` writes another one: later deployments leave the value alone. In the other stages nothing: pointers
 * come by `npm run ami -- promote`, and a deployment reads them, so that a missing one is found before anything starts.
 *
 * Errors: a `RunError` for a pointer whose proof is missing or of another AMI, where proof is asked for.
 * Cost: none; standard parameters are free of charge.
 */
export class AmiPointers extends pulumi.ComponentResource {
  /** The pointers by kind, as a launch template takes them; known once the pointer is there. */
  readonly images: Readonly<Partial<Record<AmiKind, pulumi.Output<string>>>>;
  /** What they name now. */
  readonly values: Readonly<Partial<Record<AmiKind, pulumi.Output<string>>>>;

  constructor(name: string, args: AmiPointersArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:operations:AmiPointers", name, {}, opts);
    const { project, stage, kinds } = args;
    this.values = Object.fromEntries(
      kinds.map((kind) => [kind, args.create ? this.create(name, args, kind) : this.read(args, kind)]),
    );
    // After the pointer itself: an instance that starts before it finds no image.
    this.images = Object.fromEntries(
      kinds.map((kind) => [kind, pulumi.output(this.values[kind]).apply(() => pointerImage(project, stage, kind))]),
    );
    this.registerOutputs({ values: this.values });
  }

  private create(name: string, { project, stage }: AmiPointersArgs, kind: AmiKind): pulumi.Output<string> {
    const first = aws.ssm.getParameterOutput({ name: firstImages[kind] }, { parent: this });
    const made = new aws.ssm.Parameter(
      `${name}-${kind}`,
      {
        name: pointerName(project, stage, kind),
        description: `AMI of ${kind} instances in ${stage}; written by image builds and npm run ami`,
        type: "String",
        dataType: "aws:ec2:image",
        value: pulumi.unsecret(first.value),
      },
      { parent: this, ignoreChanges: ["value", "insecureValue"] },
    );
    return pulumi.unsecret(made.value);
  }

  private read({ project, stage, requireProof }: AmiPointersArgs, kind: AmiKind): pulumi.Output<string> {
    const pointer = pointerName(project, stage, kind);
    const ami = pulumi.unsecret(aws.ssm.getParameterOutput({ name: pointer }, { parent: this }).value);
    if (!requireProof) return ami;
    const proof = pulumi.unsecret(aws.ssm.getParameterOutput({ name: proofName(pointer) }, { parent: this }).value);
    return pulumi.all([ami, proof]).apply(([id, text]) => {
      const problem = proofProblem(id, readProof(text));
      if (problem !== undefined) throw new pulumi.RunError(unprovenMessage(pointer, id, problem, stage, kind));
      return id;
    });
  }
}
