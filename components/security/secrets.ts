import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument, type Cloud } from "../common/iam";
import { placeholder } from "../common/placeholder";
import { throwIfAny, type Issue } from "../common/validation";
import { EncryptionKey } from "./encryption-key";

/** One named secret in plain values. */
export interface AppSecretSettings {
  readonly description: string;
  /** JSON fields that the application reads, each a placeholder until it is filled. */
  readonly fields: readonly string[];
  /** Services that may read it, by the names their roles ask for. */
  readonly readers: readonly string[];
  /** Values from the stack's encrypted configuration; fields that are missing stay placeholders. @default none */
  readonly values?: Readonly<Record<string, string>>;
  /** Function that changes the secret by itself, and how often. @default changed by hand */
  readonly rotation?: { readonly lambdaArn: string; readonly everyDays: number };
}

export interface AppSecretsArgs {
  readonly cloud: Cloud;
  /** First part of every name, such as `clever-better/prod`. */
  readonly namePrefix: string;
  /** The secrets by the last part of their names. */
  readonly secrets: Readonly<Record<string, AppSecretSettings>>;
  /** True lets placeholders through with a warning, for stages where nothing real is at stake. @default false */
  readonly allowPlaceholders?: boolean;
  /** Days that a deleted secret can still be restored; its name stays blocked as long. @default 30 */
  readonly recoveryWindowDays?: number;
  /** Functions for rotation that this program makes, by secret; they win over `rotation.lambdaArn`. @default none */
  readonly rotationLambdaArns?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Key of the secrets. @default a key of their own */
  readonly kmsKeyArn?: pulumi.Input<string>;
}

/** Fields that are missing, empty or placeholders in a secret's JSON text. */
export function unfilledFields(fields: readonly string[], text: string): string[] {
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch {
    return [...fields];
  }
  if (values === null || typeof values !== "object") return [...fields];
  return fields.filter((field) => {
    const value = (values as Record<string, unknown>)[field];
    return value === undefined || value === null || value === "" || value === placeholder;
  });
}

/** What is wrong with a set of secrets. */
export function checkAppSecrets(args: Pick<AppSecretsArgs, "namePrefix" | "secrets" | "recoveryWindowDays">): Issue[] {
  const issues: Issue[] = [];
  if (!/^[\w.@-]+(\/[\w.@-]+)*$/.test(args.namePrefix)) {
    issues.push({
      path: "namePrefix",
      problem: "is no beginning of a secret's name",
      value: args.namePrefix,
      allowed: "letters, digits and _ . @ -, in parts that slashes separate, such as clever-better/prod",
    });
  }
  const window = args.recoveryWindowDays ?? 30;
  if (window !== 0 && (!Number.isInteger(window) || window < 7 || window > 30)) {
    issues.push({
      path: "recoveryWindowDays",
      problem: "is no recovery window of Secrets Manager",
      value: window,
      allowed: "0 (deleted at once) or 7 to 30",
    });
  }
  for (const [key, secret] of Object.entries(args.secrets)) {
    const path = `secrets.${key}`;
    if (!/^[\w.@-]+$/.test(key)) {
      issues.push({
        path,
        problem: "is not the last part of a secret's name",
        allowed: "letters, digits and _ . @ -",
      });
    }
    if (/-[A-Za-z0-9]{6}$/.test(key)) {
      issues.push({
        path,
        problem: "ends like the random part of a secret's ARN, which makes look-ups by name ambiguous",
        fix: "Do not let the name end in a dash and six letters or digits.",
      });
    }
    if (secret.fields.length === 0) {
      issues.push({ path: `${path}.fields`, problem: "is empty", fix: "Name the JSON fields that must be filled." });
    }
    for (const field of Object.keys(secret.values ?? {}).filter((name) => !secret.fields.includes(name))) {
      issues.push({
        path: `${path}.values.${field}`,
        problem: "is not one of the secret's fields",
        allowed: secret.fields.join(", "),
      });
    }
    const days = secret.rotation?.everyDays;
    if (days !== undefined && (!Number.isInteger(days) || days < 1 || days > 1000)) {
      issues.push({
        path: `${path}.rotation.everyDays`,
        problem: "is no rotation period",
        value: days,
        allowed: "1 to 1000",
      });
    }
  }
  return issues;
}

/** The message that stops a deployment whose secrets are not filled. */
export function unfilledMessage(name: string, fields: readonly string[]): string {
  return [
    `The secret ${name} is not filled: ${fields.join(", ")} still ${fields.length === 1 ? "is a placeholder" : "are placeholders"}.`,
    `Fill it: aws secretsmanager put-secret-value --secret-id ${name} --secret-string file://FILE`,
    "(JSON with every field), or set values in the stack's encrypted configuration, and deploy again.",
  ].join("\n");
}

/**
 * Named secrets of an application with placeholders, read policies and rotation.
 *
 * Makes: one `EncryptionKey` (unless given), and for each secret `aws.secretsmanager.Secret`, its first
 * `aws.secretsmanager.SecretVersion` and, where a function is named, its rotation. Later changes of the value are left alone,
 * unless the configuration holds it.
 *
 * `arns` are what consumers take. Unless placeholders are allowed they only resolve once AWS holds a real value for every
 * field: the first deployment makes the secrets and stops there, saying how to fill them; the next one goes on.
 *
 * Errors: `ValidationError` for names, windows and fields; a `RunError` that names the unfilled fields.
 * Cost: 0.40 USD a secret and month.
 */
