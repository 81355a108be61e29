import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface GeneratedSecretArgs {
  /** What the secret opens, for people. */
  readonly description: string;
  /** Physical name where a requirement fixes it. @default Pulumi's own name */
  readonly secretName?: string;
  readonly kmsKeyArn: pulumi.Input<string>;
  /** Length of the generated value in letters and digits. @default 40 */
  readonly length?: number;
  /** The JSON fields beside the value, such as the user's name. @default none */
  readonly fields?: Readonly<Record<string, pulumi.Input<string | number>>>;
  /** Name of the field that holds the generated value. @default "password" */
  readonly valueField?: string;
  /**
   * Days that a deleted secret can still be restored; its name stays blocked as long.
   * @default 0 (deleted at once)
   */
  readonly recoveryWindowDays?: number;
}

/**
 * A password or token that AWS generates once and Secrets Manager keeps, as JSON together with what else a client needs.
 * Rotation changes it outside of Pulumi: later deployments leave the value alone, and readers of `value` must do the same
 * (`ignoreChanges` on the property it goes into). Letters and digits only, which every engine and connection string takes.
 *
 * Makes: `aws.secretsmanager.Secret`, `aws.secretsmanager.SecretVersion`.
 * Cost: 0.40 USD a month.
 */
export class GeneratedSecret extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  /** The generated value as it was first; secret. */
  readonly value: pulumi.Output<string>;

  constructor(name: string, args: GeneratedSecretArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:security:GeneratedSecret", name, {}, opts);
    const valueField = args.valueField ?? "password";
    const secret = new aws.secretsmanager.Secret(
      `${name}-secret`,
      {
        name: args.secretName,
        description: args.description,
        kmsKeyId: args.kmsKeyArn,
        recoveryWindowInDays: args.recoveryWindowDays ?? 0,
        tags: { Name: args.secretName ?? name },
      },
      { parent: this },
    );
    // Every run draws another value; the first stays, as later ones are ignored below.
    const drawn = aws.secretsmanager.getRandomPasswordOutput(
      { passwordLength: args.length ?? 40, excludePunctuation: true, requireEachIncludedType: true },
      { parent: this },
    ).randomPassword;
    const version = new aws.secretsmanager.SecretVersion(
      `${name}-value`,
      {
        secretId: secret.id,
        secretString: pulumi.secret(pulumi.jsonStringify({ ...args.fields, [valueField]: drawn })),
      },
      { parent: this, ignoreChanges: ["secretString"] },
    );
    this.arn = secret.arn;
    this.value = pulumi.secret(
      version.secretString.apply((text) => {
        const value = (JSON.parse(text ?? "{}") as Record<string, unknown>)[valueField];
        return typeof value === "string" ? value : "";
      }),
    );
    this.registerOutputs({ arn: this.arn });
  }
}
