/** Looks for what an interrupted run made: by tags, and where those are alike by what it is. */
import {
  DescribeLaunchTemplatesCommand,
  DescribeSecurityGroupRulesCommand,
  EC2Client,
  paginateDescribeTags,
  type EC2ClientConfig,
  type SecurityGroupRule,
  type TagDescription,
} from "@aws-sdk/client-ec2";
import { EventBridgeClient, ListTargetsByRuleCommand } from "@aws-sdk/client-eventbridge";
import {
  paginateGetResources,
  ResourceGroupsTaggingAPIClient,
  type ResourceTagMapping,
} from "@aws-sdk/client-resource-groups-tagging-api";
import { globalServices, ruleOf, type Inputs, type Rule } from "./ids";
import type { Interrupted, Known } from "./state";

/** How AWS is reached, the Region and the profile left out: each resource has its own. */
export type Access = Pick<EC2ClientConfig, "endpoint" | "credentials" | "maxAttempts">;

/** What became of an interrupted creation. */
export type Fate =
  /** It is there, or its name says where it would be: `id` imports it. */
  | { readonly of: Interrupted; readonly kind: "take over"; readonly id: string; readonly by: string }
  /** It is not there, or a second request changes nothing. */
  | { readonly of: Interrupted; readonly kind: "make again"; readonly why: string }
  /** Somebody has to look. */
  | { readonly of: Interrupted; readonly kind: "look first"; readonly why: string };

/** Tags by which the search is narrowed; a resource that is ours carries both. */
const narrowing = ["project", "stack"];

const tagsOf = (inputs: Inputs): Readonly<Record<string, string>> =>
  (inputs.tags ?? inputs.tagsAll ?? {}) as Readonly<Record<string, string>>;

type TagRule = Extract<Rule, { readonly by: "tags" }>;

/** Where two resources are asked for in the same way. */
const placeOf = ({ region, profile = "" }: Interrupted): string => `${profile} ${region}`;

class Look {
  /** Tagged resources by place and narrowing tags: asked once for all that is looked for there. */
  private readonly lists = new Map<string, Promise<ResourceTagMapping[]>>();

  constructor(
    private readonly access: Access,
    private readonly known: Known,
  ) {}

  private at({ region, profile }: Interrupted): Access & { readonly region: string; readonly profile?: string } {
    return { maxAttempts: 5, ...this.access, region, ...(profile ? { profile } : {}) };
  }

  private list(of: Interrupted): Promise<ResourceTagMapping[]> {
    const tags = tagsOf(of.inputs);
    const filters = narrowing.flatMap((Key) => (tags[Key] === undefined ? [] : [{ Key, Values: [tags[Key]] }]));
    const key = `${placeOf(of)} ${JSON.stringify(filters)}`;
    const listed = this.lists.get(key) ?? this.read(of, filters);
    this.lists.set(key, listed);
    return listed;
  }

  private async read(of: Interrupted, TagFilters: { Key: string; Values: string[] }[]): Promise<ResourceTagMapping[]> {
    const client = new ResourceGroupsTaggingAPIClient(this.at(of));
    const all: ResourceTagMapping[] = [];
    for await (const page of paginateGetResources({ client }, { TagFilters }))
      all.push(...(page.ResourceTagMappingList ?? []));
    return all;
  }

  /**
   * EC2's resources that have the same name, asked of EC2 itself: the tagging API hears of what was just made minutes later,
   * and a model whose instance was missed would trade twice.
   */
  private async named(of: Interrupted): Promise<ResourceTagMapping[]> {
    const client = new EC2Client(this.at(of));
    const read = async (...Filters: { Name: string; Values: string[] }[]) => {
      const all: TagDescription[] = [];
      for await (const page of paginateDescribeTags({ client }, { Filters })) all.push(...(page.Tags ?? []));
      return all;
    };
    const { Name = "" } = tagsOf(of.inputs);
    const found = await read(
      { Name: "key", Values: ["Name"] },
      { Name: "value", Values: [Name.replace(/[\\*?]/g, "\\$&")] },
    );
    const ids = found.flatMap(({ ResourceId }) => ResourceId ?? []);
    const tags = ids.length > 0 ? await read({ Name: "resource-id", Values: ids }) : [];
    return found.map(({ ResourceId = "", ResourceType = "" }) => ({
      ResourceARN: `arn:aws:ec2:${of.region}::${ResourceType}/${ResourceId}`,
      Tags: tags.filter((tag) => tag.ResourceId === ResourceId).map(({ Key, Value }) => ({ Key, Value })),
    }));
  }

  /** Ids of tagged resources that the state does not hold and that could be this one. */
  async byTags(of: Interrupted, { service, id }: TagRule): Promise<string[]> {
    const wanted = Object.entries(tagsOf(of.inputs));
    const isNamed = service === "ec2" && tagsOf(of.inputs).Name !== undefined;
    const place = globalServices.has(service) ? { ...of, region: "us-east-1" } : of;
    const alike = (await (isNamed ? this.named(of) : this.list(place))).filter(({ Tags = [] }) =>
      wanted.every(([key, value]) => Tags.some(({ Key, Value }) => Key === key && Value === value)),
    );
    return alike.flatMap(({ ResourceARN: arn = "" }) => {
      const found = id(arn, of.inputs);
      return found === undefined || this.known.ids.has(found) || this.known.ids.has(arn) ? [] : [found];
    });
  }