export class AppSecrets extends pulumi.ComponentResource {
  /** ARNs by key, known to be filled where placeholders are not allowed. */
  readonly arns: Readonly<Record<string, pulumi.Output<string>>>;
  readonly kmsKeyArn: pulumi.Output<string>;
  readonly #readers: Readonly<Record<string, readonly string[]>>;

  constructor(name: string, args: AppSecretsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:security:AppSecrets", name, {}, opts);
    throwIfAny(`AppSecrets ${name}`, checkAppSecrets(args));
    this.kmsKeyArn = pulumi.output(
      args.kmsKeyArn ??
        new EncryptionKey(
          `${name}-key`,
          { cloud: args.cloud, description: `Secrets of ${args.namePrefix}` },
          { parent: this },
        ).arn,
    );
    const arns: Record<string, pulumi.Output<string>> = {};
    for (const [key, secret] of Object.entries(args.secrets)) arns[key] = this.createSecret(name, key, secret, args);
    this.arns = arns;
    this.#readers = Object.fromEntries(Object.entries(args.secrets).map(([key, { readers }]) => [key, readers]));
    this.registerOutputs({ kmsKeyArn: this.kmsKeyArn });
  }

  /**
   * What a service's role needs to read its secrets, and only those.
   * @throws RunError where no secret names the service as a reader.
   */
  readPolicy(service: string): pulumi.Output<string> {
    const mine = Object.entries(this.arns).filter(([key]) => this.#readers[key]?.includes(service));
    if (mine.length === 0) throw new pulumi.RunError(`No secret names ${service} among its readers.`);
    return pulumi.jsonStringify(
      pulumi.all([mine.map(([, arn]) => arn), this.kmsKeyArn]).apply(([arns, keyArn]) =>
        policyDocument([
          {
            Sid: "ReadSecrets",
            Effect: "Allow",
            Action: ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
            Resource: arns,
          },
          {
            Sid: "DecryptSecrets",
            Effect: "Allow",
            Action: "kms:Decrypt",
            Resource: keyArn,
            Condition: { StringEquals: { "kms:EncryptionContext:SecretARN": arns } },
          },
        ]),
      ),
    );
  }

  private createSecret(name: string, key: string, settings: AppSecretSettings, args: AppSecretsArgs) {
    const secretName = `${args.namePrefix}/${key}`;
    const secret = new aws.secretsmanager.Secret(
      `${name}-${key}`,
      {
        name: secretName,
        description: settings.description,
        kmsKeyId: this.kmsKeyArn,
        recoveryWindowInDays: args.recoveryWindowDays ?? 30,
        tags: { Name: secretName },
      },
      { parent: this },
    );
    const version = this.createVersion(`${name}-${key}`, secret, settings);
    this.createRotation(`${name}-${key}`, secret, version, settings, args.rotationLambdaArns?.[key]);
    const missing = settings.fields.filter((field) => !settings.values?.[field]);
    if (missing.length === 0) return secret.arn;
    if (args.allowPlaceholders) {
      void pulumi.log.warn(
        `${secretName} holds placeholders (${missing.join(", ")}) until somebody fills it: aws secretsmanager put-secret-value --secret-id ${secretName} --secret-string file://values.json`,
        this,
      );
      return secret.arn;
    }
    return this.onceFilled(secretName, secret, version, settings.fields);
  }

  private createVersion(child: string, secret: aws.secretsmanager.Secret, settings: AppSecretSettings) {
    const configured = settings.fields.every((field) => settings.values?.[field]);
    const first = Object.fromEntries(settings.fields.map((field) => [field, settings.values?.[field] ?? placeholder]));
    return new aws.secretsmanager.SecretVersion(
      `${child}-value`,
      { secretId: secret.id, secretString: pulumi.secret(JSON.stringify(first)) },
      { parent: this, ...(configured ? {} : { ignoreChanges: ["secretString"] }) },
    );
  }

  private createRotation(
    child: string,
    secret: aws.secretsmanager.Secret,
    version: aws.secretsmanager.SecretVersion,
    settings: AppSecretSettings,
    lambdaArn: pulumi.Input<string> | undefined,
  ) {
    const rotationLambdaArn = lambdaArn ?? settings.rotation?.lambdaArn;
    if (rotationLambdaArn === undefined) return;
    new aws.secretsmanager.SecretRotation(
      `${child}-rotation`,
      {
        secretId: secret.id,
        rotationLambdaArn,
        rotateImmediately: false, // a placeholder is nothing to rotate
        rotationRules: { automaticallyAfterDays: settings.rotation?.everyDays ?? 30 },
      },
      { parent: this, dependsOn: [version] },
    );
  }

  /** The secret's ARN, after its present value was read and every field found filled. */
  private onceFilled(
    secretName: string,
    secret: aws.secretsmanager.Secret,
    version: aws.secretsmanager.SecretVersion,
    fields: readonly string[],
  ): pulumi.Output<string> {
    // After the first version, or the look-up would find none.
    const secretId = pulumi.all([secret.id, version.versionId]).apply(([id]) => id);
    const current = aws.secretsmanager.getSecretVersionOutput({ secretId }, { parent: this });
    return pulumi
      .unsecret(
        pulumi
          .all([current.secretString, secret.arn])
          .apply(([text, arn]) => ({ open: unfilledFields(fields, text), arn })),
      )
      .apply(({ open, arn }) => {
        if (open.length > 0) throw new pulumi.RunError(unfilledMessage(secretName, open));
        return arn;
      });
  }
}
