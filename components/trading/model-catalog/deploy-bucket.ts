import type { S3Client, ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import * as pulumi from "@pulumi/pulumi";
import { awsClients } from "../../common/aws-clients";

/** How AWS is reached outside the engine's providers. */
export interface AwsAccess {
  readonly region: string;
  /** Named profile of the shared configuration; the usual chain of credentials when absent. */
  readonly profile?: string | undefined;
  /** An emulated AWS. Its buckets are addressed by path. */
  readonly endpoint?: string | undefined;
  /** Requests before a throttled, failing or broken call gives up. @default 7, which is about 15 s with the SDK's backoff */
  readonly attempts?: number;
}

/** The bucket could not be read; a deployment stops here rather than work with part of the truth. */
export class BucketError extends pulumi.RunError {
  constructor(
    message: string,
    /** S3's own code, such as `AccessDenied`; a network error's otherwise. */
    readonly code: string,
  ) {
    super(message);
    this.name = "BucketError";
  }
}

const defaultAttempts = 7;

/** Longest wait for a connection and for an answer, in ms. */
const connectionTimeoutMs = 5_000;
const requestTimeoutMs = 30_000;

interface S3Failure {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
}

/** One deploy bucket, as the program reads it: lists keys and gets small texts. Every failure is a `BucketError`. */
export class DeployBucket {
  private client: S3Client | undefined;

  constructor(
    readonly name: string,
    private readonly access: AwsAccess,
  ) {}

  private connect() {
    const s3 = awsClients.s3();
    const { region, profile, endpoint, attempts } = this.access;
    this.client ??= new s3.S3Client({
      region,
      ...(profile ? { profile } : {}),
      ...(endpoint ? { endpoint, forcePathStyle: true } : {}),
      maxAttempts: attempts ?? defaultAttempts,
      followRegionRedirects: true,
      requestHandler: { connectionTimeout: connectionTimeoutMs, requestTimeout: requestTimeoutMs },
    });
    return { s3, client: this.client };
  }

  /** One page of at most 1,000 keys after `startAfter`, in S3's order (bytes of UTF-8); folded at `delimiter`. */
  async page(
    request: {
      readonly prefix: string;
      readonly startAfter?: string | undefined;
      readonly token?: string | undefined;
      readonly delimiter?: "/";
    },
    signal?: AbortSignal,
  ): Promise<ListObjectsV2CommandOutput> {
    const { s3, client } = this.connect();
    const command = new s3.ListObjectsV2Command({
      Bucket: this.name,
      Prefix: request.prefix,
      StartAfter: request.startAfter,
      ContinuationToken: request.token,
      Delimiter: request.delimiter,
      EncodingType: "url", // keys may hold what XML cannot
    });
    try {
      return await client.send(command, signal ? { abortSignal: signal } : {});
    } catch (error) {
      throw this.explain(error as S3Failure, `Listing s3://${this.name}/${request.prefix}`, "s3:ListBucket");
    }
  }

  /** Text of an object; undefined where there is no such object. */
  async text(key: string): Promise<string | undefined> {
    const { s3, client } = this.connect();
    try {
      const { Body } = await client.send(new s3.GetObjectCommand({ Bucket: this.name, Key: key }));
      return await Body?.transformToString("utf-8");
    } catch (error) {
      if ((error as S3Failure).name === "NoSuchKey") return undefined;
      throw this.explain(error as S3Failure, `Reading s3://${this.name}/${key}`, "s3:GetObject and s3:ListBucket");
    }
  }

  /** Ends the connections, which would keep the process alive for a while. */
  close(): void {
    this.client?.destroy();
    this.client = undefined;
  }

  private explain(failure: S3Failure, what: string, permission: string): BucketError {
    const code = failure.code ?? failure.name ?? "Error";
    const attempts = failure.$metadata?.attempts ?? 1;
    const reasons: Readonly<Record<string, string>> = {
      AccessDenied: `access is denied. The deploying identity needs ${permission} on it, and kms:Decrypt on its key.`,
      AllAccessDisabled: "all access to it is disabled.",
      NoSuchBucket: "the bucket does not exist. Create it, or name another in fleet.bucket.",
      CredentialsProviderError:
        "there are no AWS credentials. Log in, or plan offline from a listing file (npm run plan).",
      ExpiredToken: "the AWS credentials have expired. Log in again.",
      InvalidAccessKeyId: "AWS does not know these credentials.",
      SignatureDoesNotMatch: "the secret key does not fit the access key, or the clock is wrong.",
    };
    const known = reasons[code];
    const detail = known ?? `${code}${failure.message && failure.message !== code ? `: ${failure.message}` : ""}`;
    const tried = attempts > 1 ? ` after ${attempts} attempts` : "";
    return new BucketError(`${what} failed${tried}: ${detail} Nothing was changed.`, code);
  }
}

/** Undoes S3's URL encoding of a key. */
export function decodeKey(encoded: string): string {
  if (!encoded.includes("%") && !encoded.includes("+")) return encoded;
  return decodeURIComponent(encoded.replaceAll("+", " "));
}