  byContent(of: Interrupted, what: keyof typeof contents): Promise<string[]> {
    if (what === "group rule") return this.groupRules(of);
    return what === "launch template" ? this.launchTemplates(of) : this.eventTargets(of);
  }

  private async eventTargets(of: Interrupted): Promise<string[]> {
    const { rule: Rule, eventBusName: EventBusName = "default", arn } = of.inputs as Readonly<Record<string, string>>;
    const { Targets = [] } = await new EventBridgeClient(this.at(of)).send(
      new ListTargetsByRuleCommand({ Rule, EventBusName }),
    );
    return Targets.filter(({ Id, Arn }) => Arn === arn && !this.known.ids.has(`${Rule}-${Id}`)).map(
      ({ Id }) => `${EventBusName}/${Rule}/${Id}`,
    );
  }

  private async groupRules(of: Interrupted): Promise<string[]> {
    const group = String(of.inputs.securityGroupId);
    const { SecurityGroupRules = [] } = await new EC2Client(this.at(of)).send(
      new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: "group-id", Values: [group] }] }),
    );
    const egress = of.type.includes("Egress");
    return SecurityGroupRules.filter((rule) => rule.IsEgress === egress && sameRule(rule, of.inputs)).flatMap(
      ({ SecurityGroupRuleId: id = "" }) => (this.known.ids.has(id) ? [] : [id]),
    );
  }

  private async launchTemplates(of: Interrupted): Promise<string[]> {
    const { LaunchTemplates = [] } = await new EC2Client(this.at(of)).send(
      new DescribeLaunchTemplatesCommand({
        Filters: [{ Name: "launch-template-name", Values: [String(of.inputs.name)] }],
      }),
    );
    return LaunchTemplates.flatMap(({ LaunchTemplateId: id = "" }) => (this.known.ids.has(id) ? [] : [id]));
  }
}

/** What a search by content is told as. */
const contents = {
  "group rule": "ports and source",
  "launch template": "name",
  "event target": "rule and target",
} as const;

/** Whether a rule that is there lets through what the inputs ask for. */
function sameRule(rule: SecurityGroupRule, inputs: Inputs): boolean {
  const everything = inputs.ipProtocol === "-1";
  return (
    rule.IpProtocol === inputs.ipProtocol &&
    (everything || (rule.FromPort === inputs.fromPort && rule.ToPort === inputs.toPort)) &&
    rule.CidrIpv4 === inputs.cidrIpv4 &&
    rule.CidrIpv6 === inputs.cidrIpv6 &&
    rule.PrefixListId === inputs.prefixListId &&
    rule.ReferencedGroupInfo?.GroupId === inputs.referencedSecurityGroupId
  );
}

function judged(of: Interrupted, found: readonly string[], by: string): Fate {
  const [id, ...others] = found;
  if (id === undefined) return { of, kind: "make again", why: `nothing is found by its ${by}` };
  if (others.length === 0) return { of, kind: "take over", id, by };
  return { of, kind: "look first", why: `${found.length} could be it: ${found.join(", ")}` };
}

async function fate(of: Interrupted, look: Look): Promise<Fate> {
  const rule = ruleOf(of.type);
  if (rule === undefined) return { of, kind: "look first", why: "how it is known again is not written down" };
  if (rule === "make again") return { of, kind: "make again", why: "a second request changes nothing" };
  if (rule.by === "name") {
    const id = rule.id(of.inputs);
    return id === undefined
      ? { of, kind: "look first", why: "its inputs do not name it" }
      : { of, kind: "take over", id, by: "name" };
  }
  if (rule.by === "tags") {
    if (Object.keys(tagsOf(of.inputs)).length === 0)
      return { of, kind: "look first", why: "it has no tags to find it by" };
    return judged(of, await look.byTags(of, rule), "tags");
  }
  return judged(of, await look.byContent(of, rule.of), contents[rule.of]);
}

/** What became of each; one after the other, for they share few lists. */
export async function fates(interrupted: readonly Interrupted[], known: Known, access: Access): Promise<Fate[]> {
  const look = new Look(access, known);
  const all: Fate[] = [];
  for (const one of interrupted) all.push(besideAnother(await fate(one, look), known));
  return onceEach(all);
}

/**
 * A later run may have made the resource once more, or it was being replaced: what the state holds is not exchanged for what
 * the interrupted request made.
 */
function besideAnother(one: Fate, { urns, ids }: Known): Fate {
  if (one.kind !== "take over" || !urns.has(one.of.urn)) return one;
  if (ids.has(one.id)) return { of: one.of, kind: "make again", why: "the state holds it already" };
  const why = `the state holds another one; if ${one.id} is there, nothing uses it: remove it`;
  return { of: one.of, kind: "look first", why };
}

/** An id that two resources would take is neither's. */
function onceEach(all: readonly Fate[]): Fate[] {
  const takers = new Map<string, number>();
  for (const one of all) {
    if (one.kind === "take over")
      takers.set(`${one.of.type} ${one.id}`, (takers.get(`${one.of.type} ${one.id}`) ?? 0) + 1);
  }
  return all.map((one) =>
    one.kind === "take over" && (takers.get(`${one.of.type} ${one.id}`) ?? 0) > 1
      ? { of: one.of, kind: "look first", why: `${one.id} could be another interrupted one as well` }
      : one,
  );
}
