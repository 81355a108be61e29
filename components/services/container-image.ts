import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import * as aws from "@pulumi/aws";
import { Image } from "@pulumi/docker/image";
import * as pulumi from "@pulumi/pulumi";
import { throwIfAny, type Issue } from "../common/validation";

/** An image that Docker builds and pushes during the deployment. */
export interface ImageBuild {
  /** Folder with everything the build needs. */
  readonly context: string;
  /** @default "Dockerfile" in the context */
  readonly dockerfile?: string;
  /** Stage of the Dockerfile. @default the last */
  readonly target?: string;
  /** @default {} */
  readonly args?: Readonly<Record<string, string>>;
}

export interface ContainerImageArgs {
  /** Name of the repository, fixed so that what pushes images can name it. */
  readonly repositoryName: string;
  /** Digest of an image that is in the repository already: `sha256:` and 64 hexadecimal digits. */
  readonly digest?: string;
  /** Build instead of a digest. */
  readonly build?: ImageBuild;
  /** @default "x86_64" */
  readonly architecture?: Architecture;
  /** Images that the repository keeps; older ones expire. @default 10 */
  readonly keepImages?: number;
  readonly keyArn: pulumi.Input<string>;
  /** Delete the repository with its images. @default false */
  readonly forceDelete?: boolean;
}

export type Architecture = "x86_64" | "arm64";

/** Docker's names of the architectures. */
const platforms: Readonly<Record<Architecture, string>> = { x86_64: "linux/amd64", arm64: "linux/arm64" };

/** Folders that no build looks into and that would make its hash slow or different on every machine. */
const skipped = new Set(["node_modules", ".git", ".cache", "dist", "coverage"]);

const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** All mistakes of an image's arguments. */
export function validateContainerImage(
  args: Pick<ContainerImageArgs, "repositoryName" | "digest" | "build" | "keepImages">,
): Issue[] {
  const issues: Issue[] = [];
  if (
    !/^[a-z0-9]+(?:[._-][a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-][a-z0-9]+)*)*$/.test(args.repositoryName) ||
    args.repositoryName.length < 2 ||
    args.repositoryName.length > 256
  )
    issues.push({
      path: "repositoryName",
      problem: "cannot name a repository of ECR",
      value: args.repositoryName,
      allowed: "2 to 256 lower-case letters and digits, with single . _ - and / between them",
    });
  if ((args.digest === undefined) === (args.build === undefined))
    issues.push({
      path: "digest",
      problem: args.digest === undefined ? "is missing, and so is build" : "is given beside build",
      allowed: "either the digest of a pushed image, or a build",
      fix: "Set exactly one of the two.",
    });
  if (args.digest !== undefined && !digestPattern.test(args.digest))
    issues.push({
      path: "digest",
      problem: "does not pin an image",
      value: args.digest,
      allowed: "sha256: and 64 hexadecimal digits",
      fix: "Take the digest that the registry shows for the tag: a tag can move, a digest cannot.",
    });
  if (args.build) {
    const dockerfile = join(args.build.context, args.build.dockerfile ?? "Dockerfile");
    if (!existsSync(dockerfile))
      issues.push({
        path: "build.context",
        problem: `has no ${args.build.dockerfile ?? "Dockerfile"}`,
        value: args.build.context,
        fix: "Name the folder from the project's root, or the dockerfile in it.",
      });
  }
  const { keepImages = 10 } = args;
  if (!Number.isInteger(keepImages) || keepImages < 1)
    issues.push({ path: "keepImages", problem: "is not a number of images", value: keepImages, allowed: "1 or more" });
  return issues;
}

/** A hash over every file of a folder and the build's settings: the tag of what is built, as tags never move. */
export function contextHash(build: ImageBuild): string {
  const hash = createHash("sha256").update(JSON.stringify([build.dockerfile, build.target, build.args]));
  const walk = (folder: string, path: string) => {
    const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (entry.isDirectory() && !skipped.has(entry.name)) walk(join(folder, entry.name), `${path}${entry.name}/`);
      else if (entry.isFile())
        hash
          .update(`${path}${entry.name}\0`)
          .update(readFileSync(join(folder, entry.name)))
          .update("\0");
    }
  };
  walk(build.context, "");
  return hash.digest("hex").slice(0, 20);
}

/**
 * A repository of images that cannot change, and the one image that a release runs, by digest.
 *
 * Makes: `aws.ecr.Repository` (tags that never move, scan on push, customer key), a lifecycle policy that keeps the last
 * images, and `docker.Image` when it builds. Written with `aws.ecr` and not with awsx, whose repository a plan's policies
 * could not see into.
 * Errors: see `validateContainerImage`.
 * Cost: 0.10 USD a GB and month.
 */
export class ContainerImage extends pulumi.ComponentResource {
  /** Image by digest: `<repository>@sha256:...`. */
  readonly uri: pulumi.Output<string>;
  readonly repositoryArn: pulumi.Output<string>;
  readonly repositoryUrl: pulumi.Output<string>;

  constructor(name: string, args: ContainerImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:services:ContainerImage", name, {}, opts);
    throwIfAny(`ContainerImage ${name}`, validateContainerImage(args));
    const repository = this.createRepository(name, args);
    this.repositoryArn = repository.arn;
    this.repositoryUrl = repository.repositoryUrl;
    this.uri = args.build
      ? this.createImage(name, args, args.build, repository).repoDigest
      : pulumi.interpolate`${repository.repositoryUrl}@${args.digest ?? ""}`;
    this.registerOutputs({ uri: this.uri, repositoryArn: this.repositoryArn, repositoryUrl: this.repositoryUrl });
  }

  /** Another image of the repository, by its digest. */
  uriOf(digest: string): pulumi.Output<string> {
    return pulumi.interpolate`${this.repositoryUrl}@${digest}`;
  }

  private createRepository(name: string, args: ContainerImageArgs): aws.ecr.Repository {
    const repository = new aws.ecr.Repository(
      `${name}-repository`,
      {
        name: args.repositoryName,
        imageTagMutability: "IMMUTABLE",
        imageScanningConfiguration: { scanOnPush: true },
        encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: args.keyArn }],
        forceDelete: args.forceDelete ?? false,
        tags: { Name: args.repositoryName },
      },
      { parent: this },
    );
    const keep = args.keepImages ?? 10;
    new aws.ecr.LifecyclePolicy(
      `${name}-lifecycle`,
      {
        repository: repository.name,
        policy: JSON.stringify({
          rules: [
            {
              rulePriority: 1,
              description: `Keep the last ${keep} images`,
              selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: keep },
              action: { type: "expire" },
            },
          ],
        }),
      },
      { parent: this },
    );
    return repository;
  }

  private createImage(
    name: string,
    args: ContainerImageArgs,
    build: ImageBuild,
    repository: aws.ecr.Repository,
  ): Image {
    const login = aws.ecr.getAuthorizationTokenOutput({ registryId: repository.registryId }, { parent: this });
    return new Image(
      `${name}-image`,
      {
        imageName: pulumi.interpolate`${repository.repositoryUrl}:${contextHash(build)}`,
        build: {
          context: build.context,
          dockerfile: join(build.context, build.dockerfile ?? "Dockerfile"),
          platform: platforms[args.architecture ?? "x86_64"],
          ...(build.target ? { target: build.target } : {}),
          ...(build.args ? { args: { ...build.args } } : {}),
        },
        registry: {
          server: repository.repositoryUrl,
          username: login.userName,
          password: pulumi.secret(login.password),
        },
      },
      { parent: this },
    );
  }
}
