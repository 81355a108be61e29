/** Pointers, proofs and images of one stage, read and written with AWS's own clients. */
import {
  CreateTagsCommand,
  DeleteTagsCommand,
  DescribeImagesCommand,
  EC2Client,
  type Image,
} from "@aws-sdk/client-ec2";
import { GetParameterCommand, ParameterNotFound, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import {
  pointedTag,
  pointerName,
  proofName,
  readProof,
  type AmiKind,
  type AmiProof,
  type AmiStage,
} from "../components/common/ami-pointer";

/** Where a stage lives. */
export interface StageAccess {
  readonly project: string;
  readonly stage: AmiStage;
  readonly region: string;
  /** Named profile, where the stage has an account of its own. */
  readonly profile?: string | undefined;
}

/** What a stage's pointer says. */
export interface Pointed {
  readonly ami: string;
  readonly proof: AmiProof | undefined;
}

/** One stage's pointers. */
export class StagePointers {
  readonly ec2: EC2Client;
  readonly #ssm: SSMClient;
  readonly #sts: STSClient;

  constructor(readonly access: StageAccess) {
    const { region, profile } = access;
    const settings = { region, ...(profile ? { profile } : {}) };
    this.ec2 = new EC2Client(settings);
    this.#ssm = new SSMClient(settings);
    this.#sts = new STSClient(settings);
  }

  get stage(): AmiStage {
    return this.access.stage;
  }

  nameOf(kind: AmiKind): string {
    return pointerName(this.access.project, this.stage, kind);
  }

  async read(kind: AmiKind): Promise<Pointed | undefined> {
    const ami = await this.parameter(this.nameOf(kind));
    if (ami === undefined) return undefined;
    return { ami, proof: readProof(await this.parameter(proofName(this.nameOf(kind)))) };
  }

  /** The value of a parameter; undefined where there is none. */
  async parameter(name: string): Promise<string | undefined> {
    try {
      const { Parameter } = await this.#ssm.send(new GetParameterCommand({ Name: name }));
      return Parameter?.Value;
    } catch (error) {
      if (error instanceof ParameterNotFound) return undefined;
      throw error;
    }
  }

  /** An image as this stage's account sees it; undefined where it cannot. */
  async image(ami: string): Promise<Image | undefined> {
    try {
      const { Images = [] } = await this.ec2.send(new DescribeImagesCommand({ ImageIds: [ami] }));
      return Images[0];
    } catch (error) {
      if (error instanceof Error && /^InvalidAMIID/.test(error.name)) return undefined;
      throw error;
    }
  }

  async writeProof(kind: AmiKind, proof: AmiProof): Promise<void> {
    await this.put(proofName(this.nameOf(kind)), JSON.stringify(proof), "text");
  }

  /** Proof first: a deployment in between finds one of another image and stops, never an unproven one. */
  async write(kind: AmiKind, ami: string, proof?: AmiProof): Promise<void> {
    if (proof) await this.writeProof(kind, proof);
    await this.put(this.nameOf(kind), ami, "aws:ec2:image");
  }

  /** Says on the images of this account which one another stage's pointer names, for who reaps here. */
  async mark(stage: AmiStage, ami: string, before: string | undefined): Promise<void> {
    const Key = pointedTag(stage);
    await this.ec2.send(new CreateTagsCommand({ Resources: [ami], Tags: [{ Key, Value: new Date().toISOString() }] }));
    if (before !== undefined && before !== ami)
      await this.ec2.send(new DeleteTagsCommand({ Resources: [before], Tags: [{ Key }] }));
  }

  /** ARN of whoever runs this. */
  async caller(): Promise<string> {
    const { Arn } = await this.#sts.send(new GetCallerIdentityCommand({}));
    return Arn ?? "unknown";
  }

  private async put(Name: string, Value: string, DataType: string): Promise<void> {
    await this.#ssm.send(new PutParameterCommand({ Name, Value, Type: "String", DataType, Overwrite: true }));
  }
}
