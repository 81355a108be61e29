/** Plans made by hand: resources of a stack `dev`, without a component above them. */
import type { Plan, PlannedResource } from "../../../plan/json";

/** A resource; `from` says which resource each of its properties comes from. */
export function resource(
  type: string,
  name: string,
  inputs: Record<string, unknown> = {},
  from: Record<string, Pick<PlannedResource, "urn">> = {},
): PlannedResource {
  const propertyDependencies = Object.fromEntries(Object.entries(from).map(([property, { urn }]) => [property, [urn]]));
  return {
    urn: `urn:pulumi:dev::p::${type}::${name}`,
    type,
    name,
    parent: null,
    custom: true,
    remote: false,
    protect: false,
    retainOnDelete: false,
    inputs,
    dependencies: Object.values(propertyDependencies).flat(),
    propertyDependencies,
  };
}

/** A plan of these resources and nothing else. */
export function planOf(resources: readonly PlannedResource[], more: Partial<Plan> = {}): Plan {
  return {
    schemaVersion: 1,
    project: "p",
    stack: "dev",
    stage: "dev",
    resources: [...resources],
    outputs: {},
    models: { accepted: [], rejected: [] },
    policy: { violations: [], evaluated: 0 },
    cost: { currency: "USD", monthly: 0, lines: [], unpriced: [] },
    warnings: [],
    ...more,
  };
}
