import * as pulumi from "@pulumi/pulumi";

/** The tags that every resource of a stack carries; cost allocation, backups and the IAM conditions rest on them. */
export interface PlatformTags {
  readonly project: string;
  readonly stack: string;
  readonly stage: string;
  readonly owner: string;
}

/** What every resource knows of itself but no declaration file shows. */
interface ResourceInternals {
  readonly __pulumiType?: string;
  readonly __name?: string;
  readonly __parentResource?: ResourceInternals;
}

/** Logical name of the component right below the stack that a resource belongs to: `network`, `fleet`, ... */
export function topComponentName(parent: pulumi.Resource | undefined, name: string): string {
  let component = name;
  let at = parent as ResourceInternals | undefined;
  for (; at && at.__pulumiType !== pulumi.runtime.rootPulumiStackTypeName; at = at.__parentResource) {
    component = at.__name ?? component;
  }
  return component;
}

/** Takes tags since lately only: a provider of last year, which may be the one at hand, refuses them. */
const untagged: readonly string[] = ["aws:cloudfront/function:Function"];

/** What holds state that a backup plan saves: everything else of a stack can be made again from its program. */
export const backedUpTypes: readonly string[] = [
  "aws:rds/instance:Instance",
  "aws:rds/cluster:Cluster",
  "aws:efs/fileSystem:FileSystem",
  "aws:dynamodb/table:Table",
  "aws:ebs/volume:Volume",
];

/** Value of the tag `backup` by which a stack's plan finds what it saves; `none` takes a resource out. */
export const backupTag = { planned: "daily", none: "none" } as const;

/** The tag `backup` of a resource that holds state of its own; a replica's state is its source's. */
function backupTagOf(type: string, props: Readonly<Record<string, unknown>>): { backup?: string } {
  if (!backedUpTypes.includes(type)) return {};
  return { backup: props.replicateSourceDb === undefined ? backupTag.planned : backupTag.none };
}

/**
 * Gives every taggable resource of the program the platform's tags, and `component` by the component it belongs to. Tags
 * that a resource sets itself win. Taggable is what the provider's own class says: it lists the output `tagsAll`.
 */
export function tagEverything(tags: PlatformTags): void {
  pulumi.runtime.registerStackTransformation(({ type, props, opts, name }) => {
    if (!("tagsAll" in props) || untagged.includes(type)) return undefined;
    const own = props.tags as pulumi.Input<Record<string, pulumi.Input<string>>> | undefined;
    const base = { ...tags, component: topComponentName(opts.parent, name), ...backupTagOf(type, props) };
    const merged =
      own === undefined || !(pulumi.Output.isInstance(own) || own instanceof Promise)
        ? { ...base, ...own }
        : pulumi.output(own).apply((values) => ({ ...base, ...values }));
    return { props: { ...props, tags: merged }, opts };
  });
}
