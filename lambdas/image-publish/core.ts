import type { Image } from "@aws-sdk/client-ec2";

/** Image Builder's event about a build that changed its state. */
export interface ImageStateEvent {
  /** The image's ARN: recipe's name, version and build. */
  readonly resources?: readonly string[];
  readonly detail?: { readonly state?: { readonly status?: string } };
}

/** What comes of an event. */
export type Decision = { readonly publish: string } | { readonly ignore: string };

/** Whether an event is about a finished image of the recipe; only those have passed their tests. */
export function decide(event: ImageStateEvent, recipe: string): Decision {
  const [arn = ""] = event.resources ?? [];
  const name = /:image\/([^/]+)\//.exec(arn)?.[1];
  if (name !== recipe) return { ignore: `is of ${name ?? "no recipe"}, not of ${recipe}` };
  const status = event.detail?.state?.status;
  if (status !== "AVAILABLE") return { ignore: `is ${status ?? "in no state"}` };
  return { publish: arn };
}

/** The one AMI of a build. @throws where there is none, or more than one */
export function amiOfBuild(images: readonly Image[], arn: string): string {
  const [image, ...more] = images;
  if (!image?.ImageId || more.length > 0)
    throw new Error(`${images.length} AMIs carry the tag Ec2ImageBuilderArn=${arn}; exactly one is expected`);
  return image.ImageId;
}
