import type { Inputs } from "../../recover/ids";
import type { StackState } from "../../recover/state";

export const urnOf = (type: string, name: string) => `urn:pulumi:prod::trading-platform::${type}::${name}`;
export const vpcType = "aws:ec2/vpc:Vpc";
export const subnetType = "aws:ec2/subnet:Subnet";
export const providerUrn = urnOf("pulumi:providers:aws", "default");
const provider = {
  urn: providerUrn,
  type: "pulumi:providers:aws",
  id: "p1",
  inputs: { region: "eu-west-1", profile: "live" },
};

export const resource = (type: string, name: string, fields: object = {}) => ({
  urn: urnOf(type, name),
  type,
  ...fields,
});

/** A state with these resources, and these under way. */
export function stateWith(resources: object[], pending: { type: string; resource: object }[]): StackState {
  return { version: 3, deployment: { resources: [provider, ...resources], pending_operations: pending } } as StackState;
}

export const creating = (type: string, name: string, inputs: Inputs = {}, fields: object = {}) => ({
  type: "creating",
  resource: resource(type, name, { inputs, ...fields }),
});
