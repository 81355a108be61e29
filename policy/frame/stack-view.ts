import type { PolicyResource } from "@pulumi/policy";
import type { StackResource, StackView } from "./policy";

/** Pulumi's resources as stack rules read them, indexed by type and by who refers to whom. */
export function stackView(given: readonly PolicyResource[]): StackView {
  const byType = new Map<string, StackResource[]>();
  const byUrn = new Map<string, StackResource>();
  const resources: StackResource[] = [];
  const view = (resource: PolicyResource): StackResource => {
    const known = byUrn.get(resource.urn);
    if (known) return known;
    const made: StackResource = {
      urn: resource.urn,
      type: resource.type,
      name: resource.name,
      props: resource.props,
      protect: resource.opts.protect,
      get parent() {
        return resource.parent && view(resource.parent);
      },
      get dependencies() {
        return resource.dependencies.map(view);
      },
      get propertyDependencies() {
        const entries = Object.entries(resource.propertyDependencies);
        return Object.fromEntries(entries.map(([property, targets]) => [property, targets.map(view)]));
      },
    };
    byUrn.set(resource.urn, made);
    return made;
  };
  for (const resource of given) {
    const made = view(resource);
    resources.push(made);
    const list = byType.get(resource.type);
    if (list) list.push(made);
    else byType.set(resource.type, [made]);
  }

  let links: Map<string, { from: StackResource; property: string }[]> | undefined;
  const linksTo = (urn: string) => {
    if (!links) {
      links = new Map();
      for (const resource of given) {
        for (const [property, targets] of Object.entries(resource.propertyDependencies)) {
          for (const target of targets) {
            const list = links.get(target.urn) ?? [];
            list.push({ from: view(resource), property });
            links.set(target.urn, list);
          }
        }
      }
    }
    return links.get(urn) ?? [];
  };

  return {
    resources,
    ofType: (...types) => types.flatMap((type) => byType.get(type) ?? []) as never,
    referrers: (target, type, property) => {
      const types = typeof type === "string" ? [type] : type;
      const found = linksTo(target.urn)
        .filter((link) => types.includes(link.from.type) && (property === undefined || link.property === property))
        .map(({ from }) => from);
      return [...new Set(found)] as never;
    },
  };
}
